"""A status nothing can have finds nothing, and says so; and errors say `a` and `an` as people do."""

from __future__ import annotations

import pytest

from gastown_tui.core.model.text import with_article
from tests.verbs.bd import Bd


@pytest.mark.parametrize("words", [("list",), ("search", "Some")])
def test_a_status_nothing_can_have_is_told_on_the_side(bd: Bd, words: tuple[str, ...]) -> None:
    bd("create", "Something")
    answer = bd(*words, "--status", "open,bogus", "--json")
    assert "no bead has the status 'bogus'; the statuses are open, in_progress" in answer.err
    assert len(answer.value) == 1
    assert bd(*words, "--status", "bogus", "--json").value == []


@pytest.mark.parametrize("status", ["open", "all", "hooked,closed", "tombstone", "in_review"])
def test_a_status_there_is_or_that_was_added_is_not_remarked_on(bd: Bd, status: str) -> None:
    bd("config", "set", "status.custom", "in_review")
    assert "no bead has" not in bd("list", "--status", status).err


def test_a_noun_has_the_article_it_sounds_with() -> None:
    assert [with_article(each) for each in ("epic", "agent", "task", "user")] == [
        "an epic", "an agent", "a task", "a user",
    ]  # fmt: skip


def test_a_molecule_that_is_done_has_no_hours_to_go(bd: Bd) -> None:
    place = bd.home / ".beads" / "formulas"
    place.mkdir(parents=True)
    (place / "f.formula.toml").write_text(
        'formula = "f"\n[[steps]]\nid = "a"\n[[steps]]\nid = "b"\n[[steps]]\nid = "c"\n'
    )
    poured = bd("mol", "pour", "f", "--json").value
    steps = [each for name, each in poured["id_mapping"].items() if name != "f"]
    assert len(steps) == 3
    for step in steps[:2]:
        bd("close", step)
    assert "hours to go" in bd("mol", "progress", poured["new_epic_id"]).out
    bd("close", steps[2])
    done = bd("mol", "progress", poured["new_epic_id"]).out
    assert "3/3" in done
    assert "hours to go" not in done
