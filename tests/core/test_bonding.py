"""The bond table, cell by cell."""

from __future__ import annotations

import pytest

from gastown_tui.core.errors import BadInput, Conflict, Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.rules import beads
from gastown_tui.core.rules.bonding import EDGE, Bond, BondType, attach, compound, link, parse_bond_type
from gastown_tui.core.rules.molecules import next_steps, worklist
from gastown_tui.core.rules.pouring import Pouring, pour
from tests.core.formula_texts import cooked, shape
from tests.towns import a_bead, a_town, after

ONE = 'formula = "one"\n[vars]\nv = "1"\n[[steps]]\nid = "a"\n[[steps]]\nid = "b"\nneeds = ["a"]'
TWO = 'formula = "two"\n[vars.name]\nrequired = true\n[[steps]]\nid = "a"\ntitle = "Lease of {{name}}"'
TYPES = tuple(BondType)


def a_molecule(town: Town, text: str = ONE, *, is_wisp: bool = False, nonce: int = 1) -> tuple[Town, Bead]:
    wish = Pouring(proto=cooked(text), phase="vapor" if is_wisp else "liquid")
    poured = pour(town, wish, actor="mayor", nonce=nonce)
    town = after(town, poured.entries)
    return town, town.bead(poured.root_id)


def lone() -> Town:
    return a_town(prefix="gt", is_town=False, beads=[a_bead("gt-plain")])


# ---------------------------------------------------------------------------------------------- proto and proto


def test_two_protos_one_after_the_other_make_a_compound_proto() -> None:
    made = compound(cooked(ONE), cooked(TWO), Bond())
    assert made.name == "one-two"
    assert shape(made) == {"one": (), "one.a": (), "one.b": ("one.a",), "two": ("one",), "two.a": ()}
    assert [step.parent for step in made.steps] == ["", "one", "one", "", "two"]
    assert set(made.vars) == {"v", "name"}
    assert [each["source_id"] for each in made.bonded_from] == ["one", "two"]


def test_two_protos_side_by_side_do_not_wait_for_each_other() -> None:
    made = compound(cooked(ONE), cooked(TWO), Bond(type=BondType.PARALLEL), "both")
    assert made.name == "both" and shape(made)["two"] == ()


def test_a_proto_for_the_case_that_another_fails() -> None:
    made = compound(cooked(ONE), cooked(TWO), Bond(type=BondType.CONDITIONAL))
    [second] = [step for step in made.steps if step.id == "two"]
    assert (second.needs, second.needs_failed) == ((), ("one",))
    poured = pour(lone(), Pouring(proto=made, given={"name": "x"}), actor="mayor", nonce=1)
    town = after(lone(), poured.entries)
    root = town.bead(poured.root_id)
    for step in ("one.a", "one.b"):
        town = after(town, beads.close(town, town.bead(poured.mapping[step])))
    assert town.bead(root.id).is_closed, "nothing failed, so what was meant for a failure is skipped"
    assert (town.bead(poured.mapping["two.a"]).close_reason or "").startswith("skipped: ")


def test_a_proto_bonded_to_itself_has_its_steps_twice() -> None:
    assert list(shape(compound(cooked(ONE), cooked(ONE), Bond()))) == [
        "one", "one.a", "one.b", "one-2", "one-2.a", "one-2.b",
    ]  # fmt: skip


def test_a_compound_proto_is_poured_and_worked_through_in_order() -> None:
    made = compound(cooked(ONE), cooked(TWO), Bond())
    poured = pour(lone(), Pouring(proto=made, given={"name": "max"}), actor="mayor", nonce=1)
    town = after(lone(), poured.entries)
    titles = [bead.title for bead in worklist(town, town.bead(poured.root_id))]
    assert titles == ["A", "B", "Lease of max"]
    assert len(town.bead(poured.root_id).bonded_from) == 2


# ---------------------------------------------------------------------------------------------- proto and molecule


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("is_wisp", [False, True], ids=["molecule", "wisp"])
@pytest.mark.parametrize("phase", ["", "liquid", "vapor"])
def test_a_proto_put_to_a_molecule_or_a_wisp_is_poured_and_attached(type_: BondType, is_wisp: bool, phase: str) -> None:
    town, target = a_molecule(lone(), is_wisp=is_wisp)
    bond = Bond(type=type_, given={"name": "max"}, phase=phase)
    poured = attach(town, cooked(TWO), target, bond, actor="mayor", nonce=2)
    town = after(town, poured.entries)
    root = town.bead(poured.root_id)
    assert [(edge.depends_on_id, edge.type) for edge in root.needs] == [(target.id, EDGE[type_])]
    is_vapor = phase == "vapor" or (not phase and is_wisp)
    assert bool(root.ephemeral) is is_vapor and (f"-{'wisp' if is_vapor else 'mol'}-" in root.id)
    assert root.bonded_from == [{"source_id": "two", "bond_type": type_.value, "bond_point": target.id}]
    assert bool(town.bead(poured.mapping["a"]).ephemeral) is is_vapor


def test_what_comes_after_a_molecule_waits_for_its_end() -> None:
    town, target = a_molecule(lone())
    poured = attach(town, cooked(TWO), target, Bond(given={"name": "max"}), actor="mayor", nonce=2)
    town = after(town, poured.entries)
    root = town.bead(poured.root_id)
    assert next_steps(town, root) == []
    for step in worklist(town, target):
        town = after(town, beads.close(town, town.bead(step.id)))
    assert town.bead(target.id).is_closed
    assert [step.id for step in next_steps(town, root)] == [poured.mapping["a"]]


def test_what_is_part_of_a_molecule_keeps_it_open() -> None:
    town, target = a_molecule(lone())
    bond = Bond(type=BondType.PARALLEL, given={"name": "max"})
    poured = attach(town, cooked(TWO), target, bond, actor="mayor", nonce=2)
    town = after(town, poured.entries)
    for step in ("a", "b"):
        town = after(town, beads.close(town, town.bead(f"{target.id}.{1 if step == 'a' else 2}")))
    assert not town.bead(target.id).is_closed
    town = after(town, beads.close(town, town.bead(poured.mapping["a"])))
    assert town.bead(poured.root_id).is_closed and town.bead(target.id).is_closed


def test_what_is_attached_can_be_given_a_name_below_its_target() -> None:
    town, target = a_molecule(lone())
    bond = Bond(type=BondType.PARALLEL, given={"name": "slot0"}, ref="lease-{{name}}")
    poured = attach(town, cooked(TWO), target, bond, actor="mayor", nonce=2)
    assert poured.root_id == f"{target.id}.lease-slot0"
    assert poured.mapping["a"] == f"{target.id}.lease-slot0.a"
    town = after(town, poured.entries)
    with pytest.raises(Conflict, match="already exists"):
        attach(town, cooked(TWO), target, bond, actor="mayor", nonce=3)
    for bad in ("a b", "../x", ".x"):
        with pytest.raises(BadInput, match="cannot be a --ref"):
            attach(town, cooked(TWO), target, Bond(given={"name": "x"}, ref=bad), actor="mayor", nonce=3)


def test_defaults_count_when_a_proto_is_attached() -> None:
    town, target = a_molecule(lone())
    attach(town, cooked(ONE), target, Bond(), actor="mayor", nonce=2)
    with pytest.raises(BadInput, match="missing required variables: name"):
        attach(town, cooked(TWO), target, Bond(), actor="mayor", nonce=2)


def test_nothing_is_attached_to_what_is_closed() -> None:
    town = a_town(prefix="gt", is_town=False, beads=[a_bead("gt-1", status="closed")])
    with pytest.raises(Refused, match="is closed"):
        attach(town, cooked(ONE), town.bead("gt-1"), Bond(), actor="mayor", nonce=2)


# ---------------------------------------------------------------------------------------------- two that are poured


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("first_is_wisp", [False, True], ids=["molecule", "wisp"])
@pytest.mark.parametrize("second_is_wisp", [False, True], ids=["molecule", "wisp"])
def test_two_that_are_poured_are_linked(type_: BondType, first_is_wisp: bool, second_is_wisp: bool) -> None:
    town, first = a_molecule(lone(), is_wisp=first_is_wisp)
    town, second = a_molecule(town, is_wisp=second_is_wisp, nonce=50)
    count = len(town.own.beads)
    town = after(town, link(town, first, second, Bond(type=type_)))
    linked = town.bead(second.id)
    assert [(edge.depends_on_id, edge.type) for edge in linked.needs] == [(first.id, EDGE[type_])]
    assert linked.bonded_from == [{"source_id": first.id, "bond_type": type_.value, "bond_point": ""}]
    assert len(town.own.beads) == count, "nothing is poured"
    with pytest.raises(Conflict, match="is bonded to"):
        link(town, first, linked, Bond(type=type_))


def test_links_that_make_no_sense_are_refused() -> None:
    town, first = a_molecule(lone())
    town, second = a_molecule(town, nonce=50)
    with pytest.raises(BadInput, match="to itself"):
        link(town, first, first, Bond())
    with pytest.raises(BadInput, match="poured already"):
        link(town, first, second, Bond(phase="vapor"))
    town = after(town, link(town, first, second, Bond()))
    with pytest.raises(Refused, match="would create a cycle"):
        link(town, second, first, Bond())
    town = after(town, beads.close(town, town.bead(first.id), force=True))
    with pytest.raises(Refused, match="is closed"):
        link(town, town.bead(first.id), town.bead("gt-plain"), Bond())


def test_bond_types_go_by_their_names() -> None:
    assert [parse_bond_type(each.value) for each in TYPES] == list(TYPES)
    with pytest.raises(BadInput, match="invalid bond type 'glue'"):
        parse_bond_type("glue")
