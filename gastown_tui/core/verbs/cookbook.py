"""Where formulas and protos lie, nearest first: the project, its ledger, the town, the home directory, the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.model.formula import Formula, Proto
from gastown_tui.core.model.ids import shown
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules.formula_cooking import cook, names_used, place_of
from gastown_tui.core.rules.formula_reading import LIMIT_BYTES, read_formula
from gastown_tui.core.rules.formulas import (
    PROTO_LIMIT_BYTES,
    digest,
    file_names,
    is_formula_name,
    name_in,
    parse_formula_name,
    proto_text,
    read_proto,
)

BUILT_IN = Path(__file__).resolve().parents[2] / "formulas"
"""The formulas shipped with the package."""
_FORMULAS_LIMIT = 200
"""Formulas one formula may draw in."""


class Shelf(msgspec.Struct, frozen=True):
    """One place formulas lie in.

    Attributes:
        tier: `project`, `town`, `home` or `built-in`.
        place: The directory of the formulas; protos lie beside it.
    """

    tier: str
    place: Path

    @property
    def protos(self) -> Path:
        """The directory of its protos."""
        return self.place.parent / "protos"


class Page(msgspec.Struct, frozen=True):
    """A formula file as it was found."""

    name: str
    tier: str
    file: Path
    text: str
    trouble: str = ""
    """Why the file cannot be read as text."""

    def read(self) -> Formula:
        """The formula.

        Raises:
            BadInput: the file holds none.
        """
        if self.trouble:
            raise BadInput(self.trouble)
        return read_formula(self.text, self.file.name)


class Cookbook:
    """The formulas and protos one finds from a place.

    Attributes:
        shelves: Where they are looked for, nearest first.
    """

    def __init__(self, hands: Hands, *, search: Sequence[Path] = (), ledger: str | None = None) -> None:
        self._hands = hands
        self._ledger = hands.ledger.here if ledger is None else ledger
        self.shelves = [Shelf("project", hands.cwd / each) for each in search] or list(self._places())
        self._read: dict[str, Page] = {}

    def _places(self) -> Iterator[Shelf]:
        home, here = self._hands.ledger.home, self._ledger
        found: list[Shelf] = []
        around = [each for each in (self._hands.cwd, *self._hands.cwd.parents) if home in each.parents]
        found += (Shelf("project", each / ".beads" / "formulas") for each in around)
        if here:
            found.append(Shelf("project", home / here / ".beads" / "formulas"))
            found.append(Shelf("project", home / here / "mayor" / "rig" / ".beads" / "formulas"))
        town = "town" if here or self._hands.files.exists(home / "settings.toml") else "project"
        found.append(Shelf(town, home / ".beads" / "formulas"))
        if at_home := self._hands.env.get("HOME", ""):
            found.append(Shelf("home", Path(at_home) / ".beads" / "formulas"))
        found.append(Shelf("built-in", BUILT_IN))
        seen: set[Path] = set()
        for shelf in found:
            if shelf.place not in seen:
                seen.add(shelf.place)
                yield shelf

    @property
    def own_protos(self) -> Path:
        """Where protos cooked here are put."""
        return self._hands.ledger.home / self._ledger / ".beads" / "protos"

    @property
    def own_formulas(self) -> Path:
        """Where formulas made here are put."""
        return self._hands.ledger.home / self._ledger / ".beads" / "formulas"

    def every(self) -> list[Page]:
        """Every formula there is, by name; of several of one name the nearest."""
        found: dict[str, Page] = {}
        for shelf in self.shelves:
            for file in self._hands.files.names(shelf.place):
                name = name_in(file)
                if name and name not in found:
                    found[name] = self._opened(name, shelf, file)
        return [found[name] for name in sorted(found)]

    def _opened(self, name: str, shelf: Shelf, file: str) -> Page:
        path = shelf.place / file
        try:
            return Page(name, shelf.tier, path, self._hands.files.read_text(path, limit_bytes=LIMIT_BYTES))
        except BadInput as error:
            # One file nobody can read does not keep the others from being listed.
            return Page(name, shelf.tier, path, "", error.message)

    def find(self, text: str) -> Page:
        """A formula by its name, or by the path of its file.

        Raises:
            NotFound: there is none, or none of the version asked for.
            BadInput: the text can be neither.
        """
        if "/" in text or text.endswith((".toml", ".json")):
            file = self._hands.cwd / text
            content = self._hands.files.read_text(file, limit_bytes=LIMIT_BYTES)
            return Page(name_in(file.name) or file.stem, "file", file, content)
        name, version = parse_formula_name(text)
        page = self._page(name)
        if page is None:
            raise self._missing(name)
        if version is not None and page.read().version != version:
            raise NotFound(f"{page.name} is at version {page.read().version}, not {version}")
        return page

    def knows(self, text: str) -> bool:
        """Whether a formula or a proto of that name is there."""
        return is_formula_name(text) and (
            self._page(parse_formula_name(text)[0]) is not None or self.frozen(text) is not None
        )

    def file_of(self, name: str) -> Path | None:
        """The file a formula of that name is read from; None when there is none."""
        page = self._page(name)
        return page.file if page else None

    def _page(self, name: str) -> Page | None:
        if name not in self._read:
            for shelf in self.shelves:
                for file in file_names(name):
                    if self._hands.files.exists(shelf.place / file):
                        text = self._hands.files.read_text(shelf.place / file, limit_bytes=LIMIT_BYTES)
                        self._read[name] = Page(name_in(file), shelf.tier, shelf.place / file, text)
                        return self._read[name]
        return self._read.get(name)

    def _missing(self, name: str, by: str = "") -> NotFound:
        from difflib import get_close_matches

        known = [page.name for page in self.every()]
        close = get_close_matches(name, [each for each in known if each != by], n=1)
        hint = f"is {close[0]} meant?" if close else "bd formula list shows what there is"
        return NotFound(f"there is no formula {shown(name)}", hint=hint)

    # ------------------------------------------------------------------------------------------ cooking

    def closure(self, page: Page) -> tuple[dict[str, Formula], dict[str, str]]:
        """A formula and all it draws in, by name, itself first; and a digest of each file.

        Raises:
            NotFound: one of them does not exist.
            BadInput: one of them cannot be read, or they are too many.
        """
        first = page.read()
        formulas = {first.formula: first}
        made_of = {page.file.name: digest(page.text)}
        front = [(first, name) for name in names_used(first)]
        while front:
            by, name = front.pop()
            if name in formulas:
                continue
            parse_formula_name(name)
            other = self._page(name)
            if other is None:
                where = place_of(by, name)
                raise NotFound(f"{where}: there is no formula {shown(name)}", hint=self._missing(name, by.formula).hint)
            if len(formulas) >= _FORMULAS_LIMIT:
                raise BadInput(f"{page.file.name} draws in more than {_FORMULAS_LIMIT} formulas")
            found = other.read()
            formulas[name] = found
            made_of[other.file.name] = digest(other.text)
            front += [(found, each) for each in names_used(found)]
        return formulas, made_of

    def cooked(
        self, page: Page, values: Mapping[str, str] | None = None, *, faults: list[BadInput] | None = None
    ) -> Proto:
        """A formula cooked; nothing is written. What is wrong with its steps goes to `faults`, when given.

        Raises:
            NotFound: it draws in what does not exist.
            BadInput: it is wrong.
        """
        formulas, made_of = self.closure(page)
        return cook(next(iter(formulas)), formulas, values=values, made_of=made_of, faults=faults)

    # ------------------------------------------------------------------------------------------ protos

    def frozen(self, name: str) -> tuple[Proto, Path] | None:
        """The proto of a name as it lies on disk; None when there is none.

        Raises:
            BadInput: the file holds no proto.
        """
        for shelf in self.shelves:
            file = shelf.protos / f"{name}.json"
            if shelf.tier != "built-in" and self._hands.files.exists(file):
                return read_proto(self._hands.files.read_text(file, limit_bytes=PROTO_LIMIT_BYTES), file.name), file
        return None

    def freeze(self, proto: Proto) -> tuple[Path, str]:
        """Put a proto on disk; return where, and whether it is `new`, `changed` or `unchanged`."""
        file = self.own_protos / f"{proto.name}.json"
        text = proto_text(proto)
        try:
            there = self._hands.files.read_text(file, limit_bytes=PROTO_LIMIT_BYTES)
        except NotFound:
            there = ""
        if there == text:
            return file, "unchanged"
        self._hands.files.make_directory(file.parent)
        self._hands.files.write_text(file, text)
        return file, "changed" if there else "new"

    def proto(self, text: str, values: Mapping[str, str] | None = None) -> tuple[Proto, tuple[str, ...]]:
        """What pouring a name pours: its proto as frozen, else its formula cooked now. With it, what to warn of.

        A formula that changed since it was cooked is told of, not taken up. Where a variable that loops look at has
        another value, the formula is cooked with that value.

        Raises:
            NotFound: there is neither.
            BadInput: it is wrong.
        """
        values = values or {}
        is_file = "/" in text or text.endswith((".toml", ".json"))
        name = text if is_file else parse_formula_name(text)[0]
        frozen = None if is_file or "@" in text else self.frozen(name)
        if frozen is None:
            return self.cooked(self.find(text), values), ()
        proto, file = frozen
        page = self._page(name)
        if page is None:
            return proto, ()
        if any(name in values and values[name] != fixed for name, fixed in proto.fixed.items()):
            return self.cooked(page, values), ()
        stale = self._changed_since(page, proto)
        return proto, (f"{page.file.name} changed since {file.name} was cooked; bd cook {name} takes it up",) * stale

    def _changed_since(self, page: Page, proto: Proto) -> bool:
        try:
            return self.closure(page)[1] != proto.made_of
        except (BadInput, NotFound):
            return True
