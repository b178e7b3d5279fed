"""What a form or a command line offers for a parameter: real ids with a word about each."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER
from gastown_tui.core.model.bead import TOWN_TYPES
from gastown_tui.core.views.feed import short

LIMIT = 200
"""More than anybody scrolls through; typing narrows it."""


class Suggestion(msgspec.Struct, frozen=True):
    """One value and what it is."""

    value: str
    about: str = ""


def suggestions(town: Town, kind: str, typed: str = "") -> tuple[Suggestion, ...]:
    """Values of a kind (`verbs.declare.Suggest`) that what was typed narrows down to, likeliest first."""
    makers = {
        "bead": _beads,
        "ready bead": _slingable,
        "convoy": _convoys,
        "agent": _agents,
        "rig": _rigs,
        "sling target": _targets,
        "mail": _mail,
        "merge request": _merges,
    }
    maker = makers.get(kind)
    if maker is None:
        return ()
    words = typed.lower().split()
    found = [each for each in maker(town) if all(word in f"{each.value} {each.about}".lower() for word in words)]
    found.sort(key=lambda each: not each.value.lower().startswith(typed.lower()))
    return tuple(found[:LIMIT])


def _beads(town: Town) -> Iterable[Suggestion]:
    living = [bead for bead in town.beads() if not bead.is_closed and bead.kind not in TOWN_TYPES]
    living.sort(key=lambda bead: (bead.priority, bead.created_at))
    return (Suggestion(bead.id, f"{bead.state} · {bead.title}") for bead in living)


def _slingable(town: Town) -> Iterable[Suggestion]:
    return (each for each in _beads(town) if each.about.startswith("open "))


def _convoys(town: Town) -> Iterable[Suggestion]:
    return (Suggestion(bead.id, bead.title) for bead in town.convoys() if not bead.is_closed)


def _agents(town: Town) -> Iterable[Suggestion]:
    return (Suggestion(agent.address, agent.state) for agent in town.agents() if agent.address != OVERSEER)


def _rigs(town: Town) -> Iterable[Suggestion]:
    for name, rig in town.rigs().items():
        yield Suggestion(name, f"rig of {rig.prefix}- beads" + (f" · paused: {rig.paused}" if rig.paused else ""))


def _targets(town: Town) -> Iterable[Suggestion]:
    hooks = town.hooks()
    yield from _rigs(town)
    for agent in town.agents():
        if agent.address != OVERSEER:
            hook = hooks.get(agent.address)
            yield Suggestion(agent.address, f"has {hook.bead_id}" if hook else "free")


def _mail(town: Town) -> Iterable[Suggestion]:
    mails = sorted(town.own.mail.values(), key=lambda mail: mail.timestamp, reverse=True)
    return (Suggestion(mail.id, f"{short(mail.sender)}: {mail.subject}") for mail in mails)


def _merges(town: Town) -> Iterable[Suggestion]:
    return (Suggestion(merge.id, f"{merge.bead_id} {merge.state}") for merge in town.merges() if merge.is_open)
