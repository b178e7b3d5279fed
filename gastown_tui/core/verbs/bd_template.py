"""Templates as older beads programs keep them; other words for what `bd mol` does."""

from __future__ import annotations

from typing import Annotated

from gastown_tui.core.model.text import one_line
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.distilling import proto_of
from gastown_tui.core.verbs.bd_formula import Vars
from gastown_tui.core.verbs.bd_mol_pour import pour
from gastown_tui.core.verbs.beads import Said
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.verbs.molecule_names import OptionalMolecule, ProtoName, is_template, molecule
from gastown_tui.core.views import bead_json
from gastown_tui.core.views import molecules as shown

_DEPRECATED = "Command \"{}\" is deprecated, use 'bd mol' instead (will be removed in v1.0.0)"


@verb("bd template list", group="molecules", needs=Needs.LEDGER, mutates=False, hidden=True, compact_errors=True)
def template_list(hands: Hands) -> Receipt:
    """List beads that are templates; bd formula list knows the rest."""
    town = hands.ledger.read()
    found = sorted((bead for bead in town.beads() if is_template(bead)), key=lambda bead: bead.id)
    lines = [f"  {bead.id}  {one_line(bead.title)}" for bead in found]
    plain = "\n".join(lines) or "No templates found."
    return Said(plain=plain, value=[bead_json.issue(bead) for bead in found], complaints=(_DEPRECATED.format("list"),))


@verb("bd template show", group="molecules", needs=Needs.LEDGER, mutates=False, hidden=True, compact_errors=True)
def template_show(hands: Hands, id: OptionalMolecule) -> Receipt:
    """Show a bead that is a template."""
    town = hands.ledger.read()
    root = molecule(hands, town, id)
    found = shown.anatomy_json(town, root)
    proto = proto_of(town, root)
    value = {key: found[key] for key in ("dependencies", "issues", "root")} | {"variables": list(proto.vars)}
    return Said(plain=shown.proto_text(proto), value=value, complaints=(_DEPRECATED.format("show"),))


@verb("bd template instantiate", group="molecules", needs=Needs.LEDGER, hidden=True, compact_errors=True)
def template_instantiate(
    hands: Hands,
    id: ProtoName,
    *,
    var: Vars = (),
    assignee: Annotated[str, Arg("Whose molecule it is", suggest=Suggest.AGENT)] = "",
    dry_run: Annotated[bool, Arg("Only say what would be made")] = False,
) -> Receipt:
    """Pour a template; another word for bd mol pour."""
    made = pour(hands, id, var=var, assignee=assignee, dry_run=dry_run)
    value = {"new_epic_id": made.root_id, "id_mapping": made.mapping, "created": made.created}
    return Said(plain=made.text(), value=value, complaints=(_DEPRECATED.format("instantiate"),))
