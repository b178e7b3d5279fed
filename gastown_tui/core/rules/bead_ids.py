"""From what people type to the bead they mean, and the ids of new beads (reference/bd-cli.md section 5)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable
from itertools import islice
from math import exp
from zlib import crc32

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.fold import LedgerState, Town
from gastown_tui.core.model.bead import Bead, prefix_of
from gastown_tui.core.model.ids import BeadId, parse_prefix

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SPREAD = 0x9E3779B97F4A7C15
"""An odd number that spreads neighbouring ones over 64 bits."""
_COLLISION_LIMIT = 0.25
_NONCES_PER_LENGTH = 10
_HAS_PREFIX = r"[a-z0-9]{1,8}-."
_SPELLED = r"[A-Za-z0-9._]+-[A-Za-z0-9._-]+"
_CHILD = r"\.\d+$"
MAX_DEPTH = 3
"""Dots an id may have unless `hierarchy.max-depth` says otherwise."""
_LISTED = 10


def resolve(town: Town, text: str, *, ledger: str = "") -> Bead:
    """The one living bead somebody means.

    Args:
        town: Where to look: everywhere for a whole id, in one ledger for a part of one.
        text: A whole id, an id without its prefix, or part of its hash.
        ledger: The ledger in which parts of ids are looked for first.

    Raises:
        NotFound: no bead matches.
        BadInput: several do; the message names them.
    """
    asked = text.strip()
    if asked and (bead := town.find(asked)) is not None:
        return bead
    candidates = _matching(town, asked, ledger) if any(c.isalnum() for c in asked) else []
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        listed = " ".join(bead.id for bead in candidates[:_LISTED])
        more = " …" if len(candidates) > _LISTED else ""
        raise BadInput(
            f'ambiguous ID "{_quoted(asked)}" matches {len(candidates)} issues: [{listed}{more}]',
            hint="Use more characters to disambiguate",
        )
    raise NotFound(f'no issue found matching "{_quoted(text)}"', hint="bd list shows what there is")


def _matching(town: Town, asked: str, ledger: str) -> list[Bead]:
    """Beads whose hash is the text, else those whose hash contains it; the ledger one stands in comes first."""
    names = dict.fromkeys((ledger, *town.ledgers) if ledger in town.ledgers else town.ledgers)
    lowered = asked.lower()
    has_prefix = re.match(_HAS_PREFIX, lowered) is not None
    for name in names:
        state = town.ledgers[name]
        if not has_prefix:
            whole = BeadId(f"{prefix_of_ledger(state)}-{lowered}")
            if whole in state.beads and (bead := town.find(whole)) is not None:
                return [bead]
        found = _containing(state, lowered, has_prefix=has_prefix)
        living = [bead for each in found if (bead := town.find(each)) is not None]
        if living:
            return living
    return []


def _containing(state: LedgerState, asked: str, *, has_prefix: bool) -> list[BeadId]:
    head, dash, tail = asked.partition("-") if has_prefix else ("", "", asked)
    exact: list[BeadId] = []
    found: list[BeadId] = []
    for each in state.beads:
        prefix, _, rest = each.lower().partition("-")
        if asked in (rest, f"{prefix}-{rest}"):
            exact.append(each)
        elif asked in rest or (dash and prefix == head and tail in rest):
            found.append(each)
    return sorted(exact or found)


def _quoted(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)[:120]


def prefix_of_ledger(state: LedgerState, fallback: str = "bd") -> str:
    """The prefix new beads get: the one set up, else the one most beads there have."""
    if state.registers.prefix:
        return state.registers.prefix
    counts = Counter(prefix_of(each) for each in islice(state.beads, 1000))
    return counts.most_common(1)[0][0] if counts else fallback


def fresh_id(state: LedgerState, prefix: str, material: Iterable[str], nonce: int) -> BeadId:
    """An id no bead of the ledger has: as short as keeps collisions rare, longer when it must be.

    Args:
        state: The ledger, caught up and locked.
        prefix: Without its dash.
        material: What the bead is made of: title, description, creator.
        nonce: A random number, so that equal beads filed at once by many get different ids.
    """
    seed = crc32("|".join(material).encode(errors="replace"))
    for length in range(length_for(len(state.beads)), 9):
        for step in range(_NONCES_PER_LENGTH):
            candidate = BeadId(f"{prefix}-{_hash(seed ^ (nonce + step), length)}")
            if candidate not in state.beads:
                return candidate
    return fresh_id(state, prefix, (str(seed), str(nonce)), nonce + _NONCES_PER_LENGTH)


def length_for(count: int) -> int:
    """How long hashes must be for so many beads: 3 to 8 characters."""
    for length in range(3, 8):
        if 1 - exp(-count * count / (2 * 36**length)) <= _COLLISION_LIMIT:
            return length
    return 8


def _hash(number: int, length: int) -> str:
    """So many digits that look like chance; cheap, for chance itself is in the nonce."""
    number = number * _SPREAD % 2**64 >> 8
    digits = ""
    for _ in range(length):
        number, rest = divmod(number, 36)
        digits += _DIGITS[rest]
    return digits


def next_child(
    state: LedgerState, parent: BeadId, *, max_depth: int = MAX_DEPTH, taken: Container[str] = frozenset()
) -> BeadId:
    """The next child id under a bead; numbers are never given twice.

    Args:
        state: The parent's ledger.
        parent: The parent.
        max_depth: How many child numbers an id may end in.
        taken: Ids given in the same breath.

    Raises:
        BadInput: the parent lies too deep already.
    """
    if depth_of(parent) >= max_depth:
        raise BadInput(
            f"maximum hierarchy depth ({max_depth}) exceeded for parent {parent}",
            hint="file it under a bead further up, or without --parent and bd dep add it",
        )
    number = state.registers.children.get(parent, 0) + 1
    while (child := BeadId(f"{parent}.{number}")) in state.beads or child in taken:
        number += 1
    return child


def depth_of(bead_id: str) -> int:
    """How many child numbers an id ends in."""
    depth = 0
    while re.search(_CHILD, bead_id):
        bead_id = bead_id.rpartition(".")[0]
        depth += 1
    return depth


def is_below_by_id(bead_id: str, ancestor: str) -> bool:
    """Whether a dotted id says that it belongs under another."""
    return bead_id.startswith(f"{ancestor}.") and depth_of(bead_id) > depth_of(ancestor)


def parse_explicit_id(text: str, prefixes: Iterable[str], *, force: bool = False) -> BeadId:
    """Check an id somebody wants a new bead to have.

    Args:
        text: As typed.
        prefixes: The prefix of the ledger first, then those it also allows.
        force: Accept any prefix.

    Raises:
        BadInput: it is not an id, or of a foreign prefix.
    """
    if (
        len(text) > 120
        or not re.fullmatch(_SPELLED, text)
        or text[0] in ".-"
        or ".." in text
        or text.endswith((".", "-"))
    ):
        raise BadInput(
            f"invalid ID format '{_quoted(text)}' (expected format: prefix-hash or prefix-hash.number, "
            "e.g., 'bd-a3f8e9' or 'bd-a3f8e9.1')"
        )
    own, *allowed = prefixes
    if force or any(text.startswith(f"{each.rstrip('-')}-") for each in (own, *allowed)):
        return BeadId(text)
    also = f" (allowed: {', '.join(allowed)})" if allowed else ""
    what = "doesn't match any allowed prefix" if allowed else "doesn't match"
    raise BadInput(f"prefix mismatch: database uses '{own}-'{also} but ID '{text}' {what} (use --force to override)")


def prefix_from(name: str) -> str:
    """A prefix made from the name of a directory."""
    cleaned = re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-")
    cleaned = re.sub(r"^[0-9-]+", "", cleaned)[:20].rstrip("-")
    return parse_prefix(cleaned) if cleaned else "bd"
