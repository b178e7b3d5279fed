"""Molecules under way: how far each is, who has it, whether it moves, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import Address, BeadId, natural
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import moment
from gastown_tui.core.model.town import Hook
from gastown_tui.core.rules import hooks
from gastown_tui.core.rules.exits import Exit
from gastown_tui.core.rules.health import Health, Seen, judge
from gastown_tui.core.rules.molecules import Anatomy, attached, root_of, roots
from gastown_tui.core.rules.progress import tracked_ids
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.molecule_steps import StepWords, gate_words, gates_of, halted, words_of
from gastown_tui.core.views.tones import Tone

DONE_SHOWN = timedelta(days=1)
"""How long a molecule that is done stays in the list."""

LOOKS: dict[str, tuple[int, str, Tone]] = {
    "asks": (0, "?", Tone.WARM),
    "failed": (1, "✗", Tone.WARM),
    "stuck": (1, "!", Tone.WARM),
    "at a gate": (2, "◇", Tone.AMBER),
    "stale": (3, "◐", Tone.AMBER),
    "moving": (4, "●", Tone.GOOD),
    "blocked": (5, "●", Tone.AMBER),
    "waiting": (6, "○", Tone.DIM),
    "complete": (7, "✓", Tone.GOOD),
    "empty": (8, "·", Tone.DIM),
    "wisp": (8, "≈", Tone.DIM),
    "done": (9, "✓", Tone.DIM),
}
"""Every state with its place in the list, its glyph and its tone. `failed`: its worker handed it to a person;
`waiting`: nobody has it; `complete`: every step is done, it is still open; `wisp`: a passing one, its steps as text."""


class MoleculeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One molecule."""

    molecule_id: BeadId
    title: str
    formula: str
    done: int
    total: int
    state: str
    """One of `LOOKS`."""
    glyph: str
    tone: Tone
    agent: str
    """Who has it; empty when nobody does."""
    age: str
    """Since something last happened in it."""
    waits_for: str = ""
    """The gate it stands at."""
    is_wisp: bool = False

    @property
    def key(self) -> str:
        """Its id."""
        return self.molecule_id


class Holders:
    """Who has what, read once for many molecules."""

    def __init__(self, town: Town, seen: Seen, ages: Ages) -> None:
        self._town = town
        self._seen = seen
        self._ages = ages
        self._hooks: Mapping[str, Hook] = {hook.bead_id: hook for hook in town.hooks().values()} if town.is_town else {}
        self._sessions = {agent.incarnation: agent.address for agent in town.agents() if agent.incarnation}
        self._assignments = {_assignment(session): address for session, address in self._sessions.items()}
        self._assignments |= {hook.assignment_id: hook.agent for hook in self._hooks.values()}

    def of(self, *bead_ids: str) -> str:
        """Whoever has one of these on the hook; empty when nobody does."""
        return next((self._hooks[each].agent for each in bead_ids if each in self._hooks), "")

    def of_session(self, incarnation: str) -> str:
        """Whose session that was: known of everybody's last one, and of all for what still hangs on a hook."""
        return self._sessions.get(incarnation, "") or self._assignments.get(_assignment(incarnation), "")

    def health(self, address: str) -> Health | None:
        """How somebody fares; None for whoever is no agent of the town."""
        agent = self._town.agent(Address(address)) if address and self._town.is_town else None
        return None if agent is None else judge(self._town, agent, self._seen, self._ages.now).state


def _assignment(incarnation: str) -> str:
    """The assignment a session was started for; sessions are called by it and a few random letters."""
    return incarnation.rpartition("_")[0]


def board(town: Town, holders: Holders, ages: Ages) -> tuple[MoleculeRow, ...]:
    """Every molecule and wisp that is open, and those done within a day: who needs a person first, then what moves."""
    rows = [molecule_row(town, root, holders, ages) for root in roots(town) if _is_shown(root, ages)]
    rows.sort(key=lambda row: (LOOKS[row.state][0], natural(row.molecule_id)))
    return tuple(rows)


def _is_shown(root: Bead, ages: Ages) -> bool:
    if not root.is_closed:
        return True
    closed = moment(root.closed_at)
    return closed is not None and ages.now - closed < DONE_SHOWN


def molecule_row(
    town: Town, root: Bead, holders: Holders, ages: Ages, read: tuple[Anatomy, StepWords] | None = None
) -> MoleculeRow:
    """One molecule; `read` is what was found out about its steps already."""
    anatomy, words = read or _read(town, root)
    done = sum(word in {"done", "skipped", "failed"} for word in words.values())
    moved = max([root.updated_at, *(step.updated_at for step in anatomy.steps.values())])
    agent = holder_of(root, anatomy, words, holders)
    state, waits_for = _state(town, root, anatomy, words, _Moves(holders.health(agent), agent, moved), ages)
    _rank, glyph, tone = LOOKS[state]
    formula = root.source_formula or root.setting("formula")
    named = formula if isinstance(formula, str) else ""
    return MoleculeRow(
        molecule_id=root.id,
        title=one_line(root.title).removeprefix(f"{named}: "),
        formula=named,
        done=done,
        total=len(words),
        state=state,
        glyph=glyph,
        tone=Tone.WARM if waits_for.startswith("a person") else tone,
        agent=agent,
        age=ages.text(root.closed_at if root.is_closed else moved),
        waits_for=waits_for,
        is_wisp=bool(root.ephemeral),
    )


def _read(town: Town, root: Bead) -> tuple[Anatomy, StepWords]:
    anatomy = Anatomy(town, root)
    return anatomy, words_of(town, anatomy)


def holder_of(root: Bead, anatomy: Anatomy, words: StepWords, holders: Holders) -> str:
    """Who has a molecule: by the hook it, what it was poured onto or a step of it hangs on, else whose it is."""
    running = [each for each, word in words.items() if word in {"running", "stopped"}]
    hung = holders.of(root.id, *filter(None, [parent_of(root)]), *running)
    named = (anatomy.steps[each].assignee or "" for each in running)
    return hung or next(filter(None, named), "") or root.assignee or ""


class _Moves(msgspec.Struct, frozen=True):
    """Signs of life."""

    health: Health | None
    agent: str
    moved: str


def _state(town: Town, root: Bead, anatomy: Anatomy, words: StepWords, moves: _Moves, ages: Ages) -> tuple[str, str]:
    """A molecule's state, and the gate it stands at."""
    found = set(words.values())
    if root.is_closed:
        return "done", ""
    if not words:
        return ("wisp" if root.ephemeral else "empty"), ""
    if found <= {"done", "skipped", "failed"}:
        return "complete", ""
    if (let_go := halted(town, root)) is not None:
        return ("failed" if hooks.exit_of(town, let_go.id) == Exit.ESCALATE else "blocked"), ""
    if moves.health is Health.ASKING:
        return "asks", ""
    if moves.health in {Health.STUCK, Health.CRASHED}:
        return "stuck", ""
    if "running" not in found and "ready" not in found:
        gates = [gate for each, word in words.items() if word == "gate" for gate in gates_of(town, anatomy.steps[each])]
        if not gates:
            return "blocked", ""
        return "at a gate", gate_words(gates[0])
    if "running" not in found and not moves.agent:
        return "waiting", ""
    return ("moving" if moves.health in {Health.WORKING, Health.SPAWNING} else _by_age(town, moves.moved, ages)), ""


def _by_age(town: Town, moved: str, ages: Ages) -> str:
    at, settings = moment(moved), town.settings.convoys
    age_s = (ages.now - at).total_seconds() if at is not None else float("inf")
    return "moving" if age_s < settings.active_s else "stale" if age_s < settings.stale_s else "stuck"


def molecule_meant(town: Town, bead_ids: Iterable[str]) -> BeadId | None:
    """The molecule one of these beads is, carries or is part of; of a convoy, one of those it tracks."""
    for each in bead_ids:
        bead = town.find(each)
        found = None if bead is None else attached(town, bead) or root_of(town, bead)
        if found is not None:
            return found.id
        if bead is not None and bead.kind == "convoy" and (tracked := molecule_meant(town, tracked_ids(bead))):
            return tracked
    return None
