"""A projected file as bytes, searched without decoding it: which line is whose, and where a new one belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeAlias

import msgspec

from gastown_tui.core.world.on_disk import OnDisk

Span: TypeAlias = tuple[int, int]
"""Where a line starts, and where its newline stands."""

_PATIENCE = 8
"""Whoever searches unsorted lines for more ids than this does better with an index."""
_LEAD = rb'\{(?:"_type":"issue",)?"id":"'


class _Named(msgspec.Struct):
    id: str


_name = msgspec.json.Decoder(_Named).decode


class Shape(msgspec.Struct, frozen=True):
    """What a file looks like from outside.

    Attributes:
        lead: The bytes every line begins with up to its id; empty when they differ, or an id is spelled with escapes.
        names: Every id, in the order of the lines, when there is a lead.
        is_whole: Each line ends as an object does and holds one. What is broken inside shows when it is decoded.
    """

    lead: bytes = b""
    names: tuple[str, ...] = ()
    is_whole: bool = False


def shape_of(data: bytes) -> Shape:
    """Judge a file by its outline, many times faster than by reading its lines."""
    match = re.match(_LEAD, data)
    if match is None or not data.endswith(b"\n"):
        return Shape()
    lead = match.group()
    lines = data.split(b"\n")
    lines.pop()
    begin = len(lead)
    names = b"\n".join([line[begin : line.find(b'"', begin)] for line in lines])
    if b"\\" in names or False in [line.startswith(lead) for line in lines]:
        return Shape()
    is_whole = False not in [line.endswith(b"}") for line in lines] and b"}" + lead not in data
    return Shape(lead, tuple(names.decode(errors="replace").split("\n")), is_whole)


def find_lead(data: bytes) -> bytes:
    """The bytes every line begins with up to its id; see `Shape`.

    With it a line is found by one search; without it (empty) every line has to be looked at once.
    """
    return shape_of(data).lead


def _is_spelled_as_it_is(name: str) -> bool:
    """Whether JSON needs no escapes for a name."""
    return name.isprintable() and '"' not in name and "\\" not in name


class Lines:
    """Lines of records with an id.

    Attributes:
        source: All of them, or the file they are in.
        lead: What `find_lead` found, or nothing.
        is_sorted: By id, so that a line need not be searched for from the beginning. Needs a lead.
    """

    def __init__(
        self, source: bytes | OnDisk, lead: bytes = b"", *, is_sorted: bool = False, count: int | None = None
    ) -> None:
        self.source = source
        self.lead = lead
        self.is_sorted = is_sorted and bool(lead)
        self._count = count
        self._index: dict[str, Span] | None = None
        self._searched = 0

    def __len__(self) -> int:
        if not self.lead:
            return len(self.index())
        if self._count is None:
            self._count = self.data.count(b"\n")
        return self._count

    @property
    def data(self) -> bytes:
        """All of them."""
        return self.source if isinstance(self.source, bytes) else self.source.whole()

    def find(self, name: str) -> Span | None:
        """The line of an id; None when there is none."""
        if not self.lead or self._index is not None or not _is_spelled_as_it_is(name):
            return self.index().get(name)
        token = self.lead + name.encode(errors="replace") + b'"'
        if self.is_sorted:
            start = self.place_for(name)
            if self.source[start : start + len(token)] != token:
                return None
        elif self._searched >= _PATIENCE:
            return self.index().get(name)
        elif self.data.startswith(token):
            start = 0
        else:
            self._searched += 1
            start = self.data.find(b"\n" + token) + 1
            if start == 0:
                return None
        return start, self._end(start)

    def names(self) -> list[str]:
        """Every id, in the order of the lines."""
        if not self.lead:
            return list(self.index())
        return list(shape_of(self.data).names)

    def index(self) -> dict[str, Span]:
        """Every id and its line, found by looking at each; lines without an id are not in it."""
        if self._index is None:
            self._index = self._by_lead() if self.lead else self._by_decoding()
        return self._index

    def _by_lead(self) -> dict[str, Span]:
        found: dict[str, Span] = {}
        begin, start = len(self.lead), 0
        for line in self.data.removesuffix(b"\n").split(b"\n"):
            name, end = line[begin : line.find(b'"', begin)].decode(errors="replace"), start + len(line)
            found.setdefault(name, (start, end))
            start = end + 1
        return found

    def _by_decoding(self) -> dict[str, Span]:
        found: dict[str, Span] = {}
        start = 0
        while (end := self.data.find(b"\n", start)) >= 0:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                found[_name(self.data[start:end]).id] = (start, end)
            start = end + 1
        return found

    def holding(self, token: bytes) -> Iterator[Span]:
        """Lines that hold some bytes, each once."""
        at = self.data.find(token)
        while at >= 0:
            start = self.data.rfind(b"\n", 0, at) + 1
            end = self.data.find(b"\n", at)
            end = len(self.data) if end < 0 else end
            yield start, end
            at = self.data.find(token, end)

    def text(self, span: Span) -> bytes:
        """One line, without its newline."""
        return self.source[span[0] : span[1]]

    def place_for(self, name: str) -> int:
        """Where the line of a new id belongs among lines sorted by id. Needs a lead."""
        wanted = name.encode(errors="replace")
        low, high = 0, len(self.source)
        while low < high:
            middle = self.source.rfind(b"\n", low, (low + high) // 2) + 1 or low
            if self.name_at(middle) < wanted:
                low = min(self._end(middle) + 1, high)
            else:
                high = middle
        return low

    def name_at(self, start: int) -> bytes:
        """The id of the line that starts at a place. Needs a lead."""
        begin = start + len(self.lead)
        return self.source[begin : self.source.find(b'"', begin)]

    def _end(self, start: int) -> int:
        end = self.source.find(b"\n", start)
        return len(self.source) if end < 0 else end
