"""On which line of a formula file each thing stands, and every part that can be wrong told where it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]
"""Keys and numbers from the top of a file to a thing in it: `("steps", 2, "id")`."""

_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PIECE = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|\n')

_WITH_ID = frozenset({"steps", "template", "legs", "aspects", "children", "body", "before", "after"})
"""Lists of steps; a step is said to stand where its id does."""
_OTHERS = frozenset({"advice", "expand", "map", "branch", "gate"})
_TABLES = frozenset({"vars", "inputs"})
_NAMED = (("extends",), ("compose", "aspects"), ("synthesis",), ("formula",))
_TEXTS = frozenset({"metadata", "prompts", "output", "presets", "mail", "expand_vars"})


class Lines:
    """The line of every key and table of a file, by its path."""

    def __init__(self, text: str, *, is_json: bool) -> None:
        self._at: dict[Path, int] = {}
        for path, line in _walk_json(text) if is_json else _walk_toml(text):
            self._at.setdefault(path, line)

    def at(self, path: Path) -> int:
        """The line of a thing, or of the nearest that holds it; 0 when nothing is known."""
        while path:
            if path in self._at:
                return self._at[path]
            path = path[:-1]
        return 0


def _walk_toml(text: str) -> Iterator[tuple[Path, int]]:
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in _outside_texts(text):
        if header := _header(line):
            table = _table(header.lstrip("["), counts, is_list=header.startswith("["))
            yield table, number
        elif key := _KEY.match(line):
            path = (*table, *(piece.strip("\"'") for piece in _PIECE.findall(key[1])))
            for end in range(len(table) + 1, len(path) + 1):
                yield path[:end], number


def _header(line: str) -> str:
    """What stands between the outer brackets of a header; empty when a line is none."""
    line = line.strip()
    body, end, rest = line[1:].partition("]")
    is_end = not rest.lstrip("]").strip() or rest.lstrip("]").lstrip().startswith("#")
    return body.strip() if line.startswith("[") and end and is_end else ""


def _table(words: str, counts: dict[Path, int], *, is_list: bool) -> Path:
    """The path a header stands for: lists on the way mean their newest entry."""
    path: Path = ()
    names = [piece.strip("\"'") for piece in _PIECE.findall(words)]
    for name in names[:-1]:
        path = (*path, name)
        path = (*path, counts[path]) if path in counts else path
    path = (*path, names[-1]) if names else path
    if is_list:
        counts[path] = counts.get(path, -1) + 1
        return (*path, counts[path])
    return path


def _outside_texts(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, those inside a text of several lines apart."""
    quote = ""
    for number, line in enumerate(text.split("\n"), 1):
        if not quote:
            yield number, line
        for mark in ('"""', "'''"):
            if quote in {"", mark} and line.count(mark) % 2:
                quote = "" if quote else mark


def _walk_json(text: str) -> Iterator[tuple[Path, int]]:
    path: list[str | int] = []
    number, last = 1, ""
    for match in _JSON.finditer(text):
        token = match[0]
        if token == "\n":
            number += 1
        elif token in "{[":
            path.append(0 if token == "[" else "")
            yield tuple(path[:-1]), number
            if token == "[":
                yield tuple(path), number
        elif token in "}]":
            path[-1:] = []
        elif token == ":" and path:
            path[-1] = last
            yield tuple(path), number
        elif token == "," and path and isinstance(path[-1], int):
            path[-1] += 1
        else:
            last = token[1:-1]


def place(raw: dict[str, Any], file: str, lines: Lines) -> None:
    """Write into steps, rules and variables where they stand, and into the formula where its names of others do."""
    raw["places"] = {".".join(path): _where(file, lines.at(path)) for path in _NAMED if _has(raw, path)}
    _mark(raw, file, lines, ())


def _has(raw: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    at: Any = raw
    for key in path:
        at = at.get(key) if isinstance(at, Mapping) else None
    return at is not None


def _where(file: str, line: int) -> str:
    return f"{file}:{line}" if line else file


def _mark(raw: dict[str, Any], file: str, lines: Lines, path: Path) -> None:
    for key, value in raw.items():
        here = (*path, key)
        if key in _TABLES and not path and isinstance(value, dict):
            for name, var in value.items():
                if isinstance(var, dict):
                    var["origin"] = _where(file, lines.at((*here, name)))
            continue
        is_list = isinstance(value, list)
        for number, each in enumerate(value if is_list else [value]):
            if not isinstance(each, dict) or key in _TEXTS or key == "places":
                continue
            inner = (*here, number) if is_list else here
            if key in _WITH_ID:
                each["origin"] = _where(file, lines.at((*inner, "id")))
            elif key in _OTHERS and is_list:
                each["origin"] = _where(file, lines.at(inner))
            _mark(each, file, lines, inner)
