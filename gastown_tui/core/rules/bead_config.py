"""`config.yaml` of a `.beads`: flat or nested `key: value` lines, read and changed without losing the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.ids import shown

_LINE = r"(?P<indent> *)(?P<key>[A-Za-z0-9_./-]+|\"[^\"]+\"|'[^']+'):(?:[ \t]+(?P<value>.*))?\s*"
_KEY = r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,119}"
_QUOTED = r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^']|'')*)'"
_PLAIN = r"[A-Za-z0-9_./@+-][A-Za-z0-9_./@+ ,-]*"
_VALUE_LIMIT = 4000


def parse_key(text: str) -> str:
    """A configuration key.

    Raises:
        BadInput: it could not be written as one.
    """
    if not re.fullmatch(_KEY, text):
        raise BadInput(f"{shown(text)} cannot be a configuration key", hint="use letters, digits, dots and dashes")
    return text


def read_config(text: str) -> dict[str, str]:
    """Every scalar of the file under its dotted key. Lists and what is not understood are skipped."""
    return {key: value for key, value, _ in _scalars(text)}


def set_in_config(text: str, key: str, value: str) -> str:
    """The file with one key set, everything else as it was.

    Raises:
        BadInput: the value spans lines or is too long.
    """
    if len(value) > _VALUE_LIMIT or any(ord(c) < 32 for c in value):
        raise BadInput(f"the value of {key} must be one line of at most {_VALUE_LIMIT} characters")
    lines = text.splitlines()
    for there, _, number in _scalars(text):
        if there == key:
            head = lines[number].split(":", 1)[0]
            lines[number] = f"{head}: {_written(value)}"
            return "\n".join(lines) + "\n"
    return "\n".join([*lines, f"{key}: {_written(value)}"]) + "\n"


def unset_in_config(text: str, key: str) -> str:
    """The file without one key."""
    gone = {number for there, _, number in _scalars(text) if there == key}
    lines = [line for number, line in enumerate(text.splitlines()) if number not in gone]
    return "\n".join(lines) + "\n" if lines else ""


def words_in(config: Mapping[str, str], key: str) -> tuple[str, ...]:
    """A comma-separated setting, taken apart; what follows a colon in a word is dropped."""
    return tuple(piece.partition(":")[0].strip() for piece in config.get(key, "").split(",") if piece.strip())


def list_in_config(text: str, key: str) -> list[str]:
    """The items of a block list, or of one in brackets, under a dotted key; empty when there is none."""
    found = _block(text, key)
    if found is None:
        said = read_config(text).get(key, "").strip()
        inner = said[1:-1] if said.startswith("[") and said.endswith("]") else said
        return [item for piece in inner.split(",") if (item := _read(piece))]
    lines = text.splitlines()
    items = (_read(lines[number].strip().removeprefix("-")) for number in range(found[0] + 1, found[1]))
    return [item for item in items if item]


def set_list_in_config(text: str, key: str, items: Iterable[str]) -> str:
    """The file with a list under a key of two parts, one item a line, everything else as it was."""
    lines = unset_in_config(text, key).splitlines()
    block = _block("\n".join(lines), key)
    if block is not None:
        del lines[block[0] : block[1]]
    parent, _, last = key.rpartition(".")
    written = [f"  {last}:", *(f"    - {_written(item)}" for item in items)]
    if len(written) == 1:
        return "\n".join(lines) + "\n"
    if f"{parent}:" in lines:
        place = lines.index(f"{parent}:") + 1
        return "\n".join([*lines[:place], *written, *lines[place:]]) + "\n"
    return "\n".join([*lines, f"{parent}:", *written]) + "\n"


def _block(text: str, key: str) -> tuple[int, int] | None:
    """The lines of a key that holds a list: its own, and the first one after it."""
    parent, _, last = key.rpartition(".")
    inside, lines = not parent, text.splitlines()
    for number, line in enumerate(lines):
        if line.rstrip() == f"{parent}:" and parent:
            inside = True
        elif inside and line.strip() == f"{last}:":
            end = number + 1
            while end < len(lines) and lines[end].lstrip().startswith("- "):
                end += 1
            return number, end
        elif inside and parent and line[:1].strip() and not line.startswith("#"):
            inside = False
    return None


def active_statuses(config: Mapping[str, str]) -> tuple[str, ...]:
    """Statuses of one's own that count as work to be taken up: those written `name:active` in `status.custom`."""
    pairs = (piece.partition(":") for piece in config.get("status.custom", "").split(","))
    return tuple(name.strip() for name, _, kind in pairs if kind.strip() == "active")


def _scalars(text: str) -> Iterator[tuple[str, str, int]]:
    """Dotted key, value and line number of each scalar."""
    above: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines()):
        match = re.fullmatch(_LINE, line)
        if match is None or line.lstrip().startswith("#"):
            continue
        indent, key = len(match["indent"]), match["key"].strip("\"'")
        while above and above[-1][0] >= indent:
            above.pop()
        value = _read(match["value"] or "")
        if value is None:
            above.append((indent, key))
        else:
            yield ".".join([*(each for _, each in above), key]), value, number


def _read(text: str) -> str | None:
    """A scalar; None when there is nothing, so that deeper lines belong to the key."""
    text = text.strip()
    if match := re.match(_QUOTED, text):
        double, single = match.groups()
        return single.replace("''", "'") if double is None else re.sub(r"\\(.)", r"\1", double)
    text = re.split(r"\s+#", text, maxsplit=1)[0].strip() if not text.startswith("#") else ""
    return text or None


def _written(value: str) -> str:
    if re.fullmatch(_PLAIN, value) and value == value.strip():
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
