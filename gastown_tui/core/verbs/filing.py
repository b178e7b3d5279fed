"""Recording new beads, and reading what they are made of; whoever files beads does it here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import TOWN_TYPES, TYPES, Bead
from gastown_tui.core.model.bead_line import DEEPEST, is_deep
from gastown_tui.core.model.git_config import user_setting
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import beads as rules
from gastown_tui.core.rules.bead_config import words_in
from gastown_tui.core.rules.bead_values import kind_meant, parse_kind


def file_bead(hands: Hands, ledger: str, wanted: rules.NewBead) -> Bead:
    """Record one new bead and return it."""
    return file_beads(hands, ledger, [wanted])[0]


def file_beads(hands: Hands, ledger: str, wanted: list[rules.NewBead]) -> list[Bead]:
    """Record new beads as one transaction; each sees those before it."""
    nonces = [hands.mint.nonce() for _ in wanted]
    filed: list[BeadId] = []

    def decide(town: Town) -> tuple[Entry, ...]:
        entries: list[Entry] = []
        filed.clear()
        taken: set[str] = set()
        for each, nonce in zip(wanted, nonces, strict=True):
            bead_id, more = rules.create(town, ledger, each, actor=hands.actor, nonce=nonce, taken=taken)
            taken.add(bead_id)
            filed.append(bead_id)
            entries += more
        return tuple(entries)

    parents = [each.parent for each in wanted if each.parent]
    town = hands.ledger.read()
    ledgers = (ledger, *(town.ledger_of(each) for each in parents if town.find(each) is not None))
    recorded = hands.ledger.record(decide, actor=hands.actor, ledgers=tuple(dict.fromkeys(ledgers)))
    return [recorded.town.bead(each) for each in filed]


def known_kind(hands: Hands, text: str, settings: Mapping[str, str]) -> str:
    """A type everybody knows, one the configuration adds, or one the ledger already has.

    Raises:
        BadInput: it is none of these.
    """
    kind = kind_meant(text)
    if kind in TYPES or kind in TOWN_TYPES:
        return kind
    state = hands.ledger.read().ledgers[hands.ledger.here]
    in_use = (kind,) if kind and state.beads.of_kind(kind) else ()
    return parse_kind(kind, (*words_in(settings, "types.custom"), *in_use))


def read_metadata(hands: Hands, text: str) -> Any:
    """A JSON object given as text or as `@file`; None for nothing.

    Raises:
        BadInput: it is not JSON.
    """
    if not text:
        return None
    if text.startswith("@"):
        try:
            text = hands.files.read_text(hands.cwd / text[1:])
        except NotFound as error:
            raise BadInput(f"failed to read metadata file {text[1:]}: {error.message}") from error
    if is_deep(text):
        raise BadInput(f"invalid JSON in --metadata: it nests deeper than {DEEPEST} levels")
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise BadInput("invalid JSON in --metadata: must be valid JSON", hint=str(error)) from error


def owner(hands: Hands) -> str:
    """The e-mail address of the person a new bead belongs to, as git knows it; empty when it does not."""
    if said := hands.env.get("GIT_AUTHOR_EMAIL"):
        return said
    home = Path(hands.env.get("HOME", "/nonexistent"))
    files = [home / ".config" / "git" / "config", home / ".gitconfig"]
    files += [each / ".git" / "config" for each in reversed((hands.cwd, *hands.cwd.parents))]
    found = ""
    for file in files:
        if hands.files.exists(file):
            found = user_setting(hands.files.read_text(file), "email") or found
    return found if found.isprintable() else ""
