"""What the `bd` verbs share: where they act, how ids are read, how answers are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gastown_tui.core.errors import GastownError, NotFound
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.outline import Outline
from gastown_tui.core.ports import Hands, Recorded
from gastown_tui.core.verbs.declare import Receipt

if TYPE_CHECKING:
    from gastown_tui.core.rules.ready_order import Compat
    from gastown_tui.core.rules.several import Outcome


class Said(Receipt, kw_only=True, frozen=True):
    """An answer made of words, and of a value for JSON when there is one."""

    steps: tuple[str, ...] = ()
    """Lines about what is done on the way, before the answer."""
    plain: str = ""
    value: Any = msgspec.UNSET
    """Left unset: with --json, too, the words are printed."""
    complaints: tuple[str, ...] = ()
    exit_code: int = 0

    def text(self) -> str:
        """The words."""
        return "\n".join([*self.steps, self.plain] if self.plain else self.steps)

    def brief(self) -> str:
        """The answer alone."""
        return self.plain

    def data(self) -> Any:
        """The value."""
        return self.value

    def warnings(self) -> tuple[str, ...]:
        """For standard error."""
        return self.complaints

    def code(self) -> int:
        """0 unless the answer itself is no."""
        return self.exit_code


def local_now(hands: Hands) -> datetime:
    """The present in the time zone people here mean."""
    return hands.clock.now().astimezone()


def beads_here(hands: Hands, town: Town) -> list[Bead]:
    """Every bead of the ledger one stands in, tombstones too; in a town's own folder, of all its ledgers."""
    here = hands.ledger.here
    if here:
        return town.ledgers[here].beads.all()
    return [bead for state in town.ledgers.values() for bead in state.beads.all()]


def outlines_here(hands: Hands, town: Town) -> list[Outline]:
    """The same beads in outline."""
    here = hands.ledger.here
    if here:
        return town.ledgers[here].beads.outlines()
    return outlines_of(town)


def outlines_of(town: Town) -> list[Outline]:
    """Every bead of every ledger in outline."""
    found = [state.beads.outlines() for state in town.ledgers.values()]
    return found[0] if len(found) == 1 else [each for part in found for each in part]


def one(hands: Hands, town: Town, text: str) -> Bead:
    """The bead somebody means.

    Raises:
        NotFound: none.
        BadInput: several.
    """
    if (bead := town.find(text)) is not None:
        return bead
    from gastown_tui.core.rules.bead_ids import resolve

    return resolve(town, text, ledger=hands.ledger.here)


def last_touched(hands: Hands, town: Town) -> Bead:
    """The bead the actor changed last.

    Raises:
        NotFound: the actor changed none lately.
    """
    for event in reversed(hands.ledger.recent(500)):
        bead_id = getattr(event.fact, "bead_id", "")
        if event.actor == hands.actor and bead_id and (bead := town.find(bead_id)) is not None:
            return bead
    raise NotFound("no issue ID provided and no last touched issue", hint="name the bead")


def several(hands: Hands, town: Town, texts: Sequence[str]) -> list[Bead]:
    """The beads somebody means, each once; the last one touched when nothing is named.

    Raises:
        NotFound: one of them is not there; nothing is done then.
    """
    if not texts:
        return [last_touched(hands, town)]
    return list({(bead := one(hands, town, each)).id: bead for each in texts}.values())


def ledgers_for(town: Town, beads: Iterable[Bead | BeadId]) -> tuple[str, ...]:
    """The ledgers to lock for a change of beads: their own, and the town's, where hooks are serialised."""
    ids = (each.id if isinstance(each, Bead) else each for each in beads)
    return tuple(dict.fromkeys(["", *(town.ledger_of(each) for each in ids)]))


class Acted(msgspec.Struct, frozen=True):
    """Beads after an act on several of them, and what kept it from the rest."""

    beads: tuple[Bead, ...]
    before: tuple[Bead, ...]
    failed: tuple[GastownError, ...]
    town: Town

    @property
    def complaints(self) -> tuple[str, ...]:
        """What went wrong, for standard error."""
        return tuple(f"Error: {error.message}" for error in self.failed)


def act_on(
    hands: Hands, texts: Sequence[str], rule: Callable[[Town, Bead], Iterable[Entry]], further: Sequence[str] = ()
) -> Acted:
    """Do an act on each of the beads named, in one transaction.

    Args:
        hands: The hands.
        texts: Ids as typed.
        rule: What to record for one bead, decided under the lock.
        further: Ids of beads that the rule changes too.

    Raises:
        GastownError: a name fits no bead, or the act could be done on none of them.
    """
    from gastown_tui.core.rules.several import on_each

    town = hands.ledger.read()
    beads = several(hands, town, texts)
    ledgers = ledgers_for(town, [*beads, *(one(hands, town, each) for each in further if each)])
    outcomes: list[Outcome] = []
    was: list[Bead] = []

    def decide(now: Town) -> tuple[Entry, ...]:
        current = [now.bead(bead.id) for bead in beads]
        outcome = on_each(current, lambda bead: rule(now, bead))
        outcomes[:] = [outcome]
        was[:] = [bead for bead in current if bead.id in outcome.done]
        return outcome.entries

    recorded = hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers)
    after = tuple(recorded.town.bead(each) for each in outcomes[0].done)
    return Acted(after, tuple(was), outcomes[0].failed, recorded.town)


def record_here(hands: Hands, decide: Callable[[Town], Iterable[Entry]], *ledgers: str) -> Recorded:
    """Record in the ledger one stands in, and in further ones."""
    names = tuple(dict.fromkeys((hands.ledger.here, *ledgers)))
    return hands.ledger.record(lambda town: tuple(decide(town)), actor=hands.actor, ledgers=names)


def beads_dir(hands: Hands) -> Path:
    """The `.beads` directory of the ledger one stands in."""
    return hands.ledger.home / hands.ledger.here / ".beads"


def config(hands: Hands) -> dict[str, str]:
    """What `config.yaml` says."""
    from gastown_tui.core.rules.bead_config import read_config

    try:
        return read_config(hands.files.read_text(beads_dir(hands) / "config.yaml"))
    except NotFound:
        return {}


def generation(hands: Hands, given: str = "", settings: Mapping[str, str] | None = None) -> Compat:
    """Whose rules hold: as asked for, else by `BD_COMPAT`, else by `compat` in the configuration, else 0.49.

    Args:
        hands: The hands.
        given: What the command line said.
        settings: The configuration, where it was read already.
    """
    from gastown_tui.core.rules.ready_order import Compat, parse_compat

    said = given or hands.env.get("BD_COMPAT", "") or (config(hands) if settings is None else settings).get("compat")
    return parse_compat(said) if said else Compat.JSONL
