"""The bond table of the documents, cell by cell and for every way two things can stand to each other, by `bd`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.verbs.bd import Bd

ONE = 'formula = "one"\n[[steps]]\nid = "a"\n[[steps]]\nid = "b"\nneeds = ["a"]\n'
TWO = 'formula = "two"\n[vars.who]\nrequired = true\n[[steps]]\nid = "c"\ntitle = "Lease of {{who}}"\n'

TABLE = {
    ("proto", "proto"): "compound proto",
    ("proto", "mol"): "pour + attach",
    ("proto", "wisp"): "wisp + attach",
    ("mol", "proto"): "pour + attach",
    ("mol", "mol"): "link",
    ("mol", "wisp"): "link",
    ("wisp", "proto"): "wisp + attach",
    ("wisp", "mol"): "link",
    ("wisp", "wisp"): "link",
}
EDGES = {"sequential": "blocks", "parallel": "parent-child", "conditional": "conditional-blocks"}


class Operands:
    """A ledger with both formulas, and what was made of them."""

    def __init__(self, bd: Bd) -> None:
        self.bd = bd
        place = bd.home / ".beads" / "formulas"
        place.mkdir()
        for name, text in (("one", ONE), ("two", TWO)):
            (place / f"{name}.formula.toml").write_text(text)

    def make(self, kind: str, name: str) -> str:
        """A thing of a kind, made of one of the formulas."""
        if kind == "proto":
            self.bd("cook", name)
            return name
        words = ("mol", "pour") if kind == "mol" else ("mol", "wisp", "--full")
        poured: str = self.bd.json(*words, name, *(("--var", "who=max") * (name == "two")))["new_epic_id"]
        return poured

    def everything(self) -> dict[str, dict[str, Any]]:
        """Every bead there is, wisps too, by id."""
        ids = [row["id"] for row in self.bd.json("list", "--all", "--limit", "0")]
        ids += [row["id"] for row in self.bd.json("mol", "wisp", "list", "--all")["wisps"]]
        return {each: self.bead(each) for each in ids}

    def bead(self, bead_id: str) -> dict[str, Any]:
        """One bead as clients see it."""
        [found] = self.bd.json("show", bead_id)
        return dict(found)

    def edges(self, bead_id: str) -> set[tuple[str, str]]:
        """What a bead depends on, and how."""
        return {(each["id"], each["dependency_type"]) for each in self.bead(bead_id).get("dependencies", [])}

    def finish(self, root: str) -> None:
        """Close a molecule's own two steps."""
        for number in (1, 2):
            self.bd("close", f"{root}.{number}", "--force")

    def ready(self, root: str) -> list[str]:
        """Titles of the steps of a molecule that may be begun."""
        found = self.bd.json("mol", "ready", root)["molecules"]
        return [step["title"] for row in found for step in row["ready_steps"]]


@pytest.fixture
def at(bd: Bd) -> Operands:
    return Operands(bd)


@pytest.mark.parametrize("way", EDGES)
@pytest.mark.parametrize(("first", "second"), TABLE, ids=lambda kind: str(kind))
def test_the_bond_table(at: Operands, first: str, second: str, way: str) -> None:
    outcome = TABLE[first, second]
    one, two = at.make(first, "one"), at.make(second, "two")
    # What is put to a molecule or a wisp is "two", whichever side it stands on.
    if (first, second) in {("proto", "mol"), ("proto", "wisp")}:
        one, two = at.make("proto", "two"), at.make(second, "one")
    before = at.everything()
    rehearsed = at.bd("mol", "bond", one, two, "--type", way, "--var", "who=max", "--dry-run").out
    assert rehearsed.startswith("Would bond") and at.everything() == before
    told = at.bd.json("mol", "bond", one, two, "--type", way, "--var", "who=max")
    fresh = {name: bead for name, bead in at.everything().items() if name not in before}
    if outcome == "compound proto":
        is_compound(at, told, fresh, way)
    elif outcome == "link":
        is_link(at, told, fresh, one, two, way)
    else:
        target = two if first == "proto" else one
        is_attached(at, told, fresh, target, way, is_vapor=outcome.startswith("wisp"))


def is_compound(at: Operands, told: dict[str, Any], fresh: dict[str, Any], way: str) -> None:
    """One proto more that holds both, and no bead."""
    assert told == {"result_id": "one-two", "result_type": "compound_proto", "bond_type": way}
    assert fresh == {} and Path(at.bd.home, ".beads", "protos", "one-two.json").exists()
    root = at.bd.json("mol", "pour", "one-two", "--var", "who=max")["new_epic_id"]
    parts = {"sequential": ["A"], "parallel": ["A", "Lease of max"], "conditional": ["A"]}
    assert at.ready(root) == parts[way]
    at.bd("close", f"{root}.1.1")
    at.bd("close", f"{root}.1.2")
    assert at.ready(root) == ([] if way == "conditional" else ["Lease of max"])
    assert at.bead(root)["status"] == ("closed" if way == "conditional" else "open")


def is_link(at: Operands, told: dict[str, Any], fresh: dict[str, Any], one: str, two: str, way: str) -> None:
    """An edge from the second to the first, and nothing poured."""
    kind = "compound_wisp" if at.bead(one).get("ephemeral") and at.bead(two).get("ephemeral") else "compound_molecule"
    assert told == {"result_id": one, "result_type": kind, "bond_type": way}
    assert fresh == {} and at.edges(two) == {(one, EDGES[way])} and at.edges(one) == set()
    goes_on(at, one, two, way)


def is_attached(
    at: Operands, told: dict[str, Any], fresh: dict[str, Any], target: str, way: str, *, is_vapor: bool
) -> None:
    """The proto poured in the target's phase, with an edge to the target."""
    root = told["id_mapping"]["two"]
    kind = "compound_wisp" if is_vapor else "compound_molecule"
    assert (told["result_id"], told["result_type"], told["bond_type"]) == (target, kind, way)
    assert told["spawned"] == len(told["id_mapping"]) == (1 if is_vapor else 2), "a wisp has its steps in its text"
    assert f"-{'wisp' if is_vapor else 'mol'}-" in root and bool(at.bead(root).get("ephemeral")) is is_vapor
    assert at.edges(root) == {(target, EDGES[way])} and "max" in str(fresh.get(root) or at.bead(root))
    goes_on(at, target, root, way)


def goes_on(at: Operands, first: str, second: str, way: str) -> None:
    """What comes after waits for the end of the first, what is part keeps it open, what is for its failure goes."""
    has_steps = f"{second}.1" in {step["id"] for step in at.bd.json("mol", "show", second)["issues"]}
    lease = ["Lease of max"] if has_steps else []
    if way != "parallel":
        assert at.ready(second) == []
    at.finish(first)
    assert at.bead(first)["status"] == ("open" if way == "parallel" else "closed")
    if way == "conditional":
        assert at.bead(second)["close_reason"] == f"skipped: {first} did not fail"
        return
    assert at.ready(second) == lease
    at.bd("close", *([f"{second}.1"] if has_steps else [second]))
    assert {at.bead(first)["status"], at.bead(second)["status"]} == {"closed"}
