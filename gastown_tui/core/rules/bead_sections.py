"""What the text of a bead should contain, by its type, and beads written as Markdown."""

from __future__ import annotations

import re

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.rules.bead_values import kind_meant, parse_priority
from gastown_tui.core.rules.beads import NewBead
from gastown_tui.core.rules.edges import parse_wanted

_STEPS = ("## Steps to Reproduce", "Describe how to reproduce the bug")
_ACCEPTANCE = ("## Acceptance Criteria", "Define criteria to verify it is done")
REQUIRED = {
    "bug": (_STEPS, _ACCEPTANCE),
    "task": (_ACCEPTANCE,),
    "feature": (_ACCEPTANCE,),
    "epic": (("## Success Criteria", "Define high-level success criteria"),),
}
"""Headings by type, each with a hint."""

_LIST_SPLIT = r"[,\s]+"


def missing_sections(kind: str, *texts: str | None) -> list[tuple[str, str]]:
    """Headings a bead of this type should have and its texts do not name, with hints."""
    whole = "\n".join(text for text in texts if text).lower()
    return [
        (heading, hint) for heading, hint in REQUIRED.get(kind, ()) if heading.removeprefix("## ").lower() not in whole
    ]


def missing_in(bead: Bead) -> list[str]:
    """Headings a bead lacks; a filled acceptance field counts as its heading."""
    found = missing_sections(bead.kind, bead.description)
    filled = bool(bead.acceptance_criteria)
    return [heading for heading, _ in found if not (filled and heading.endswith("Acceptance Criteria"))]


def read_markdown(text: str) -> list[NewBead]:
    """Beads from Markdown: `## title` begins one, `### Section` one of its fields.

    Raises:
        BadInput: there is no bead in it, or a field has an impossible value.
    """
    beads: list[NewBead] = []
    title = ""
    sections: dict[str, list[str]] = {}
    current = "description"
    for line in [*text.splitlines(), "## "]:
        if line.startswith("## "):
            if title:
                beads.append(_from_sections(title, {key: "\n".join(body).strip() for key, body in sections.items()}))
            title, sections, current = line[3:].strip(), {}, "description"
        elif line.startswith("### "):
            current = line[4:].strip().lower()
        elif title:
            sections.setdefault(current, []).append(line)
    if not beads:
        raise BadInput("no issues found in the markdown", hint="'## Title' begins an issue")
    return beads


def _from_sections(title: str, sections: dict[str, str]) -> NewBead:
    acceptance = sections.get("acceptance criteria") or sections.get("acceptance") or ""
    deps = sections.get("dependencies") or sections.get("deps") or ""
    return NewBead(
        title=title,
        description=sections.get("description", ""),
        kind=kind_meant(sections.get("type", "task") or "task"),
        priority=parse_priority(sections.get("priority", "2") or "2"),
        assignee=sections.get("assignee", ""),
        labels=_words(sections.get("labels", "")),
        edges=tuple(parse_wanted(each) for each in _words(deps)),
        fields={"design": sections.get("design", ""), "acceptance_criteria": acceptance},
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(each for each in re.split(_LIST_SPLIT, text.replace("- ", " ")) if each)
