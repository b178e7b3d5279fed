"""Convoys through the verbs, on real ledgers of a town and two rigs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, GastownError, NotFound, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.bd_close import close as bd_close
from gastown_tui.core.verbs.convoys import (
    convoy_add,
    convoy_close,
    convoy_create,
    convoy_land,
    convoy_list,
    convoy_remove,
    convoy_status,
    convoy_stranded,
    convoy_watch,
)
from gastown_tui.core.verbs.landing import land_finished
from gastown_tui.core.verbs.mail import mail_inbox
from gastown_tui.core.verbs.rigs import rig_add
from tests.places import a_real_town, a_repository, hands_at


@pytest.fixture
def town(tmp_path: Path) -> Hands:
    hands = a_real_town(tmp_path / "gt")
    project = a_repository(tmp_path / "project", {"README.md": "x"})
    for rig, prefix in (("api", "ap"), ("web", "we")):
        rig_add(hands, rig, str(project), prefix=prefix, gate="true")
        filed = [Entry(e.BeadCreated(bead_id=BeadId(f"{prefix}-{n}"), title=f"Task {n}"), rig) for n in (1, 2)]
        hands.ledger.record(lambda _, filed=filed: filed, actor="overseer", ledgers=("", rig))  # type: ignore[misc]
    return hands


def close(town: Hands, bead_id: str) -> None:
    ledger = town.ledger.read().ledger_of(bead_id)
    town.ledger.record(
        lambda _: [Entry(e.BeadClosed(bead_id=BeadId(bead_id)), ledger)], actor="overseer", ledgers=("", ledger)
    )


def land_what_is_done(town: Hands) -> tuple[BeadId, ...]:
    return land_finished(town, town.ledger.read())


def test_the_documents_own_command_works(town: Hands) -> None:
    receipt = convoy_create(town, ("Feature X", "ap-1", "we-1"), notify="-", human=True)
    data = receipt.data()
    assert (data["title"], data["total"], data["notify"]) == ("Feature X", 2, ["overseer"])
    assert receipt.text().startswith(f"Created convoy {data['id']}: Feature X")
    assert "hq-cv-" in (town.ledger.home / ".beads" / "issues.jsonl").read_text()


@pytest.mark.parametrize(
    ("notify", "human", "told"),
    [("-", False, ["mayor"]), ("mayor/,deacon", True, ["overseer", "mayor", "deacon"]), ("", True, ["overseer"])],
)
def test_who_is_told_is_who_was_named(town: Hands, notify: str, human: bool, told: list[str]) -> None:
    assert convoy_create(town, ("X", "ap-1"), notify=notify, human=human).data()["notify"] == told


def test_a_convoy_across_rigs_lands_when_its_last_bead_closes_and_says_so(town: Hands) -> None:
    convoy = convoy_create(town, ("Feature X", "ap-1", "we-1"), human=True).view.id
    close(town, "ap-1")
    land_what_is_done(town)
    assert convoy_status(town, convoy).data()["done"] == 1
    close(town, "we-1")
    assert convoy_list(town).data()[0]["indicator"] == "complete"
    assert land_what_is_done(town) == (convoy,)
    assert land_what_is_done(town) == ()
    assert convoy_list(town).data() == []
    assert convoy_list(town, all_=True).data()[0]["status"] == "closed"
    assert [mail["subject"] for mail in mail_inbox(town).data()] == ["Convoy landed: Feature X"]


def test_a_mistaken_convoy_is_not_made(town: Hands) -> None:
    log = town.ledger.home / ".beads" / "events.jsonl"
    before = log.read_bytes()
    wrongs: list[tuple[tuple[str, ...], dict[str, str], type[GastownError]]] = [
        (("X", "ap-1", "ap-9", "we-9"), {}, NotFound),
        (("Feature", "X", "ap-1"), {}, BadInput),
        (("X", "ap-1"), {"notify": "nobody"}, NotFound),
        (("X", "ap-1"), {"owner": "nobody"}, NotFound),
        (("X",), {"from_epic": "ap-9"}, NotFound),
    ]
    for words, options, error in wrongs:
        with pytest.raises(error):
            convoy_create(town, words, **options)  # type: ignore[arg-type]
    assert log.read_bytes() == before


def test_adding_removing_and_closing_answer_with_the_convoy(town: Hands) -> None:
    convoy = convoy_create(town, ("X", "ap-1")).view.id
    assert convoy_add(town, "1", ("ap-1", "we-2")).data()["total"] == 2
    assert not convoy_add(town, convoy, ("we-2",)).data()["changed"]
    assert convoy_remove(town, "X", ("we-2",)).data()["total"] == 1
    with pytest.raises(Refused, match="ap-1 not closed"):
        convoy_close(town, convoy)
    assert convoy_close(town, "1", force=True, reason="no longer wanted").data()["status"] == "closed"
    assert not convoy_close(town, convoy).data()["changed"]
    assert convoy_add(town, convoy, ("ap-2",)).data()["status"] == "open"


def test_a_convoy_lands_with_the_closing_of_its_last_bead_though_no_daemon_runs(town: Hands) -> None:
    convoy = BeadId(convoy_create(town, ("Feature X", "ap-1", "we-1"), notify="-", human=True).data()["id"])
    assert "landed" not in bd_close(town.elsewhere(town.ledger.home / "api"), ("ap-1",)).text()
    told = bd_close(town.elsewhere(town.ledger.home / "web"), ("we-1",)).text()
    assert told.splitlines()[-1] == f"✓ Convoy {convoy} landed: everything it tracks is closed"
    assert town.ledger.read().bead(convoy).is_closed
    assert [mail["subject"] for mail in mail_inbox(town).data()] == ["Convoy landed: Feature X"]


def test_landing_by_force_tells_those_who_wait(town: Hands) -> None:
    convoy_create(town, ("X", "ap-1"), human=True)
    with pytest.raises(Refused):
        convoy_land(town, "1")
    assert convoy_land(town, "1", force=True).data()["status"] == "closed"
    assert len(mail_inbox(town).data()) == 1


def test_numbers_stay_with_their_convoys_and_all_views_agree(town: Hands) -> None:
    first = convoy_create(town, ("First", "ap-1")).view.id
    convoy_create(town, ("Second", "we-1"))
    assert convoy_status(town, "1").data()["id"] == first
    assert [line.split()[0] for line in convoy_list(town).text().splitlines()] == ["1", "2"]
    tree = convoy_list(town, tree=True).text()
    assert "○ First (0/1) waiting" in tree
    assert "└─ ○ ap-1  Task 1" in tree


def test_stranded_work_comes_with_the_command_that_gets_it_going(town: Hands) -> None:
    convoy_create(town, ("X", "ap-1", "ap-2"))
    close(town, "ap-2")
    receipt = convoy_stranded(town)
    assert receipt.data()[0]["ready_issues"] == ["ap-1"]
    assert "gt sling ap-1" in receipt.text()


def test_watching_prints_each_change_and_ends_with_the_landing(town: Hands) -> None:
    convoy = convoy_create(town, ("X", "ap-1", "we-1")).view.id
    other = hands_at(town.ledger.home)
    lines = []
    for line in convoy_watch(town, convoy, interval=0.1).follow(json=True):
        lines.append(json.loads(line))
        if len(lines) == 1:
            close(other, "ap-1")
        elif len(lines) == 2:
            close(other, "we-1")
            land_what_is_done(other)
    assert [line["done"] for line in lines] == [0, 1, 2]
    assert lines[-1]["status"] == "closed"
