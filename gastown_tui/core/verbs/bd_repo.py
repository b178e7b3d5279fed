"""Other repositories whose beads are read along with one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, GastownError, NotFound
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.times import epoch_ns
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.bead_config import list_in_config, read_config, set_list_in_config
from gastown_tui.core.verbs.beads import Said, beads_dir
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_json

_KEY = "repos.additional"
Place = Annotated[str, Arg("A directory that holds a .beads", metavar="PATH", suggest=Suggest.PATH)]


@verb("bd repo add", group="beads", needs=Needs.LEDGER, compact_errors=True)
def add(hands: Hands, path: Place) -> Receipt:
    """Read the beads of another repository along with one's own, from the next `bd repo sync` on."""
    text = _text(hands)
    there = list_in_config(text, _KEY)
    if path in there:
        raise Conflict(f"repository {shown(path)} is there already")
    if not path.isprintable():
        raise BadInput(f"{shown(path)} is no path")
    if not hands.files.exists(_place(hands, path) / ".beads"):
        raise NotFound(f"{shown(path)} holds no .beads", hint="bd init there makes one")
    _write(hands, set_list_in_config(text, _KEY, [*there, path]))
    return Said(plain=f"✓ Added repository: {path}", value={"added": True, "path": path})


@verb("bd repo remove", group="beads", needs=Needs.LEDGER, compact_errors=True)
def remove(hands: Hands, path: Place) -> Receipt:
    """Read another repository no longer; beads taken up from it stay until they are deleted."""
    text = _text(hands)
    there = list_in_config(text, _KEY)
    if path not in there:
        raise NotFound(f"repository {shown(path)} is not there", hint=f"there: {', '.join(there) or 'none'}")
    _write(hands, set_list_in_config(text, _KEY, [each for each in there if each != path]))
    stay = sum(1 for bead in _ours(hands, hands.ledger.read()) if bead.source_system == path)
    more = f"\n  {stay} of its issues stay here; bd delete takes them away" if stay else ""
    return Said(plain=f"✓ Removed repository: {path}{more}", value={"removed": True, "path": path, "issues_deleted": 0})


@verb("bd repo list", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def list_(hands: Hands) -> Receipt:
    """List the repositories whose beads are read."""
    text = _text(hands)
    primary, further = read_config(text).get("repos.primary", "."), list_in_config(text, _KEY)
    lines = [f"Primary repository: {primary}"]
    lines += ["Additional repositories:", *(f"  - {each}" for each in further)] if further else []
    return Said(plain="\n".join(lines), value={"primary": primary, "additional": further})


@verb("bd repo sync", group="beads", needs=Needs.LEDGER, compact_errors=True)
def sync(hands: Hands) -> Receipt:
    """Take up what is new in the other repositories. Of two versions of a bead the one changed later stays."""
    taken: dict[str, int] = {}
    complaints: list[str] = []
    for path in list_in_config(_text(hands), _KEY):
        try:
            other = hands.elsewhere(_place(hands, path))
            found = [bead for bead in _ours(other, other.ledger.read()) if not bead.ephemeral]
        except GastownError as error:
            complaints.append(f"Warning: {shown(path)}: {error.message}")
            continue
        taken[path] = _take_up(hands, found, path)
    lines = [f"  {path}: {count} taken up" for path, count in taken.items()]
    plain = "\n".join(["✓ Multi-repo sync complete", *lines])
    return Said(plain=plain, value={"synced": True}, complaints=tuple(complaints), exit_code=1 if complaints else 0)


def _take_up(hands: Hands, found: list[Bead], path: str) -> int:
    counted: list[int] = []

    def decide(town: Town) -> tuple[Entry, ...]:
        state = town.ledgers[hands.ledger.here]
        entries: list[Entry] = []
        for bead in found:
            ours = state.beads.get(bead.id)
            is_newer = ours is None or (epoch_ns(bead.updated_at) or 0) > (epoch_ns(ours.updated_at) or 0)
            if is_newer and (ours is None or ours.status != "tombstone"):
                record = bead_json.exported(bead) | {"source_system": path}
                fact = e.BeadImported(bead_id=bead.id, line=msgspec.json.encode(record).decode())
                entries.append(Entry(fact, hands.ledger.here))
        counted[:] = [len(entries)]
        return tuple(entries)

    hands.ledger.record(decide, actor=hands.actor, ledgers=(hands.ledger.here,))
    return counted[0]


def _ours(hands: Hands, town: Town) -> list[Bead]:
    return town.ledgers[hands.ledger.here].beads.all()


def _place(hands: Hands, path: str) -> Path:
    home = hands.env.get("HOME", "")
    whole = f"{home}{path[1:]}" if path == "~" or path.startswith("~/") else path
    return hands.ledger.home / hands.ledger.here / whole


def _text(hands: Hands) -> str:
    try:
        return hands.files.read_text(beads_dir(hands) / "config.yaml")
    except NotFound:
        return ""


def _write(hands: Hands, text: str) -> None:
    hands.files.write_text(beads_dir(hands) / "config.yaml", text)
