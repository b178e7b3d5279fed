"""Distilling: from work that was done back to a formula, and protos written out as files people can read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from gastown_tui.core.errors import Refused
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.formula import STEP_ID, Gate, Proto, ProtoStep, Var
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.rules.formula_texts import deep, texts_in, variables_in
from gastown_tui.core.rules.molecules import ORDERING, Anatomy, step_name

_OWN_KEYS = frozenset({"step", "rounds", "attached_molecule", "attached_formula", "output", "molecule"})
"""Metadata that belongs to one pouring."""
_NAME_LIMIT = 40


def proto_of(town: Town, root: Bead, *, name: str = "") -> Proto:
    """The template behind a bead: its children as steps, what they wait for as needs.

    Args:
        town: Where to look.
        root: A molecule, an epic, or a template bead of another program.
        name: What the proto is to be called.

    Raises:
        Refused: it has no children.
    """
    anatomy = Anatomy(town, root)
    if not anatomy.steps:
        raise Refused(f"{root.id} has no steps to make a formula of", hint="bd create --parent adds some")
    names = _names(anatomy)
    steps = tuple(_step(town, anatomy, bead, names) for bead in anatomy.steps.values())
    texts = texts_in([to_builtins(step) for step in steps] + [root.title, root.description or ""])
    asked = sorted({each for text in texts for each in variables_in(text)})
    return Proto(
        name=name or slug(root.title) or root.id,
        description=root.description or root.title,
        vars={each: Var(required=True) for each in asked},
        steps=steps,
        bonded_from=({"source_id": root.id, "bond_type": "distilled", "bond_point": ""},),
    )


def slug(text: str) -> str:
    """Words as a name: letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_NAME_LIMIT].strip("-")


def _names(anatomy: Anatomy) -> dict[BeadId, str]:
    """A step id for each bead: the one it was poured from, else one made of its title."""
    found: dict[BeadId, str] = {}
    taken: set[str] = set()
    for bead in anatomy.steps.values():
        poured_from = step_name(bead)
        wanted = (
            poured_from if poured_from != bead.id and STEP_ID.fullmatch(poured_from) else slug(bead.title) or "step"
        )
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        taken.add(name)
        found[bead.id] = name
    return found


def _step(town: Town, anatomy: Anatomy, bead: Bead, names: Mapping[BeadId, str]) -> ProtoStep:
    above = parent_of(bead)
    edges = [edge for edge in bead.needs if edge.type in ORDERING]
    waits = next((edge for edge in edges if edge.type == "waits-for" and edge.depends_on_id in names), None)
    metadata = bead.metadata if isinstance(bead.metadata, dict) else {}
    is_any = waits is not None and "any-children" in str(waits.metadata)
    return ProtoStep(
        id=names[bead.id],
        title=bead.title,
        description=bead.description or "",
        notes=bead.notes or "",
        design=bead.design or "",
        acceptance=bead.acceptance_criteria or "",
        type=bead.kind,
        priority=bead.priority,
        labels=tuple(label for label in bead.labels or () if label != "template" and not label.startswith("gate:")),
        metadata={key: value for key, value in metadata.items() if key not in _OWN_KEYS},
        needs=tuple(
            names[edge.depends_on_id] for edge in edges if edge.type == "blocks" and edge.depends_on_id in names
        ),
        needs_failed=tuple(
            names[edge.depends_on_id]
            for edge in edges
            if edge.type == "conditional-blocks" and edge.depends_on_id in names
        ),
        waits_for="" if waits is None else "any-children" if is_any else "all-children",
        spawner="" if waits is None else names[waits.depends_on_id],
        gates=tuple(
            Gate(type=gate.await_type or "human", await_id=gate.await_id or "", timeout=_length(gate.timeout))
            for edge in edges
            if (gate := town.find(edge.depends_on_id)) is not None and gate.kind == "gate"
        ),
        parent=names.get(above, "") if above is not None and above != anatomy.root.id else "",
        origin=str(bead.id),
    )


def _length(nanoseconds: int | None) -> str:
    return f"{nanoseconds // 10**9}s" if nanoseconds else ""


def with_variables(proto: Proto, values: Mapping[str, str]) -> Proto:
    """A proto in whose texts each value became the variable it is the value of; the value stays as the default."""

    def change(text: str) -> str:
        for name, value in values.items():
            if value:
                text = text.replace(value, f"{{{{{name}}}}}")
        return text

    steps = tuple(
        replace(
            step,
            title=change(step.title),
            description=change(step.description),
            notes=change(step.notes),
            design=change(step.design),
            acceptance=change(step.acceptance),
            metadata=deep(step.metadata, change),
        )
        for step in proto.steps
    )
    variables = {name: Var(default=value) for name, value in values.items()}
    return replace(proto, description=change(proto.description), vars=dict(proto.vars) | variables, steps=steps)


# ---------------------------------------------------------------------------------------------- as a file


def formula_text(proto: Proto) -> str:
    """A proto as a formula file in TOML that cooks to the same steps.

    Raises:
        Refused: it has what a single formula cannot say.
    """
    lines = [f"formula = {_quoted(proto.name)}"]
    if proto.description:
        lines.append(f"description = {_text(proto.description)}")
    lines.append(f"version = {max(proto.version, 1)}")
    for key, value in (("type", proto.type if proto.type != "workflow" else ""), ("phase", proto.phase)):
        lines += [f"{key} = {_quoted(value)}"] if value else []
    for name, var in proto.vars.items():
        lines += ["", f"[vars.{name}]", *_keys(to_builtins(replace(var, origin="")))]
    children: dict[str, list[ProtoStep]] = {}
    for step in proto.steps:
        children.setdefault(step.parent, []).append(step)
        if step.needs_failed or step.rounds:
            raise Refused(f"step {step.id} hangs on the outcome of others; no formula can say that")
    for step in children.get("", []):
        lines += _step_lines(step, "steps", children)
    return "\n".join(lines) + "\n"


def _step_lines(step: ProtoStep, at: str, children: Mapping[str, list[ProtoStep]]) -> list[str]:
    work: dict[str, Any] = {
        key: step.metadata[key] for key in ("run", "ask", "choices", "wait_for_nudge", "mail") if key in step.metadata
    }
    record: dict[str, Any] = {
        "id": step.id,
        "title": step.title,
        "type": step.type if step.type not in {"task", "epic"} else "",
        "priority": step.priority,
        "labels": list(step.labels),
        "needs": [*([step.spawner] if step.waits_for == "any-children" else []), *step.needs],
        "waits_for": f"children-of({step.spawner})" if step.waits_for == "all-children" else step.waits_for,
        "assignee": step.assignee,
        "condition": step.conditions[0] if step.conditions else "",
        "description": step.description,
        "notes": step.notes,
        "design": step.design,
        "acceptance": step.acceptance,
        **work,
    }
    rest = {key: value for key, value in step.metadata.items() if key not in work}
    lines = ["", f"[[{at}]]", *_keys(record)]
    for gate in step.gates[:1]:
        lines += ["", f"[{at}.gate]", *_keys(to_builtins(gate) | {"type": gate.type})]
    if rest:
        lines += ["", f"[{at}.metadata]", *_keys(rest)]
    for child in children.get(step.id, []):
        lines += _step_lines(child, f"{at}.children", children)
    return lines


def _keys(record: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in record.items() if value not in (None, "", [], {}, False)]


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(_value(each) for each in value)}]"
        case dict():
            inner = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items() if each is not None)
            return f"{{ {inner} }}"
    return _text(str(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _text(text: str) -> str:
    """A text on several lines where it has several."""
    if "\n" not in text.strip("\n"):
        return _quoted(text)
    lines = [_quoted(line)[1:-1].replace('\\"', '"').replace('"""', '""\\"') for line in text.split("\n")]
    body = "\n".join(lines)
    return f'"""\n{body}\\\n"""'
