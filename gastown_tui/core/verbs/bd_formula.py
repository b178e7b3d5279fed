"""Formulas: listed, shown, checked and cooked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.model.formula import KINDS, Formula, Proto
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.distilling import formula_text
from gastown_tui.core.rules.formula_reading import is_cookable, problems, read_raw, unknown_keys
from gastown_tui.core.rules.formula_vars import check_known, parse_values, read_again, rendered, undeclared, values_for
from gastown_tui.core.verbs.beads import Said
from gastown_tui.core.verbs.cookbook import Cookbook, Page
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import molecules as shown

Name = Annotated[str, Arg("A formula, or the path of its file", metavar="NAME", suggest=Suggest.FORMULA)]
Search = Annotated[tuple[Path, ...], Arg("Look in this directory only", flags=("--search-path",), suggest=Suggest.PATH)]
Vars = Annotated[tuple[str, ...], Arg("A variable, key=value", flags=("--var",), metavar="K=V")]


@verb(
    "bd formula list",
    group="molecules",
    needs=Needs.LEDGER,
    mutates=False,
    aliases=("formula list",),
    compact_errors=True,
)
def list_(
    hands: Hands,
    *,
    type_: Annotated[str, Arg("Only this type", flags=("--type", "-t"), choices=KINDS)] = "",
    search: Search = (),
) -> Receipt:
    """List the formulas there are, the nearest of each name."""
    lines: list[shown.FormulaLine] = []
    for page in Cookbook(hands, search=search).every():
        try:
            line = shown.formula_line(page.read(), page.tier)
        except BadInput as error:
            line = shown.FormulaLine(
                name=page.name, type="?", description="", source=page.tier, steps=0, vars=0, trouble=error.message
            )
        if not type_ or line.type == type_:
            lines.append(line)
    rows = [{key: value for key, value in msgspec.to_builtins(line).items() if value != ""} for line in lines]
    return Said(plain=shown.formula_list(lines), value=rows)


@verb(
    "bd formula show",
    group="molecules",
    needs=Needs.LEDGER,
    mutates=False,
    aliases=("formula show",),
    compact_errors=True,
)
def show(hands: Hands, name: Name, *, search: Search = ()) -> Receipt:
    """Show a formula with everything its parents, expansions and aspects bring."""
    book = Cookbook(hands, search=search)
    page = book.find(name)
    formula = page.read()
    if formula.kind == "aspect" and not formula.aspects:
        return Said(plain=_aspect_text(formula, page), value=msgspec.to_builtins(formula))
    proto = book.cooked(page)
    return Said(plain=f"{shown.proto_text(proto)}\n\nFrom {page.file}", value=msgspec.to_builtins(proto))


def _aspect_text(formula: Formula, page: Page) -> str:
    lines = [f"{formula.formula} (aspect, version {formula.version})", "", formula.description.strip(), "", "Advice:"]
    for advice in formula.advice:
        target = advice.target or "what its pointcuts mean"
        lines.append(f"  about {target}")
    return "\n".join([*lines, "", f"From {page.file}"])


class Checked(Receipt, frozen=True, kw_only=True):
    """What is wrong with a formula."""

    name: str
    file: str
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    steps: int = 0

    def text(self) -> str:
        """A line for each problem, or that there is none."""
        if not self.problems:
            return f"✓ {self.name} is sound" + (f": {self.steps} steps" if self.steps else "")
        return "\n".join(
            [f"✗ {self.name} has {len(self.problems)} problem(s)", *(f"  {each}" for each in self.problems)]
        )

    def data(self) -> Any:
        """Everything."""
        return msgspec.to_builtins(self) | {"ok": not self.problems}

    def warnings(self) -> tuple[str, ...]:
        """What is odd, but no mistake."""
        return self.remarks

    def code(self) -> int:
        """2 when something is wrong."""
        return 2 if self.problems else 0


@verb(
    "bd formula validate",
    group="molecules",
    needs=Needs.LEDGER,
    mutates=False,
    aliases=("formula validate",),
    compact_errors=True,
)
def validate(hands: Hands, name: Name, *, search: Search = ()) -> Checked:
    """Check a formula and say everything that is wrong with it, by file, line and step."""
    book = Cookbook(hands, search=search)
    page = book.find(name)
    formula = page.read()
    remarks = list(unknown_keys(read_raw(page.text, page.file.name), page.file.name))
    if page.name != formula.formula:
        remarks.append(f"{page.file.name}: the formula calls itself {formula.formula}; it is found by the file's name")
    wrong = list(problems(formula))
    steps = 0
    if is_cookable(formula) and not (formula.kind == "aspect" and not formula.aspects):
        faults: list[BadInput] = []
        last: list[BadInput | NotFound] = []
        try:
            proto = book.cooked(page, faults=faults)
            steps = len(proto.steps)
            remarks += (*undeclared(proto), *read_again(proto))
        except (BadInput, NotFound) as error:
            last = [error]
        told = [f"{each.message} ({each.hint})" if each.hint else each.message for each in (*faults, *last)]
        wrong += [each for each in dict.fromkeys(told) if not _is_told(each, wrong)]
    return Checked(
        name=formula.formula, file=str(page.file), problems=tuple(wrong), remarks=tuple(remarks), steps=steps
    )


def _is_told(text: str, wrong: Sequence[str]) -> bool:
    """Whether what cooking says of a step's name or title was told of the formula itself, in other words."""
    for mark in (" clashes with the one at ", ": the title must be "):
        about, found, _ = text.partition(mark)
        if found and any(each.startswith(about) for each in wrong):
            return True
    return text in wrong


@verb("bd formula convert", group="molecules", needs=Needs.LEDGER, hidden=True, compact_errors=True)
def convert(hands: Hands, name: Name, *, stdout: Annotated[bool, Arg("Print it, write nothing")] = False) -> Receipt:
    """Write a formula in JSON out as TOML, flattened to the steps it cooks to."""
    book = Cookbook(hands)
    page = book.find(name)
    text = formula_text(book.cooked(page))
    if stdout:
        return Said(plain=text.rstrip("\n"))
    file = page.file.with_name(f"{page.name}.formula.toml")
    if hands.files.exists(file):
        raise BadInput(f"{file} is there already", hint="--stdout prints it instead")
    hands.files.write_text(file, text)
    return Said(plain=f"✓ {file}", value={"formula": page.name, "file": str(file)})


# ---------------------------------------------------------------------------------------------- cooking


class Cooked(Receipt, frozen=True, kw_only=True):
    """A proto, frozen or only shown."""

    proto: Proto
    file: str = ""
    was: str = ""
    """`new`, `changed` or `unchanged`; empty when nothing was written."""
    persisted: bool = False
    remarks: tuple[str, ...] = ()

    def text(self) -> str:
        """What was cooked and where it lies."""
        if not self.was:
            return shown.proto_text(self.proto)
        told = {"new": "", "changed": " (it was another)", "unchanged": " (as it was)"}[self.was]
        return f"✓ Cooked proto: {self.proto.name}{told}\n  {len(self.proto.steps)} steps, frozen in {self.file}"

    def data(self) -> Any:
        """The proto; what was written, when that was asked for."""
        if not self.persisted:
            return msgspec.to_builtins(self.proto)
        record = {"proto_id": self.proto.name, "formula": self.proto.name, "created": len(self.proto.steps) + 1}
        return record | {"variables": list(self.proto.vars), "file": self.file}

    def warnings(self) -> tuple[str, ...]:
        """Variables nobody declared."""
        return self.remarks


@verb(
    "bd cook", group="molecules", needs=Needs.LEDGER, aliases=("bd mol cook", "mol cook", "cook"), compact_errors=True
)
def cook(
    hands: Hands,
    name: Name,
    *,
    var: Vars = (),
    dry_run: Annotated[bool, Arg("Show it, freeze nothing", flags=("--dry-run", "-n"))] = False,
    mode: Annotated[
        str,
        Arg("compile leaves variables open, runtime fills them in and freezes nothing", choices=("compile", "runtime")),
    ] = "compile",
    persist: Annotated[bool, Arg("With --json: say what was frozen instead of showing it")] = False,
    force: Annotated[bool, Arg("Accepted; a proto is always cooked anew", hidden=True)] = False,
    search: Search = (),
) -> Cooked:
    """Cook a formula into a proto, frozen on disk and ready to be poured.

    Cooking the same formula again changes nothing. A value for a variable that loops look at is frozen with it.
    """
    del force
    book = Cookbook(hands, search=search)
    values = parse_values(var)
    proto = book.cooked(book.find(name), values)
    check_known(values, proto)
    remarks = undeclared(proto)
    if mode == "runtime":
        steps = rendered(proto, values_for(proto, values))
        return Cooked(proto=msgspec.structs.replace(proto, steps=steps))
    if dry_run:
        return Cooked(proto=proto, remarks=remarks)
    file, was = book.freeze(proto)
    return Cooked(proto=proto, file=_near(hands, file), was=was, persisted=persist, remarks=remarks)


def _near(hands: Hands, file: Path) -> str:
    """A path as seen from the ledger's home."""
    home = hands.ledger.home
    return str(file.relative_to(home)) if home in file.parents else str(file)
