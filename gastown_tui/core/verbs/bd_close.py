"""Closing beads, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from msgspec import UNSET

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules.advancing import molecule_of
from gastown_tui.core.rules.edges import open_blockers
from gastown_tui.core.rules.molecules import is_root, next_steps, worklist
from gastown_tui.core.rules.ready_order import Compat
from gastown_tui.core.verbs.beads import Acted, act_on, generation, ledgers_for, several
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json, bead_text


class Closed(Receipt, kw_only=True, frozen=True):
    """Beads that were closed, and what that leads to."""

    acted: Acted
    reasons: Mapping[BeadId, str]
    unblocked: tuple[Bead, ...] = ()
    suggests: bool = False
    advance: dict[str, Any] | None = None
    claimed: Bead | None = None
    landed: tuple[BeadId, ...] = ()
    """Convoys that are finished with them."""

    def text(self) -> str:
        """A line each, then what is next."""
        lines = [f"✓ Closed {bead.id}: {one_line(self.reasons[bead.id])}" for bead in self.acted.beads]
        if self.unblocked:
            lines += ["", "Newly unblocked:"]
            lines += [f'  • {bead.id} "{bead_text.title(bead)}" (P{bead.priority})' for bead in self.unblocked]
        if self.advance is not None:
            lines += self._advanced(self.advance)
        if self.claimed is not None:
            lines += ["", f"✓ Claimed {self.claimed.id}: {bead_text.title(self.claimed)}"]
        lines += [f"✓ Convoy {each} landed: everything it tracks is closed" for each in self.landed]
        return "\n".join(lines)

    def _advanced(self, told: dict[str, Any]) -> list[str]:
        if told["molecule_complete"]:
            return ["", f"✓ Molecule {told.get('molecule_id', '')} complete: all steps are closed"]
        step = told.get("next_step")
        if step is None:
            return ["", "No step is ready yet"]
        word = "→ Now in progress" if told["auto_advanced"] else "→ Next"
        return ["", f"{word}: {step['id']} {step['title']}"]

    def data(self) -> Any:
        """An array; an object when more was asked for."""
        closed = [bead_json.issue(bead) for bead in self.acted.beads]
        if self.advance is not None:
            return {"closed": closed, "continue": self.advance}
        if self.claimed is not None:
            return {"closed": closed, "claimed": bead_json.issue(self.claimed)}
        if self.suggests and self.unblocked:
            return {"closed": closed, "unblocked": [bead_json.issue(bead) for bead in self.unblocked]}
        return closed if closed else UNSET

    def warnings(self) -> tuple[str, ...]:
        """What was not closed, and why."""
        return self.acted.complaints

    def code(self) -> int:
        """4 when some were refused."""
        return 4 if self.acted.failed else 0


@verb("bd close", group="beads", needs=Needs.LEDGER, compact_errors=True)
def close(
    hands: Hands,
    ids: Annotated[
        tuple[str, ...], Arg("Beads; without any, the one you changed last", metavar="ID", suggest=Suggest.BEAD)
    ] = (),
    *,
    reason: Annotated[
        tuple[str, ...],
        Arg(
            "Why; once for all, or once for each",
            flags=("--reason", "-r", "--resolution", "-m", "--message", "--comment"),
        ),
    ] = (),
    reason_file: Annotated[
        Path | None, Arg("A file that says why; - reads standard input", suggest=Suggest.PATH)
    ] = None,
    force: Annotated[bool, Arg("Even pinned or blocked ones", flags=("--force", "-f"))] = False,
    session: Annotated[str, Arg("The session that closes them")] = "",
    suggest_next: Annotated[bool, Arg("Name what this makes ready")] = False,
    continue_: Annotated[bool, Arg("Go on with the next step of the molecule", flags=("--continue",))] = False,
    claim_next: Annotated[bool, Arg("Take the next ready bead")] = False,
    no_auto: Annotated[bool, Arg("With --continue: name the next step, do not begin it")] = False,
) -> Receipt:
    """Close beads. Open blockers refuse it; a molecule closes with its last step."""
    if len(ids) > 1:
        for flag, given in (("--continue", continue_), ("--suggest-next", suggest_next)):
            if given:
                raise BadInput(f"{flag} only works when closing a single issue")
    told = session or hands.env.get("CLAUDE_SESSION_ID", "")
    town = hands.ledger.read()
    beads = [bead.id for bead in several(hands, town, ids)]
    why = dict(zip(beads, _reasons(hands, beads, reason, reason_file), strict=True))
    along, compat = set(beads), generation(hands)

    def rule(now: Town, bead: Bead) -> tuple[Entry, ...]:
        others = along - {bead.id}
        return rules.close(now, bead, reason=why[bead.id], force=force, session=told, along_with=others, compat=compat)

    acted = act_on(hands, ids, rule)
    receipt = Closed(acted=acted, reasons=why, suggests=suggest_next, landed=_landed(hands, acted))
    if continue_:
        return _with(receipt, advance=_advance(hands, acted, begin=not no_auto))
    if claim_next:
        return _with(receipt, claimed=_claim(hands))
    return _with(receipt, unblocked=tuple(_freed(acted, compat))) if suggest_next else receipt


def _reasons(hands: Hands, beads: list[BeadId], given: tuple[str, ...], file: Path | None) -> tuple[str, ...]:
    if file is not None:
        if given:
            raise BadInput("cannot specify both --reason and --reason-file")
        place = Path("/dev/stdin") if str(file) == "-" else hands.cwd / file
        given = (hands.files.read_text(place).strip(),)
    if len(beads) == 1:
        given = (" ".join(given),)
    if len(given) > 1 and len(given) != len(beads):
        raise BadInput(f"{len(given)} reasons for {len(beads)} beads", hint="give one for all, or one for each")
    each = given or ("",)
    return tuple(text or "Closed" for text in (each if len(each) == len(beads) else each * len(beads)))


def _landed(hands: Hands, acted: Acted) -> tuple[BeadId, ...]:
    if not acted.town.is_town or not acted.beads:
        return ()
    from gastown_tui.core.verbs.landing import land_finished

    return land_finished(hands, acted.town)


def _with(receipt: Closed, **changes: Any) -> Closed:
    from msgspec.structs import replace

    return replace(receipt, **changes)


def _claim(hands: Hands) -> Bead | None:
    from gastown_tui.core.verbs.bd_ready import ready_

    found = ready_(hands, claim=True)
    beads: tuple[Bead, ...] = getattr(found, "beads", ())
    return beads[0] if beads else None


def _freed(acted: Acted, compat: Compat) -> list[Bead]:
    """Beads a closed one blocked and nothing blocks now, most urgent first."""
    found: dict[BeadId, Bead] = {}
    for closed in acted.beads:
        for other, type_ in acted.town.dependents(closed.id):
            bead = acted.town.find(other)
            if type_ != "blocks" or bead is None or bead.state not in {"open", "in_progress"} or bead.pinned:
                continue
            if not open_blockers(acted.town, bead, compat):
                found[bead.id] = bead
    return sorted(found.values(), key=lambda bead: (bead.priority, bead.created_at, bead.id))


def _advance(hands: Hands, acted: Acted, *, begin: bool) -> dict[str, Any]:
    """What comes after a closed step: begun unless somebody was quicker."""
    closed = acted.beads[0]
    town = acted.town
    told: dict[str, Any] = {"closed_step": bead_json.issue(closed), "auto_advanced": False, "molecule_complete": False}
    root = molecule_of(town, closed) or _topmost(town, closed)
    if root is None:
        return told
    told["molecule_id"] = root.id
    told["molecule_complete"] = all(step.is_closed for step in worklist(town, root))
    for step in next_steps(town, root):
        if begin:
            try:
                step = _begin(hands, town, step, root)
            except (Conflict, Refused):
                continue
            told["auto_advanced"] = True
        return told | {"next_step": bead_json.issue(step)}
    return told


def _begin(hands: Hands, town: Town, step: Bead, root: Bead) -> Bead:
    def decide(now: Town) -> tuple[Entry, ...]:
        current = now.bead(step.id)
        if current.state != "open":
            raise Conflict(f"{step.id} was begun by somebody else")
        ledger = now.ledger_of(step.id)
        facts: list[e.Fact] = []
        if not current.assignee:
            facts.append(e.BeadAssigned(bead_id=step.id, assignee=hands.actor))
        facts.append(e.BeadStatusChanged(bead_id=step.id, from_status="open", to_status="in_progress"))
        if is_root(now, root):
            facts.append(e.MolStepStarted(mol_id=root.id, step_id=step.id))
        return tuple(Entry(fact, ledger) for fact in facts)

    recorded = hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers_for(town, [step]))
    return recorded.town.bead(step.id)


def _topmost(town: Town, bead: Bead) -> Bead | None:
    """What a step belongs to in the end, where that is no molecule."""
    root, seen = bead, {bead.id}
    while (above := parent_of(root)) is not None and above not in seen and (other := town.find(above)) is not None:
        root = other
        seen.add(above)
    return None if root.id == bead.id else root
