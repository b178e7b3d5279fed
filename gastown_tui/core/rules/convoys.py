"""Convoys: beads that travel together, filed, changed and landed."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, NotFound, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import DEACON
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BEAD_ID, Address, BeadId, MailId, parse_bead_id, shown
from gastown_tui.core.model.text import one_line, with_article
from gastown_tui.core.model.times import age_text, moment, stamp
from gastown_tui.core.rules.progress import KIND, TRACKS, Card, convoy_card, is_finished, tracked_ids
from gastown_tui.core.rules.readiness import Standing, is_free

__all__ = [
    "NewConvoy", "add", "auto_convoy", "check_title", "close", "convoy_card", "convoy_id", "create", "find", "in_order",
    "is_tracked", "land", "landings", "notified", "read_words", "remove", "stranded", "trackable",
]  # fmt: skip

TITLE_LIMIT = 200
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_CHARS = 5
_LISTED = 10

# ---------------------------------------------------------------------------------------------- finding


def in_order(town: Town, *, closed: bool = False) -> list[Bead]:
    """Convoys as people number them: oldest first, so that a number keeps its convoy when another is added."""
    found = [convoy for convoy in town.convoys() if closed or not convoy.is_closed]
    return sorted(found, key=lambda convoy: (convoy.created_at, convoy.id))


def find(town: Town, text: str) -> Bead:
    """The convoy somebody means: by id, by the end of its id, by its number in the list, or by its exact title.

    Raises:
        NotFound: there is none.
        BadInput: the bead is no convoy, or several convoys match.
    """
    word = text.strip()
    if bead := town.find(word):
        if bead.kind != KIND:
            raise BadInput(
                f"{bead.id} is {with_article(bead.kind)}, not a convoy", hint="gt convoy list shows the convoys"
            )
        return bead
    rolling = in_order(town)
    if re.fullmatch(r"\d{1,4}", word) and 0 < int(word) <= len(rolling):
        return rolling[int(word) - 1]
    every = in_order(town, closed=True)
    found = [c for c in every if word and (c.id.endswith(f"-{word}") or c.title == word)]
    if len(found) > 1:
        raise BadInput(f"{len(found)} convoys match {shown(word)}", hint="say " + " or ".join(c.id for c in found))
    if not found:
        raise NotFound(f"there is no convoy {shown(word)}", hint="gt convoy list --all shows them all")
    return found[0]


def stranded(town: Town, now: datetime) -> list[tuple[Bead, tuple[Bead, ...]]]:
    """Open convoys with work that could begin at once and that nobody has taken up, and that work."""
    standing = Standing(town.beads())
    taken = {hook.bead_id for hook in town.hooks().values()} | {each.bead_id for each in town.dispatches()}
    found = []
    for convoy in in_order(town):
        beads = [bead for each in tracked_ids(convoy) if (bead := town.find(each)) is not None]
        free = tuple(bead for bead in beads if bead.id not in taken and is_free(bead, standing, now))
        if free:
            found.append((convoy, free))
    return found


# ---------------------------------------------------------------------------------------------- making


class NewConvoy(msgspec.Struct, frozen=True, kw_only=True):
    """A convoy as somebody asked for it."""

    words: tuple[str, ...]
    """A title and ids, or ids alone: the first bead then gives the title."""
    convoy_id: BeadId
    owner: str = ""
    notify: tuple[Address, ...] = ()
    from_epic: str = ""


def convoy_id(town: Town, nonce: int, taken: Collection[str] = frozenset()) -> BeadId:
    """A fresh id, `hq-cv-` and five characters, that neither the town nor `taken` has."""
    stem = f"{town.own.registers.prefix or town.settings.prefix}-cv-"
    while True:
        number, digits = nonce, ""
        for _ in range(_ID_CHARS):
            number, rest = divmod(number, 36)
            digits = _DIGITS[rest] + digits
        candidate = BeadId(stem + digits)
        if candidate not in town.own.beads and candidate not in taken:
            return candidate
        nonce += 7919


def create(town: Town, wish: NewConvoy) -> tuple[Entry, ...]:
    """File a convoy and track its beads.

    Raises:
        BadInput: no title, or a word that is no id.
        NotFound: a bead does not exist; all missing ones are named.
        Refused: a bead is itself a convoy.
    """
    title, named = read_words(town, wish.words)
    beads = trackable(town, (*named, *_leaves(town, wish.from_epic)))
    title = title or (town.bead(wish.from_epic).title if wish.from_epic else beads[0].title if beads else "")
    settings = {"notify": list(wish.notify), "epic": wish.from_epic}
    fields = {"owner": wish.owner, "metadata": {key: value for key, value in settings.items() if value}}
    fact = e.BeadCreated(
        bead_id=wish.convoy_id,
        title=check_title(title),
        issue_type=KIND,
        dependencies=tuple(e.Edge(depends_on_id=bead.id, dependency_type=TRACKS) for bead in beads),
        fields={key: value for key, value in fields.items() if value},
    )
    return (Entry(fact),)


def auto_convoy(town: Town, bead_id: str, *, convoy_id: BeadId, owner: str = "") -> tuple[Entry, ...]:
    """A convoy for a bead that is slung while no open convoy tracks it; nothing when one does."""
    if is_tracked(town, bead_id):
        return ()
    bead = town.bead(bead_id)
    fact = e.BeadCreated(
        bead_id=convoy_id,
        title=one_line(f"Work: {bead.title or bead.id}", TITLE_LIMIT),
        issue_type=KIND,
        dependencies=(e.Edge(depends_on_id=bead.id, dependency_type=TRACKS),),
        fields={"owner": owner} if owner else {},
    )
    return (Entry(fact),)


def is_tracked(town: Town, bead_id: str) -> bool:
    """Whether an open convoy tracks a bead."""
    edges = town.own.beads.dependents(BeadId(bead_id))
    candidates = (town.find(each) for each, kind in edges if kind == TRACKS)
    return any(bead is not None and bead.kind == KIND and not bead.is_closed for bead in candidates)


def read_words(town: Town, words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Tell the title from the ids: the first word is the title unless it names a bead or could only be an id."""
    if words and not _is_meant_as_id(town, words[0]):
        return words[0], tuple(words[1:])
    return "", tuple(words)


def trackable(town: Town, ids: Sequence[str]) -> tuple[Bead, ...]:
    """The beads of those ids, each once.

    Raises:
        BadInput: a word is no id at all.
        NotFound: some do not exist; the message names them all.
        Refused: one is a convoy.
    """
    for word in ids:
        if not BEAD_ID.fullmatch(word):
            raise BadInput(f"{shown(word)} is not a bead id", hint='a title of several words needs quotes: "Feature X"')
        parse_bead_id(word)
    beads = {word: town.find(word) for word in ids}
    if missing := [word for word, bead in beads.items() if bead is None]:
        named = ", ".join(missing[:_LISTED]) + (" …" if len(missing) > _LISTED else "")
        raise NotFound(f"there is no bead {named}", hint="bd list shows what there is")
    found = tuple(bead for bead in beads.values() if bead is not None)
    for bead in found:
        if bead.kind == KIND:
            raise Refused(f"{bead.id} is itself a convoy", hint="track the beads it tracks")
    return found


def check_title(title: str) -> str:
    """A title fit for one line.

    Raises:
        BadInput: it is empty, too long, or looks like an option.
    """
    clean = one_line(title)
    if not clean:
        raise BadInput("a convoy needs a title or at least one bead", hint='gt convoy create "Feature X" ID ...')
    if clean.startswith("-"):
        raise BadInput(f"{shown(clean)} looks like an option, not like a title")
    if len(clean) > TITLE_LIMIT:
        raise BadInput(f"the title is longer than {TITLE_LIMIT} characters")
    return clean


def _is_meant_as_id(town: Town, word: str) -> bool:
    if not BEAD_ID.fullmatch(word):
        return False
    return town.find(word) is not None or any(word.startswith(f"{prefix}-") for prefix in town.prefixes())


def _leaves(town: Town, epic: str) -> tuple[BeadId, ...]:
    """What an epic comes down to: its descendants by parent-child that have no children themselves."""
    if not epic:
        return ()
    leaves: dict[BeadId, None] = {}
    seen: set[BeadId] = set()
    front = [town.bead(epic).id]
    while front:
        bead_id = front.pop(0)
        children = [
            child for child, kind in town.dependents(bead_id) if kind == "parent-child" and town.find(child) is not None
        ]
        if bead_id in seen:
            continue
        seen.add(bead_id)
        if not children and bead_id != epic:
            leaves[bead_id] = None
        front += children
    if not leaves:
        raise Refused(f"{epic} has no children to track", hint=f"bd dep add CHILD {epic} makes a bead its child")
    return tuple(leaves)


# ---------------------------------------------------------------------------------------------- changing


def add(town: Town, convoy: Bead, ids: Sequence[str]) -> tuple[Entry, ...]:
    """Track more beads; what is tracked already stays as it is. A closed convoy rolls again.

    Raises:
        BadInput: nothing was named, or a word is no id.
        NotFound: a bead does not exist.
        Refused: a bead is itself a convoy.
    """
    if not ids:
        raise BadInput("which beads?", hint=f"gt convoy add {convoy.id} ID ...")
    fresh = [bead for bead in trackable(town, ids) if bead.id not in tracked_ids(convoy)]
    edges: list[Entry] = [
        Entry(e.DependencyAdded(bead_id=convoy.id, depends_on_id=bead.id, dependency_type=TRACKS)) for bead in fresh
    ]
    if edges and convoy.is_closed:
        edges.insert(0, Entry(e.BeadReopened(bead_id=convoy.id, reason="more to track")))
    return tuple(edges)


def remove(town: Town, convoy: Bead, ids: Sequence[str]) -> tuple[Entry, ...]:
    """Track beads no longer; ids that do not resolve can be taken out too.

    Raises:
        BadInput: nothing was named.
        NotFound: the convoy does not track one of them.
    """
    if not ids:
        raise BadInput("which beads?", hint=f"gt convoy remove {convoy.id} ID ...")
    edges = {edge.depends_on_id.rpartition(":")[2]: edge.depends_on_id for edge in convoy.needs if edge.type == TRACKS}
    if missing := [word for word in ids if word not in edges]:
        raise NotFound(f"{convoy.id} does not track {', '.join(map(shown, missing))}")
    return tuple(
        Entry(e.DependencyRemoved(bead_id=convoy.id, depends_on_id=edges[word])) for word in dict.fromkeys(ids)
    )


def close(town: Town, convoy: Bead, now: datetime, *, force: bool = False, reason: str = "") -> tuple[Entry, ...]:
    """Stop tracking: a finished convoy lands, an unfinished one closes only by force. Closed already is fine.

    Raises:
        Refused: something it tracks is not closed.
    """
    if convoy.is_closed:
        return ()
    card = convoy_card(town, convoy, now)
    if card.is_complete:
        return _landed(convoy, card, now, sender=DEACON)
    if not force:
        raise _unfinished(convoy, card)
    return (Entry(e.BeadClosed(bead_id=convoy.id, reason=reason or f"closed at {card.done} of {card.total}")),)


def land(
    town: Town, convoy: Bead, now: datetime, *, force: bool = False, sender: Address = DEACON
) -> tuple[Entry, ...]:
    """Land a convoy now and tell those who wait for it. Landed already is fine.

    Raises:
        Refused: something it tracks is not closed and `force` was not said.
    """
    if convoy.is_closed:
        return ()
    card = convoy_card(town, convoy, now)
    if not card.is_complete and not force:
        raise _unfinished(convoy, card)
    return _landed(convoy, card, now, sender=sender)


def landings(town: Town, now: datetime, *, sender: Address = DEACON) -> tuple[Entry, ...]:
    """Land every open convoy whose beads are all closed, and tell those who wait for it.

    An empty convoy never lands by itself, nor does one that tracks ids no ledger has.
    """
    entries: list[Entry] = []
    for convoy in in_order(town):
        if is_finished(town, convoy):
            entries += _landed(convoy, convoy_card(town, convoy, now), now, sender=sender)
    return tuple(entries)


def notified(convoy: Bead) -> tuple[Address, ...]:
    """Who is told when a convoy lands."""
    listed = convoy.setting("notify")
    return tuple(Address(each) for each in listed if isinstance(each, str)) if isinstance(listed, list) else ()


def _unfinished(convoy: Bead, card: Card) -> Refused:
    left = [each.id for each in card.tracked if not each.is_done]
    if not left:
        return Refused(f"{convoy.id} tracks nothing", hint="--force closes it all the same")
    named = ", ".join(left[:_LISTED]) + (" …" if len(left) > _LISTED else "")
    return Refused(
        f"{convoy.id} is at {card.done} of {card.total}: {named} not closed", hint="--force does it all the same"
    )


def _landed(convoy: Bead, card: Card, now: datetime, *, sender: Address) -> tuple[Entry, ...]:
    landed = Entry(e.ConvoyLanded(convoy_id=convoy.id, forced=not card.is_complete))
    if not (told := notified(convoy)):
        return (landed,)
    mail_id = MailId("msg-" + sha256(f"{convoy.id} landed {stamp(now)}".encode()).hexdigest()[:8])
    mail = e.MailSent(
        message_id=mail_id,
        sender=sender,
        to=told,
        subject=one_line(f"Convoy landed: {convoy.title}", TITLE_LIMIT),
        body=_report(convoy, card, now),
        thread_id=mail_id,
        bead_id=convoy.id,
    )
    return (landed, Entry(mail))


def _report(convoy: Bead, card: Card, now: datetime) -> str:
    filed = moment(convoy.created_at)
    took = f", {age_text(now - filed)} after it was made" if filed else ""
    lines = [f"{convoy.id}: {card.done} of {card.total} closed{took}.", ""]
    lines += [f"{each.id}  {one_line(each.title, 80)}  {each.status}" for each in card.tracked]
    return "\n".join(lines)
