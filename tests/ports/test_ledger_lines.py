"""Lines of a projected file are found without reading them all."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core.world.lines import Lines, find_lead

NAMES = st.from_regex(r"[a-c]{1,3}-[a-c0-2é]{1,3}(\.[0-2]){0,2}", fullmatch=True)


def file_of(names: list[str]) -> bytes:
    return b"".join(msgspec.json.encode({"id": name, "title": f'like "id":"{name}"'}) + b"\n" for name in names)


@given(st.lists(NAMES, unique=True), NAMES)
def test_halving_finds_what_searching_finds(names: list[str], asked: str) -> None:
    data = file_of(sorted(names))
    lead = find_lead(data)
    halving, searching = Lines(data, lead, is_sorted=True), Lines(data, lead)
    for name in (*names, asked):
        span = halving.find(name)
        assert span == searching.find(name)
        assert (span is not None) == (name in names)
        assert span is None or msgspec.json.decode(halving.text(span))["id"] == name


@given(st.lists(NAMES, unique=True), NAMES)
def test_a_new_line_belongs_where_the_order_stays(names: list[str], fresh: str) -> None:
    names = sorted(set(names) - {fresh})
    data = file_of(names)
    lines = Lines(data, find_lead(data) or b'{"id":"')
    place = lines.place_for(fresh)
    assert data[:place] + file_of([fresh]) + data[place:] == file_of(sorted([*names, fresh]))
