"""Slinging formulas: the part of `gt sling` that is needed only for them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gastown_tui.core.errors import NotFound
from gastown_tui.core.model.formula import Proto
from gastown_tui.core.model.ids import BEAD_ID, shown
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import dispatch
from gastown_tui.core.rules import formula_sling as rule
from gastown_tui.core.rules.formula_vars import check_known, parse_values
from gastown_tui.core.verbs.cookbook import Cookbook
from gastown_tui.core.verbs.work import Slung, draw, ledgers_to_lock, performed, told


def proto_meant(hands: Hands, request: dispatch.Request, word: str, on: str, var: Sequence[str]) -> Proto | None:
    """The formula a word names, cooked; None when it may be the id of a bead that is not there."""
    town = hands.ledger.read()
    book = Cookbook(hands, ledger=town.ledger_of(on) if on else rule.ledger_for(town, request))
    if on or var or book.knows(word):
        values = parse_values(var)
        proto = book.proto(word, values)[0]
        check_known(values, proto)
        return proto
    if not BEAD_ID.fullmatch(word):
        raise NotFound(f"there is no bead {shown(word)}", hint="bd ready lists what could be slung")
    return None


def sling_formula(
    hands: Hands, request: dispatch.Request, proto: Proto, on: str, var: Sequence[str], *, dry_run: bool
) -> Slung:
    """Pour a formula and sling it, in one transaction."""
    town = hands.ledger.read()
    wish = rule.FormulaSling(
        proto=proto,
        given=parse_values(var),
        on=on,
        request=msgspec.structs.replace(request, bead_ids=(on,) if on else ()),
        nonce=hands.mint.nonce(),
    )
    draws = draw(hands, 1)
    if dry_run:
        facts = [entry.fact for entry in rule.sling_formula(town, wish, draws)]
        return Slung(beads=told(town, wish.request, facts, {}, is_dry=True))
    ledgers = ledgers_to_lock(town, wish.request) if on else tuple(dict.fromkeys(("", rule.ledger_for(town, request))))
    return performed(hands, wish.request, lambda now: rule.sling_formula(now, wish, draws), ledgers)
