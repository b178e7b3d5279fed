"""Lines of a projected file are found without reading them all."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tui.core.fold import Registers
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.world import sums
from gastown_tui.core.world.disk import stage_by, write_edited
from gastown_tui.core.world.issue_lines import assembled, edits_for
from gastown_tui.core.world.lines import Lines, find_lead
from gastown_tui.core.world.on_disk import OnDisk
from gastown_tui.core.world.snapshot import LatePlaces
from gastown_tui.core.world.sums import Edit

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


@given(st.lists(NAMES, unique=True), NAMES)
def test_a_file_is_searched_on_disk_as_in_memory(names: list[str], asked: str) -> None:
    data = file_of(sorted(names))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "issues.jsonl"
        path.write_bytes(data)
        on_disk, lead = OnDisk(path), find_lead(data)
        there, here = Lines(on_disk, lead, is_sorted=True), Lines(data, lead, is_sorted=True)
        for name in (*names, asked):
            assert there.find(name) == here.find(name)
        assert on_disk.whole() == data
        assert len(there) == len(here) == len(names)


@given(st.binary(max_size=60_000), st.binary(min_size=1, max_size=3), st.integers(0, 60_000))
def test_bytes_are_found_across_the_pages_of_a_file(data: bytes, token: bytes, start: int) -> None:
    data = data * (1 + 20_000 // max(1, len(data)))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bytes"
        path.write_bytes(data)
        file, start = OnDisk(path), min(start, len(data))
        assert file.find(token, start) == data.find(token, start)
        assert file.rfind(token, 0, start) == data.rfind(token, 0, start)


@st.composite
def edited(draw: st.DrawFn) -> tuple[bytes, list[Edit]]:
    """A file, and edits of it in order."""
    data = draw(st.binary(max_size=200))
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    ends = list(zip(places[::2], places[1::2], strict=False))
    return data, [(start, end, draw(st.binary(max_size=40))) for start, end in ends]


@given(edited(), st.integers(1, 50))
def test_sums_follow_edits_without_reading_what_stays(given: tuple[bytes, list[Edit]], piece: int) -> None:
    data, edits = given
    before = sums.sums_of(data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sums, "_PIECE", piece)
        before = sums.sums_of(data)
        after = sums.sums_after(before, edits, data)
    assert sums.is_of(before, data)
    assert sums.is_of(after, sums.spliced(data, edits))
    assert not sums.is_of(after, sums.spliced(data, edits) + b"x")


@given(edited())
def test_an_edited_file_is_written_as_its_bytes_would_be(given: tuple[bytes, list[Edit]]) -> None:
    data, edits = given
    with TemporaryDirectory() as folder:
        path = Path(folder) / "issues.jsonl"
        path.write_bytes(data)
        source = OnDisk(path)
        stage_by(path, lambda to: write_edited(to, source, edits)).commit()
        assert path.read_bytes() == sums.spliced(data, edits)
        assert [each.name for each in Path(folder).iterdir()] == ["issues.jsonl"]


@given(st.lists(NAMES, unique=True, min_size=1), st.lists(NAMES, unique=True), st.sets(NAMES), st.booleans())
def test_a_file_with_an_order_of_its_own_is_edited_into_what_it_would_be_assembled_as(
    adopted: list[str], filed: list[str], changed: set[str], is_late: bool
) -> None:
    places = {BeadId(name): number for number, name in enumerate(adopted, 1)}
    late = LatePlaces(msgspec.json.encode(places)) if is_late else places
    registers = Registers(sorted_by_id=False, positions=late)
    filed = sorted(set(filed) - set(adopted))
    data = file_of([*adopted, *filed])
    lines = Lines(data, find_lead(data), is_sorted=False)
    fresh = {BeadId(name): msgspec.json.encode({"id": name, "title": "changed"}) for name in changed}
    edits = edits_for(lines, fresh, registers)
    assert edits is not None
    assert sums.spliced(data, edits) == assembled(lines, fresh, registers)
