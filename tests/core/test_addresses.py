"""Whom people mean when they type a name."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from gastown_tui.core.errors import BadInput, GastownError, NotFound
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import Address, RigName
from gastown_tui.core.rules.addresses import resolve, resolve_many, rig_around, speaker
from tests.towns import a_town, an_agent

API = RigName("api")


def two_rigs() -> Town:
    return a_town(
        rigs={"api": "ap", "web": "we"},
        agents=["api/polecats/slot0", "api/crew/max", "web/polecats/slot0", "web/crew/slot0", "web/crew/ann"],
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mayor", "mayor"),
        ("mayor/", "mayor"),
        (" deacon/ ", "deacon"),
        ("--human", "overseer"),
        ("@overseer", "overseer"),
        ("overseer", "overseer"),
        ("api/witness", "api/witness"),
        ("web/refinery/", "web/refinery"),
        ("api/polecats/slot0", "api/polecats/slot0"),
        ("api/slot0", "api/polecats/slot0"),
        ("api/max", "api/crew/max"),
        ("ann", "web/crew/ann"),
        ("polecat-api-slot0", "api/polecats/slot0"),
        ("witness-web", "web/witness"),
    ],
)
def test_every_spelling_reaches_the_one_agent(typed: str, meant: str) -> None:
    assert resolve(two_rigs(), typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("witness", "api/witness"),
        ("refinery", "api/refinery"),
        ("slot0", "api/polecats/slot0"),
        ("crew/max", "api/crew/max"),
    ],
)
def test_the_rig_one_stands_in_completes_a_short_name(typed: str, meant: str) -> None:
    assert resolve(two_rigs(), typed, here=API) == meant


def test_the_only_rig_needs_no_name() -> None:
    assert resolve(a_town(rigs={"api": "ap"}), "witness") == "api/witness"


@pytest.mark.parametrize("typed", ["witness", "web/slot0", "slot0"])
def test_a_name_that_several_have_is_refused_with_the_choices(typed: str) -> None:
    with pytest.raises(BadInput) as refused:
        resolve(two_rigs(), typed)
    assert "web/" in refused.value.hint


@pytest.mark.parametrize(
    "typed", ["api/nobody", "api/polecats/nobody", "nobody", "nowhere/witness", "nowhere/crew/max"]
)
def test_an_unknown_recipient_is_an_error(typed: str) -> None:
    with pytest.raises(NotFound) as refused:
        resolve(two_rigs(), typed)
    assert refused.value.hint


@pytest.mark.parametrize(
    "typed", ["", "/", "a//b", "../mayor", "api/crew/../max", "-x", "ma\x1byor", "a/b/c/d", "@nope", "x" * 200]
)
def test_what_is_no_address_is_refused_and_shown_safely(typed: str) -> None:
    with pytest.raises(GastownError) as refused:
        resolve(two_rigs(), typed)
    assert refused.value.message.isprintable()


def test_a_retired_worker_no_longer_has_a_mailbox() -> None:
    town = a_town(rigs={"api": "ap"}, agents=[an_agent("api/polecats/slot0", "retired")])
    with pytest.raises(NotFound):
        resolve(town, "api/slot0")


def test_namesakes_of_crew_and_polecats_never_share_a_mailbox() -> None:
    town = two_rigs()
    assert resolve(town, "web/crew/slot0") != resolve(town, "web/polecats/slot0")


def test_groups_reach_their_members_and_nobody_else() -> None:
    town = two_rigs()
    assert resolve_many(town, "@witnesses") == ("api/witness", "web/witness")
    assert resolve_many(town, "@refineries") == ("api/refinery", "web/refinery")
    assert resolve_many(town, "@polecats") == ("api/polecats/slot0", "web/polecats/slot0")
    assert resolve_many(town, "@crew/web") == ("web/crew/ann", "web/crew/slot0")
    assert set(resolve_many(town, "@rig/api")) == {"api/witness", "api/refinery", "api/crew/max", "api/polecats/slot0"}
    assert set(resolve_many(town, "@town")) == {agent.address for agent in town.agents()}


def test_a_list_may_mix_groups_and_names_and_names_nobody_twice() -> None:
    assert resolve_many(two_rigs(), "mayor/, @witnesses,api/witness") == ("mayor", "api/witness", "web/witness")


def test_a_speaker_is_left_out_of_groups_but_may_write_to_themselves() -> None:
    town = two_rigs()
    assert "mayor" not in resolve_many(town, "@town", but=Address("mayor"))
    assert resolve_many(town, "mayor", but=Address("mayor")) == ("mayor",)


@pytest.mark.parametrize("group", ["@crew/api/x", "@rig", "@witnesses/api", "@everyone", "@"])
def test_an_unknown_group_is_refused_with_those_there_are(group: str) -> None:
    with pytest.raises(GastownError):
        resolve_many(two_rigs(), group)


def test_an_empty_group_is_an_error() -> None:
    with pytest.raises(NotFound):
        resolve_many(a_town(rigs={"api": "ap"}), "@crew/api")
    with pytest.raises(NotFound):
        resolve_many(two_rigs(), "@crew/nowhere")


def test_one_stands_in_a_rig_by_session_by_name_or_by_folder() -> None:
    town, home, out = two_rigs(), PurePath("/gt"), PurePath("/tmp")
    assert rig_around(town, actor="overseer", env={"GT_RIG": "api"}, home=home, cwd=out) == "api"
    assert rig_around(town, actor="web/crew/ann", env={}, home=home, cwd=out) == "web"
    assert rig_around(town, actor="overseer", env={}, home=home, cwd=home / "web" / "crew" / "ann") == "web"
    assert rig_around(town, actor="overseer", env={"GT_RIG": "gone"}, home=home, cwd=home / "mayor") is None
    assert rig_around(town, actor="overseer", env={}, home=home, cwd=home) is None


def test_a_person_without_an_address_reads_the_overseers_mail() -> None:
    assert speaker("ann") == "overseer"
    assert speaker("mayor/") == "mayor"
