"""`gt hook`: one look at what hangs there."""

from __future__ import annotations

from gastown_tui.core.verbs.hook import hook
from gastown_tui.core.verbs.work import sling
from tests.towns import a_bead
from tests.verbs.towns_at_work import a_rig_with


def test_an_agent_reads_its_work_in_the_documents_words() -> None:
    at = a_rig_with(a_bead("ap-1", "Fix login", kind="bug", priority=1))
    sling(at.hands("mayor"), ("ap-1", "api"), args="mind the cookies")
    shown = hook(at.hands_in("polecat-api-slot0"))
    lines = shown.text().splitlines()
    assert lines[0] == "HOOKED: ap-1"
    assert "Fix login" in lines[1]
    assert "(bug, P1, hooked)" in lines[1]
    assert "args: mind the cookies" in lines[2]
    assert lines[-1].strip().startswith("next:")


def test_the_same_as_plain_values() -> None:
    at = a_rig_with("ap-1")
    sling(at.hands("mayor"), ("ap-1", "api"))
    data = hook(at.hands_in("polecat-api-slot0")).data()
    assert (data["agent"], data["bead_id"], data["status"]) == ("api/polecats/slot0", "ap-1", "hooked")
    assert data["assignment_id"].startswith("asg-")
    assert data["next_step"] is None


def test_an_empty_hook_is_said_to_be_empty() -> None:
    at = a_rig_with("ap-1")
    shown = hook(at.hands("mayor"))
    assert shown.text() == "Nothing hangs on the hook of mayor."
    assert shown.data() == {"agent": "mayor", "bead_id": None}


def test_anybodys_hook_can_be_looked_at() -> None:
    at = a_rig_with("ap-1")
    sling(at.hands("mayor"), ("ap-1", "api"))
    assert hook(at.hands(), "api/slot0").text().startswith("HOOKED: ap-1")
    assert hook(at.hands(), "show", "api/slot0").text().startswith("HOOKED: ap-1")


def test_looking_writes_nothing() -> None:
    at = a_rig_with("ap-1")
    hook(at.hands())
    assert at.ledger.events == []


def test_a_bead_named_is_hung_on_ones_own_hook_and_let_go_again() -> None:
    at = a_rig_with("ap-1", "ap-2")
    hook(at.hands(), "ap-1")
    assert at.town.holder("ap-1") is not None
    hook(at.hands(), clear=True)
    assert at.town.holder("ap-1") is None
    hook(at.hands(), "set", "ap-2")
    assert at.town.holder("ap-2") is not None
