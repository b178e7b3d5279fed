"""Lists: further filters, edges in a form of one's own, and lists that are watched."""

from __future__ import annotations

import os
from itertools import islice

import pytest

from gastown_tui.core.verbs.bd_list import Listed, list_
from gastown_tui.core.wiring import open_hands
from tests.verbs.bd import Bd


def _titles(bd: Bd, *words: str) -> list[str]:
    return sorted(bead["title"] for bead in bd.json("list", *words))


def test_more_is_left_out_on_request(bd: Bd) -> None:
    epic = bd.files("E", "-t", "epic", "-l", "later,ui")
    bd.files("C", "--parent", epic)
    assert _titles(bd, "--no-parent") == ["E"] and _titles(bd, "--parent", epic) == ["C"]
    assert _titles(bd, "--exclude-label", "later") == ["C"] and _titles(bd, "--exclude-label", "core,none") == [
        "C",
        "E",
    ]


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        (("--priority-min", "P1", "--priority-max", "3"), ["B", "C"]),
        (("-p", "P0"), ["A"]),
        (("--label", "x", "--label", "y"), ["B"]),
        (("--label-any", "x,y"), ["A", "B"]),
        (("--label-pattern", "x*"), ["A", "B"]),
        (("--label-regex", "^y$"), ["B"]),
        (("--no-labels",), ["C"]),
        (("--no-assignee",), ["B", "C"]),
        (("-a", "max"), ["A"]),
        (("--created-after", "yesterday"), ["A", "B", "C"]),
        (("--created-before", "yesterday"), []),
        (("--due-before", "+3d"), ["C"]),
        (("--overdue",), []),
        (("--defer-after", "tomorrow"), ["B"]),
        (("--deferred",), ["B"]),
        (("--spec", "RFC-"), ["C"]),
        (("--notes-contains", "TUESDAY"), ["C"]),
        (("-t", "bug"), ["A"]),
        (("--status", "open,in_progress"), ["A", "B", "C"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_each_filter_chooses(bd: Bd, words: tuple[str, ...], titles: list[str]) -> None:
    bd.files("A", "-p", "0", "-l", "x", "-a", "max", "-t", "bug")
    bd.files("B", "-p", "1", "-l", "x,y", "--defer", "+1w")
    bd.files("C", "-p", "3", "--due", "+2d", "--spec-id", "RFC-9", "--notes", "only on Tuesdays")
    assert _titles(bd, *words) == titles


def test_edges_in_a_form_of_ones_own(bd: Bd) -> None:
    one = bd.files("A")
    two = bd.files("B", "--deps", one)
    assert bd("list", "--format", "{{.IssueID}}>{{ .DependsOnID }} {{.Type}}").out == f"{two}>{one} blocks\n"
    assert bd("list", "--format", "{{.Issue.Title}} needs {{.Dependency.Title}}", "--json").out == "B needs A\n"
    assert bd("list", "--format", "digraph").out == f"{two} {one}\n"
    assert bd("list", "--format", "dot").out.startswith("digraph dependencies {")
    assert "fields: {{.IssueID}}" in bd.refuses("list", "--format", "{{.Nothing}}").err
    assert bd.refuses("list", "--format", "yaml").code == 2


def test_a_watched_list_is_printed_again_when_it_has_become_another(bd: Bd) -> None:
    one = bd.files("A")
    hands = open_hands(None, actor="ada", env=dict(os.environ), cwd=bd.home)
    listed = list_(hands, watch=True)
    assert isinstance(listed, Listed) and listed.again is not None
    assert [bead.id for bead in listed.beads] == [one]
    two = bd.files("B")
    assert {bead.id for bead in listed.again().beads} == {one, two}
    [page] = islice(listed.follow(json=False), 1)
    assert one in page and two in page
    [row] = islice(listed.follow(json=True), 1)
    assert row.startswith('[{"id":')


def test_without_watching_a_list_ends(bd: Bd) -> None:
    hands = open_hands(None, actor="ada", env=dict(os.environ), cwd=bd.home)
    listed = list_(hands)
    assert isinstance(listed, Listed)
    assert list(listed.follow(json=False)) == []
