"""Formulas and molecules by `bd`, on a real ledger, in the words and shapes of its clients."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from tests.core.formula_texts import AUDIT, SHINY
from tests.verbs.bd import Bd

ENTERPRISE = 'formula = "shiny-enterprise"\nextends = ["shiny"]\n[compose]\naspects = ["security-audit"]\n'


@pytest.fixture
def formulas(bd: Bd) -> Path:
    """The ledger's own formulas: the documents' two and the aspect."""
    place = bd.home / ".beads" / "formulas"
    place.mkdir()
    for text in (SHINY, AUDIT, ENTERPRISE):
        name = text.split('formula = "', 1)[1].split('"', 1)[0]
        (place / f"{name}.formula.toml").write_text(text)
    return place


def write(place: Path, name: str, text: str) -> None:
    (place / f"{name}.formula.toml").write_text(dedent(text).strip() + "\n")


def pour(bd: Bd, *words: str) -> str:
    """Pour a molecule and give back its root."""
    root: str = bd.json("mol", "pour", *words)["new_epic_id"]
    return root


# ---------------------------------------------------------------------------------------------- formulas


def test_formulas_are_listed_nearest_first_with_where_they_come_from(bd: Bd, formulas: Path) -> None:
    rows = {row["name"]: row for row in bd.json("formula", "list")}
    assert (rows["shiny"]["source"], rows["shiny"]["steps"], rows["shiny"]["type"]) == ("project", 4, "workflow")
    assert rows["mol-polecat-work"]["source"] == "built-in"
    assert bd("formula", "list").lines[0] == f"📜 Formulas ({len(rows)} found)"
    assert [row["name"] for row in bd.json("formula", "list", "--type", "aspect")] == ["security-audit"]
    (formulas / "broken.formula.toml").write_text("formula = ")
    assert "broken.formula.toml:1: not TOML" in bd("formula", "list").out


def test_a_formula_is_shown_with_all_it_draws_in(bd: Bd, formulas: Path) -> None:
    answer = bd("formula", "show", "shiny-enterprise")
    assert "Steps (7):" in answer.out and "implement-postscan" in answer.out
    assert [step["id"] for step in bd.json("formula", "show", "shiny-enterprise")["steps"]][1] == "implement-prescan"
    assert "Advice:" in bd("formula", "show", "security-audit").out


def test_a_formula_is_found_by_version_path_and_without_its_prefix(bd: Bd, formulas: Path) -> None:
    assert bd.json("formula", "show", "polecat-work")["formula"] == "mol-polecat-work"
    assert bd.json("formula", "show", ".beads/formulas/shiny.formula.toml")["formula"] == "shiny"
    assert bd("formula", "show", "shiny@1").code == 0
    assert "shiny is at version 1, not 2" in bd.refuses("formula", "show", "shiny@2").err
    answer = bd.refuses("formula", "show", "shinny")
    assert (answer.code, answer.err) == (3, "Error: there is no formula 'shinny'\nHint: is shiny meant?\n")


def test_everything_wrong_with_a_formula_is_said_by_file_and_line(bd: Bd, formulas: Path) -> None:
    write(formulas, "bad", 'formula = "bad"\n[[steps]]\nid = "a"\npriority = 9\nned = []\n[[steps]]\nid = "a"')
    answer = bd("formula", "validate", "bad", fails=True)
    assert answer.code == 2
    assert answer.lines == [
        "✗ bad has 2 problem(s)",
        "  bad.formula.toml:3: step 'a': priority must be between 0 and 4 (got 9)",
        "  bad.formula.toml:7: step 'a' is there already, at bad.formula.toml:3",
    ]
    assert answer.err == "bad.formula.toml:3: nobody reads the key 'ned'; is needs meant?\n"
    write(formulas, "loop", 'formula = "loop"\n[[steps]]\nid = "a"\nneeds = ["b"]\n[[steps]]\nid = "b"\nneeds = ["a"]')
    assert (
        "loop.formula.toml:3: steps wait for one another: a -> b -> a"
        in bd("formula", "validate", "loop", fails=True).out
    )
    assert bd("formula", "validate", "shiny").out == "✓ shiny is sound: 4 steps\n"
    assert bd.json("formula", "validate", "shiny")["ok"] is True


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('[[steps]]\nid = "a"\nneeds = ["b"]', "x.formula.toml:3: step 'a' needs 'b', and no step is called so"),
        ('[[steps]]\nid = "a"\nneeds = ["a"]', "x.formula.toml:3: steps wait for one another"),
        ('extends = ["y"]', "x.formula.toml:2: there is no formula 'y'"),
        ("formula = 3", "x.formula.toml:2: not TOML"),
        ('[[steps]]\nid = "a"\nexpand = "shiny"', "shiny is of type workflow, expansion is needed here"),
    ],
)
def test_a_wrong_formula_is_neither_cooked_nor_poured(bd: Bd, formulas: Path, body: str, said: str) -> None:
    (formulas / "x.formula.toml").write_text(f'formula = "x"\n{body}\n')
    for words in (("cook", "x"), ("mol", "pour", "x"), ("mol", "wisp", "x")):
        answer = bd.refuses(*words)
        assert said in answer.err and answer.code in {2, 3}
    assert not (bd.home / ".beads" / "protos").exists()


# ---------------------------------------------------------------------------------------------- cooking


def test_cooking_freezes_a_proto_and_cooking_it_again_changes_nothing(bd: Bd, formulas: Path) -> None:
    assert bd("cook", "shiny").lines == [
        "✓ Cooked proto: shiny",
        "  4 steps, frozen in .beads/protos/shiny.json",
    ]
    file = bd.home / ".beads" / "protos" / "shiny.json"
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    assert bd("mol", "cook", "shiny").lines[0] == "✓ Cooked proto: shiny (as it was)"
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert [step["id"] for step in json.loads(before[0])["steps"]] == ["design", "implement", "test", "submit"]


def test_cooking_answers_programs_with_the_whole_proto_or_with_what_it_wrote(bd: Bd, formulas: Path) -> None:
    assert [step["id"] for step in bd.json("cook", "shiny")["steps"]] == ["design", "implement", "test", "submit"]
    assert bd.json("cook", "shiny", "--persist") == {
        "proto_id": "shiny", "formula": "shiny", "created": 5, "variables": [], "file": ".beads/protos/shiny.json",
    }  # fmt: skip


def test_a_rehearsal_and_the_runtime_mode_freeze_nothing(bd: Bd, formulas: Path) -> None:
    write(formulas, "v", 'formula = "v"\n[vars.who]\nrequired = true\n[[steps]]\nid = "a"\ntitle = "Ask {{who}}"')
    assert "a: Ask {{who}}" in bd("cook", "v", "--dry-run").out
    assert "a: Ask ada" in bd("cook", "v", "--mode=runtime", "--var", "who=ada").out
    assert "missing required variables: who" in bd.refuses("cook", "v", "--mode=runtime").err
    assert not (bd.home / ".beads" / "protos").exists()


def test_a_frozen_proto_is_poured_though_its_formula_changed_and_that_is_said(bd: Bd, formulas: Path) -> None:
    bd("cook", "shiny")
    (formulas / "shiny.formula.toml").write_text(SHINY + '[[steps]]\nid = "celebrate"\n')
    answer = bd("mol", "pour", "shiny", "--json")
    assert answer.value["created"] == 5
    assert answer.err == "shiny.formula.toml changed since shiny.json was cooked; bd cook shiny takes it up\n"
    assert bd("cook", "shiny").lines[0] == "✓ Cooked proto: shiny (it was another)"
    assert bd.json("mol", "pour", "shiny")["created"] == 6


def test_a_change_in_a_parent_counts_as_a_change(bd: Bd, formulas: Path) -> None:
    bd("cook", "shiny-enterprise")
    (formulas / "security-audit.formula.toml").write_text(AUDIT.replace("Scan before", "Look before"))
    assert "changed since" in bd("mol", "pour", "shiny-enterprise").err


def test_a_loops_variable_given_at_pouring_is_taken_up(bd: Bd) -> None:
    bd("cook", "hanoi", "--var", "disks=2")
    assert bd.json("mol", "pour", "hanoi")["created"] == 1 + 3 + 2
    assert bd.json("mol", "pour", "hanoi", "--var", "disks=3")["created"] == 1 + 7 + 2
    assert "disks cannot be '99'" in bd.refuses("cook", "hanoi", "--var", "disks=99").err


# ---------------------------------------------------------------------------------------------- pouring and going on


def test_pouring_says_what_it_made_in_the_clients_words(bd: Bd, formulas: Path) -> None:
    answer = bd("mol", "pour", "shiny", "--var", "feature=auth")
    root = answer.lines[1].removeprefix("  Root issue: ")
    assert answer.lines == [
        "✓ Poured mol: created 5 issues", f"  Root issue: {root}", "  Phase: liquid (persistent in .beads/)",
    ]  # fmt: skip
    [shown] = bd.json("show", root)
    assert (shown["title"], shown["issue_type"], shown["source_formula"]) == ("shiny: auth", "molecule", "shiny")
    value = bd.json("mol", "pour", "shiny", "--dry-run")
    assert (value["created"], value["phase"], value["new_epic_id"]) == (5, "liquid", "")
    made = bd.json("mol", "pour", "shiny")
    assert made["id_mapping"]["shiny.design"] == f"{made['new_epic_id']}.1" and made["attached"] == 0


def test_a_molecule_is_poured_onto_a_bead_as_the_third_document_spells_it(bd: Bd, formulas: Path) -> None:
    bead = bd.files("Login")
    root = pour(bd, "shiny", bead)
    [shown] = bd.json("show", bead)
    assert shown["metadata"] == {"attached_molecule": root, "attached_formula": "shiny"}
    assert f"{bead} carries the molecule {root} already" in bd.refuses("mol", "pour", "shiny", bead).err


def test_closing_steps_one_by_one_leads_through_the_molecule(bd: Bd, formulas: Path) -> None:
    root = pour(bd, "shiny")
    told = bd.json("close", f"{root}.1", "--continue")["continue"]
    assert (told["next_step"]["id"], told["auto_advanced"], told["molecule_complete"]) == (f"{root}.2", True, False)
    [begun] = bd.json("show", f"{root}.2")
    assert (begun["status"], begun["assignee"]) == ("in_progress", "ada")
    assert f"→ Now in progress: {root}.3 Test" in bd("close", f"{root}.2", "--continue").out
    assert f"→ Next: {root}.4 Submit" in bd("close", f"{root}.3", "--continue", "--no-auto").out
    answer = bd("close", f"{root}.4", "--continue")
    assert f"✓ Molecule {root} complete: all steps are closed" in answer.out
    [whole] = bd.json("show", root)
    assert (whole["status"], whole["close_reason"]) == ("closed", "all steps complete")
    kinds = [json.loads(line)["event_type"] for line in (bd.home / ".beads" / "events.jsonl").read_text().splitlines()]
    assert kinds.count("mol.created") == 1 and kinds.count("mol.completed") == 1
    assert kinds.count("mol.step_completed") == 4 and kinds.count("mol.step_started") == 2


def test_a_step_is_not_closed_before_what_it_waits_for(bd: Bd, formulas: Path) -> None:
    root = pour(bd, "shiny")
    answer = bd.refuses("close", f"{root}.2")
    assert f"cannot close {root}.2: blocked by open issues [{root}.1]" in answer.err


def test_ready_shows_the_next_step_to_whom_it_concerns(bd: Bd, formulas: Path) -> None:
    root = pour(bd, "shiny")
    assert [row["id"] for row in bd.json("ready")] == [f"{root}.1"]
    bd("close", f"{root}.1")
    assert [row["id"] for row in bd.json("ready")] == [f"{root}.2"]
    bd("update", root, "--assignee", "max")
    assert bd.json("ready") == []
    assert [row["id"] for row in bd.json("ready", "--actor", "max")] == [f"{root}.2"]


def test_where_a_molecule_stands_is_told_step_by_step(bd: Bd, formulas: Path) -> None:
    assert bd("mol", "current").out == "No molecules in progress.\n" and bd.json("mol", "current") == []
    root = pour(bd, "shiny")
    bd("close", f"{root}.1", "--continue")
    [found] = bd.json("mol", "current")
    assert (found["molecule_id"], found["completed"], found["total"]) == (root, 1, 4)
    assert [(step["status"], step["is_current"]) for step in found["steps"]] == [
        ("done", False), ("current", True), ("pending", False), ("pending", False),
    ]  # fmt: skip
    assert found["current_step"]["id"] == f"{root}.2" and "next_step" not in found
    assert [
        len(bd.json("mol", "current", root, *words)[0]["steps"]) for words in (("--limit", "2"), ("--range", "2-3"))
    ] == [2, 2]
    assert bd.json("mol", "current", "--for", "max") == []
    assert "invalid --range" in bd.refuses("mol", "current", root, "--range", "3-2").err
    assert "molecule 'gt-none' not found" in bd.refuses("mol", "current", "gt-none").err


def test_progress_list_stale_ready_and_show_agree(bd: Bd, formulas: Path) -> None:
    root = pour(bd, "shiny")
    bd("close", f"{root}.1")
    found = bd.json("mol", "progress", root)
    assert (found["total"], found["completed"], found["percent"], found["current_step_id"]) == (4, 1, 25.0, "")
    assert bd.json("mol", "list")[0]["next_step_id"] == f"{root}.2"
    assert bd.json("mol", "ready")["molecules"][0]["ready_steps"][0]["id"] == f"{root}.2"
    assert bd.json("mol", "stale") == {"stale_molecules": [], "total_count": 0, "blocking_count": 0}
    whole = bd.json("mol", "show", root, "--parallel")
    assert len(whole["issues"]) == 5 and len(whole["dependencies"]) == 4 + 3
    assert whole["parallel"] == [["design"], ["implement"], ["test"], ["submit"]]
    assert bd.json("mol", "last-activity", root)["source"] in {root, f"{root}.1"}
    for step in (2, 3, 4):
        bd("close", f"{root}.{step}")
    assert bd.json("mol", "list") == [] and [row["status"] for row in bd.json("mol", "list", "--all")] == ["closed"]
    bd("reopen", root)
    assert bd.json("mol", "stale")["stale_molecules"][0]["id"] == root


def test_a_proto_is_shown_like_a_molecule(bd: Bd, formulas: Path) -> None:
    assert "Steps (4):" in bd("mol", "show", "shiny").out
    assert bd.refuses("mol", "show", "nothing-there").err.startswith("Error: molecule 'nothing-there' not found")


def test_a_gated_molecule_is_ready_once_its_gate_is_resolved(bd: Bd, formulas: Path) -> None:
    write(formulas, "g", 'formula = "g"\n[[steps]]\nid = "a"\n[steps.gate]\ntype = "human"')
    root = pour(bd, "g")
    assert bd.json("mol", "ready", "--gated") == {"molecules": [], "count": 0}
    assert bd.json("mol", "ready")["count"] == 0
    bd("gate", "resolve", f"{root}.gate-a")
    [row] = bd.json("mol", "ready", "--gated")["molecules"]
    assert (row["molecule_id"], row["closed_gate"]["id"], row["ready_step"]["id"]) == (
        root, f"{root}.gate-a", f"{root}.1",
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------- wisps


def test_a_wisp_is_one_bead_and_is_listed_squashed_and_burned(bd: Bd, formulas: Path) -> None:
    answer = bd("mol", "wisp", "shiny")
    first = answer.lines[1].removeprefix("  Root issue: ")
    assert answer.lines == ["✓ Created wisp: 1 issues", f"  Root issue: {first}", "  Phase: vapor (ephemeral)"]
    second = bd.json("mol", "wisp", "create", "shiny", "--full")["new_epic_id"]
    listed = bd.json("mol", "wisp", "list")
    assert {row["id"] for row in listed["wisps"]} == {first, second} and listed["count"] == 2
    assert bd.json("ready") == []
    squashed = bd.json("mol", "squash", second, "--summary", "All quiet")
    assert (squashed["squashed_count"], squashed["deleted_count"]) == (4, 4)
    [digest] = bd.json("show", squashed["digest_id"])
    assert (digest["title"], digest["description"], digest["status"]) == ("Digest: shiny", "All quiet", "closed")
    burned = bd.json("mol", "burn", first)
    assert burned == {"molecule_id": first, "deleted_ids": [first], "deleted_count": 1}
    assert bd.json("mol", "wisp", "list")["count"] == 0


def test_wisps_left_lying_are_collected_but_never_fresh_ones(bd: Bd, formulas: Path) -> None:
    wisp = bd.json("mol", "wisp", "shiny")["new_epic_id"]
    assert bd.json("mol", "wisp", "gc") == {"cleaned_ids": [], "cleaned_count": 0}
    assert bd.json("wisp", "gc", "--age", "0s", "--dry-run")["cleaned_ids"] == [wisp]
    assert bd.json("wisp", "gc", "--age", "0s") == {"cleaned_ids": [wisp], "cleaned_count": 1}
    assert bd.json("wisp", "list", "--all")["wisps"] == []


def test_a_wisp_worth_keeping_is_promoted(bd: Bd, formulas: Path) -> None:
    wisp = bd.json("mol", "wisp", "shiny")["new_epic_id"]
    assert bd("promote", wisp, "-r", "worth it").out == f"✓ Promoted {wisp} to permanent bead\n"
    [kept] = bd.json("show", wisp)
    assert "ephemeral" not in kept and kept["comments"][0]["text"] == "Promoted: worth it"
    assert f"{wisp} is not a wisp (already persistent)" in bd.refuses("promote", wisp).err


def test_pouring_what_is_made_for_wisps_is_remarked_on(bd: Bd) -> None:
    assert "is made for wisps" in bd("mol", "pour", "mol-deacon-patrol").err


# ---------------------------------------------------------------------------------------------- bond, burn, distill


def test_bonding_does_what_the_table_says(bd: Bd, formulas: Path) -> None:
    made = bd.json("mol", "bond", "shiny", "hanoi", "--as", "both")
    assert made == {"result_id": "both", "result_type": "compound_proto", "bond_type": "sequential"}
    assert bd.json("mol", "pour", "both", "--dry-run")["created"] == 1 + 2 + 4 + 129
    root = pour(bd, "shiny")
    attached = bd.json("mol", "bond", root, "shiny", "--type", "parallel")
    assert (attached["result_id"], attached["result_type"], attached["spawned"]) == (root, "compound_molecule", 5)
    other = pour(bd, "shiny")
    assert "spawned" not in bd.json("mol", "bond", root, other)
    wisp = bd.json("mol", "wisp", "shiny")["new_epic_id"]
    lease = bd.json("mol", "bond", wisp, "shiny", "--type", "parallel", "--ref", "lease-1")
    assert lease["result_type"] == "compound_wisp" and lease["id_mapping"] == {"shiny": f"{wisp}.lease-1"}
    assert "exclude each other" in bd.refuses("mol", "bond", root, "shiny", "--pour", "--ephemeral").err
    assert "not found as formula or proto ID" in bd.refuses("mol", "bond", root, "nothing-there").err


def test_pouring_may_attach_further_protos(bd: Bd, formulas: Path) -> None:
    value = bd.json("mol", "pour", "shiny", "--attach", "shiny", "--attach-type", "parallel")
    assert (value["attached"], value["created"]) == (1, 10)
    assert len(bd.json("mol", "show", value["new_epic_id"])["issues"]) == 10


def test_burning_a_molecule_wants_force(bd: Bd, formulas: Path) -> None:
    root = pour(bd, "shiny")
    answer = bd.refuses("mol", "burn", root)
    assert (answer.code, f"burning {root} deletes 5 issues for good" in answer.err) == (4, True)
    assert bd.json("mol", "burn", root, "--dry-run")["deleted_count"] == 5
    assert bd.json("mol", "burn", root, "--force")["deleted_count"] == 5
    assert bd.json("mol", "list", "--all") == []
    both = [bd.json("mol", "wisp", "shiny")["new_epic_id"] for _ in range(2)]
    assert bd.json("mol", "burn", *both)["total_deleted"] == 2


def test_a_molecule_is_distilled_to_a_formula_that_pours_the_same(bd: Bd, formulas: Path) -> None:
    root = pour(bd, "shiny", "--var", "feature=auth")
    value = bd.json("mol", "distill", root, "careful", "--var", "what=architecture")
    assert (value["formula_name"], value["steps"], value["variables"]) == ("careful", 4, ["what"])
    assert value["formula_path"] == str(formulas / "careful.formula.toml")
    again = pour(bd, "careful", "--var", "what=nothing")
    [first] = bd.json("show", f"{again}.1")
    assert (first["title"], first["description"]) == ("Design", "Think about nothing")
    assert "is there already" in bd.refuses("mol", "distill", root, "careful").err
    assert "shiny.formula.toml is there already" in bd.refuses("mol", "distill", root, "shiny").err
    assert bd("mol", "distill", root, "careful", "--dry-run").out.startswith('formula = "careful"\n')


def test_template_beads_of_other_programs_are_poured_too(bd: Bd) -> None:
    epic = bd.files("Release {{version}}", "-t", "epic", "-l", "template")
    first = bd.files("Tag {{version}}", "--parent", epic)
    bd.files("Announce", "--parent", epic, "--deps", f"blocks:{first}")
    assert bd.json("template", "show", epic)["variables"] == ["version"]
    assert [row["id"] for row in bd.json("template", "list")] == [epic]
    assert "missing required variables: version" in bd.refuses("mol", "pour", epic).err
    root = pour(bd, epic, "--var", "version=2")
    assert [bead["title"] for bead in bd.json("mol", "show", root)["issues"]][1:] == ["Tag 2", "Announce"]
    plain = bd.files("Not a template")
    assert "is not a proto (missing 'template' label)" in bd.refuses("mol", "pour", plain).err


def test_values_of_variables_are_checked_before_anything_is_written(bd: Bd) -> None:
    assert "missing required variables: version" in bd.refuses("mol", "pour", "beads-release").err
    assert "version cannot be 'soon'" in bd.refuses("mol", "pour", "beads-release", "--var", "version=soon").err
    assert "expected 'key=value'" in bd.refuses("mol", "pour", "beads-release", "--var", "version").err
    assert bd.json("mol", "pour", "beads-release", "--var", "version=1.2.3")["created"] == 7


def test_patrols_and_single_formulas_are_checked_by_seed(bd: Bd) -> None:
    assert bd.json("mol", "seed", "shiny") == {"formula": "shiny", "status": "ok"}
    assert {row["formula"] for row in bd.json("mol", "seed", "--patrol")} == {
        "mol-deacon-patrol", "mol-refinery-patrol", "mol-witness-patrol",
    }  # fmt: skip


def test_a_formula_in_json_is_converted(bd: Bd, formulas: Path) -> None:
    (formulas / "j.formula.json").write_text('{"formula": "j", "steps": [{"id": "a"}, {"id": "b", "needs": ["a"]}]}')
    text = bd("formula", "convert", "j", "--stdout").out
    assert 'needs = ["a"]' in text
    bd("formula", "convert", "j")
    assert (formulas / "j.formula.toml").read_text().rstrip("\n") == text.rstrip("\n")
    assert bd("formula", "validate", "j").out == "✓ j is sound: 2 steps\n"
