"""Formulas by name: how they are called, in which files they lie, and protos as files."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.formula import NAME, Proto
from gastown_tui.core.model.ids import shown
from gastown_tui.core.rules.formula_reading import LIMIT_BYTES, SUFFIXES

PREFIX = "mol-"
"""May be left out of a name when it is looked for."""
PROTO_LIMIT_BYTES = 16 * LIMIT_BYTES


def parse_formula_name(text: str) -> tuple[str, int | None]:
    """A formula's name and the version asked for: `shiny`, `shiny@4`.

    Raises:
        BadInput: it cannot be a formula's name.
    """
    name, at, version = text.strip().partition("@")
    if not NAME.fullmatch(name) or ".." in name or (at and not (version.isdecimal() and len(version) < 10)):
        raise BadInput(f"{shown(text)} cannot name a formula", hint="such as shiny, or shiny@2 for a version")
    return name, int(version) if at else None


def is_formula_name(text: str) -> bool:
    """Whether a word could name a formula."""
    try:
        parse_formula_name(text)
    except BadInput:
        return False
    return True


def file_names(name: str) -> tuple[str, ...]:
    """The files a formula may lie in, in the order they are tried; a molecule's own prefix may have been left out."""
    names = (name,) if name.startswith(PREFIX) else (name, PREFIX + name)
    return tuple(each + suffix for each in names for suffix in SUFFIXES)


def name_in(file: str) -> str:
    """The formula a file's name speaks of; empty when it is no formula file."""
    for suffix in SUFFIXES:
        stem = file.removesuffix(suffix)
        if stem != file and NAME.fullmatch(stem):
            return stem
    return ""


def digest(text: str) -> str:
    """What tells one version of a file from another."""
    return sha256(text.encode()).hexdigest()[:16]


def proto_text(proto: Proto) -> str:
    """A proto as its file holds it; the same proto always reads the same."""
    return msgspec.json.format(msgspec.json.encode(proto), indent=1).decode() + "\n"


def read_proto(text: str, file: str) -> Proto:
    """A proto from its file.

    Raises:
        BadInput: the file holds none.
    """
    try:
        return msgspec.json.decode(text, type=Proto)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"{file} holds no proto: {error}", hint="bd cook makes it anew") from error
