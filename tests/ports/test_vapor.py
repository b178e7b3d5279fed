"""What passes by is kept small, and nobody who follows it notices."""

from __future__ import annotations

from pathlib import Path

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import Address
from gastown_tui.core.world import vapor
from gastown_tui.core.world.reader import Reader
from tests.ledgers import created, lone, put, reopened

AGENTS = [Address(f"api/polecats/slot{number}") for number in range(3)]
LIMIT = 4_000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vapor, "LIMIT_BYTES", LIMIT)


def check_hooks(folder: Path, times: int) -> None:
    """Agents look at their hooks again and again, each from a process of its own."""
    for number in range(times):
        agent = AGENTS[number % len(AGENTS)]
        reopened(folder).record(lambda _, agent=agent: [Entry(e.HookChecked(agent=agent, found=False))], actor=agent)  # type: ignore[misc]


def test_the_file_stays_small_and_the_last_word_of_each_is_kept(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    check_hooks(tmp_path, 60)
    file = tmp_path / ".beads" / "vapor.jsonl"
    assert LIMIT // 20 < file.stat().st_size < LIMIT + 1_000
    check_hooks(tmp_path, 3)
    town = reopened(tmp_path).read()
    seen = [town.last_event(agent) for agent in AGENTS]
    assert all(seen) and seen == sorted(seen)
    assert list((tmp_path / ".beads").glob(".vapor*")) == []


def test_whoever_follows_the_ledger_folds_nothing_anew_and_misses_nothing(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    check_hooks(tmp_path, 3)
    follower, file = Reader(tmp_path / ".beads"), tmp_path / ".beads" / "vapor.jsonl"
    follower.read()
    follower.is_rewound = False
    inodes: set[int] = set()
    for number in range(60):
        check_hooks(tmp_path, 1)
        put(reopened(tmp_path), created(f"gt-b{number}"))
        seen, fresh = follower.read(), reopened(tmp_path).read()
        assert f"gt-b{number}" in seen.beads
        assert [seen.registers.seen.get(each) for each in AGENTS] == [fresh.last_event(each) for each in AGENTS]
        inodes.add(file.stat().st_ino)
    assert len(inodes) >= 2, "it was condensed"
    assert not follower.is_rewound, "and nothing had to be folded again"


def test_a_rebuild_gives_the_same_files_whatever_was_condensed(tmp_path: Path) -> None:
    put(lone(tmp_path), created("gt-1"))
    check_hooks(tmp_path, 40)
    before = (tmp_path / ".beads" / "issues.jsonl").read_bytes()
    reopened(tmp_path).rebuild_projections()
    assert (tmp_path / ".beads" / "issues.jsonl").read_bytes() == before


def test_what_cannot_be_condensed_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vapor, "LIMIT_BYTES", 1)
    put(lone(tmp_path), created("gt-1"))
    check_hooks(tmp_path, 3)
    file = tmp_path / ".beads" / "vapor.jsonl"
    before = file.read_bytes()
    assert not vapor.condense(file), "the last word of each is all there is"
    assert not vapor.condense(tmp_path / "nothing")
    assert file.read_bytes() == before
