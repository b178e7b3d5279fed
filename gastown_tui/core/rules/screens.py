r"""What a screen shows: whether its program waits, works, asks or is being typed into. Only `idle` is ever typed into.

Patterns come from the runtime. They are looked for in the lowest rows, joined by line feeds: `^` and `$` stand at
rows, `\Z` after the last row that holds anything. A ready pattern begins at a row and covers the prompt and any hint
that has no faint colour of its own; what stands after it unfaded is somebody's draft. So look with colours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

import msgspec

from gastown_tui.core.model.outside import Runtime, Screen
from gastown_tui.core.model.text import cut, plain

DIALOG_ROWS = 40
"""How far up from the last row a dialog may begin; dialogs show diffs above their choices."""
LIMIT_ROWS = 10
"""How far above the input line a program may say that its provider makes it wait."""
LIMITED = "rate-limited"
"""What a screen is called on which a program says so."""
BUSY_ROWS = 15
"""How far up a sign of work may stand: above an input box and its footer, below what scrolled by."""


class ScreenKind(StrEnum):
    """What a screen was recognised as."""

    IDLE = "idle"
    """It waits for input and nothing is written yet."""
    BUSY = "busy"
    DIALOG = "dialog"
    """A question is up; any key may answer it."""
    HALF_TYPED = "typing"
    """Somebody's unsent text stands in the input line."""
    COPY_MODE = "copy mode"
    DEAD = "dead"
    UNKNOWN = "unknown"


class ScreenState(msgspec.Struct, frozen=True, kw_only=True):
    """What a screen was recognised as, and by what."""

    kind: ScreenKind
    reason: str
    """For a person: the evidence in a few words."""
    question: str = ""
    """What is asked, when a dialog is up."""
    draft: str = ""
    """The unsent text in the input line, as far as its first written row goes."""
    limit: str = ""
    """What it says about a provider that makes it wait, when that was its last word."""

    @property
    def may_type(self) -> bool:
        """Text typed now reaches an empty input line; a limit that has passed is only noticed by trying."""
        return self.kind is ScreenKind.IDLE

    @property
    def name(self) -> str:
        """What the screen is called among the signals of an agent's health."""
        return LIMITED if self.limit else self.kind.value

    @property
    def notice(self) -> str:
        """What it says to a person: the question that is up, or why its provider makes it wait."""
        return self.question or self.limit


class _Cell(msgspec.Struct, frozen=True):
    """One character of a row, and whether it is decoration: faint, or the block cursor."""

    character: str
    hint: bool


_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_WALLS = " \t\u00a0│┃|║▌▐"
_RULES = frozenset("─━═▄▀▁▔╌┄╭╮╰╯┌┐└┘├┤╞╡╘╛╒╕╔╗╚╝")
_MENU = re.compile(r"^[ \t│┃|]*[❯›▶→➤▸●◉>] *1[.)] +\S.*\n(?:.*\n){0,3}?[ \t│┃|]*2[.)] +\S", re.MULTILINE)
"""A choice of numbered answers with the first one marked, as every known agent draws it."""
_PLEA = re.compile(
    r"(?:[(\[]y(?:es)?/no?[)\]]\s*[:?]?|\bpass(?:word|phrase)[^:\n]*:|\bpress (?:enter|return|any key)\b.*)\s*\Z",
    re.IGNORECASE,
)
"""A plain program's question on the last row."""


def classify(screen: Screen, runtime: Runtime, *, dead: bool = False) -> ScreenState:
    """Recognise a screen.

    Dialogs win over signs of work, those over an input line. A visible cursor must stand on the input line; where a
    program hides it, the lowest input line counts.

    Args:
        screen: One look, with colours.
        runtime: Whose screen it is.
        dead: Its program has ended.
    """
    if dead:
        return ScreenState(kind=ScreenKind.DEAD, reason="its program has ended")
    if screen.in_mode:
        return ScreenState(kind=ScreenKind.COPY_MODE, reason="somebody is scrolling in it")
    rows = _rows(screen.lines)
    if not rows:
        return ScreenState(kind=ScreenKind.UNKNOWN, reason="the screen is blank")
    line = _input_line(screen, rows, runtime.ready_patterns)
    if asked := _dialog(rows, runtime, line):
        asks = question(screen.lines, runtime)
        return ScreenState(kind=ScreenKind.DIALOG, reason=f"a question is up: {cut(asked, 80)}", question=asks)
    if sign := _found(runtime.busy_patterns, rows[-BUSY_ROWS:]):
        return ScreenState(kind=ScreenKind.BUSY, reason=f"it shows {cut(sign, 60)}")
    limit = _limit(rows, runtime, line)
    if line is None:
        reason = "no input line of its kind is to be seen"
        return ScreenState(kind=ScreenKind.UNKNOWN, reason=reason, limit=limit)
    if line.off_cursor:
        return ScreenState(kind=ScreenKind.UNKNOWN, reason="the cursor does not stand on the input line")
    if line.draft:
        return ScreenState(kind=ScreenKind.HALF_TYPED, reason=f"unsent text: {cut(line.draft, 60)}", draft=line.draft)
    return ScreenState(kind=ScreenKind.IDLE, reason="an empty input line waits", limit=limit)


def question(lines: Sequence[str], runtime: Runtime) -> str:
    """The question on a screen in one line, with the command it is about when one is shown; empty when none is asked.

    Args:
        lines: The rows, with or without colours.
        runtime: Whose screen it is.
    """
    rows = _rows(lines)[-DIALOG_ROWS:]
    if not rows or not _dialog(rows, runtime, None):
        return ""
    bare = [_bare(row) for row in rows]
    choices = next((at for at, row in enumerate(bare) if re.match(r"(?:\W\s*)?1[.)]\s", row)), len(bare))
    above = bare[:choices] or bare
    at = next((at for at in reversed(range(len(above))) if above[at].endswith("?") or above[at].startswith("? ")), None)
    if at is None:
        at = next((at for at in reversed(range(len(above))) if above[at]), 0)
        return cut(above[at], 160)
    asked = re.sub(r"^[?✔●⏺•◆]\s+", "", above[at])
    subject = _subject(bare, at)
    return cut(f"{asked} {subject}" if subject and subject not in asked else asked, 160)


# ---------------------------------------------------------------------------------------------- rows


def _rows(lines: Sequence[str]) -> list[str]:
    """Rows without sequences and trailing space, up to the last one that holds anything."""
    rows = [plain(line).rstrip() for line in lines]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _bare(row: str) -> str:
    """A row without the box around it."""
    bare = row.strip(_WALLS)
    return "" if _is_rule(bare) else bare


def _is_rule(row: str) -> bool:
    return all(c in _RULES or c in _WALLS for c in row)


def _cells(line: str) -> list[_Cell]:
    """The characters of a coloured row with their faintness and inversion."""
    cells: list[_Cell] = []
    faint = inverse = False
    at = 0
    for sequence in [*_SGR.finditer(line), None]:
        end = sequence.start() if sequence else len(line)
        cells.extend(_Cell(c, faint or inverse) for c in plain(line[at:end]))
        if sequence is None:
            break
        at = sequence.end()
        faint, inverse = _after(sequence[1], faint, inverse)
    return cells


def _after(parameters: str, faint: bool, inverse: bool) -> tuple[bool, bool]:
    codes = iter(parameters.split(";"))
    for code in codes:
        match code.split(":")[0]:
            case "" | "0":
                faint = inverse = False
            case "1":
                pass
            case "2":
                faint = True
            case "22":
                faint = False
            case "7":
                inverse = True
            case "27":
                inverse = False
            case "38" | "48" | "58" if ":" not in code:
                for _ in range(1 if next(codes, "") == "5" else 3):
                    next(codes, "")
    return faint, inverse


# ---------------------------------------------------------------------------------------------- the input line


class _InputLine(msgspec.Struct, frozen=True, kw_only=True):
    """Where text would go."""

    row: int
    draft: str
    """What stands there unsent."""
    off_cursor: bool = False


def _input_line(screen: Screen, rows: list[str], patterns: Iterable[str]) -> _InputLine | None:
    """The row at the cursor when it shows, else the lowest that looks like an input line.

    A prompt that is nothing but the wall of a box proves something only where the cursor stands.
    """
    ends = {at: end for at in range(len(rows)) if (end := _prompt_end(patterns, rows, at)) is not None}
    if not screen.cursor_visible:
        ends = {at: end for at, end in ends.items() if rows[at][:end].strip(_WALLS)}
    if not ends:
        return None
    if screen.cursor_visible and screen.cursor_y not in ends:
        held = _holding(rows, ends, screen)
        if held is None:
            return _InputLine(row=max(ends), draft="", off_cursor=True)
        return _InputLine(row=held, draft=_draft(screen.lines, held, ends[held]) or _bare(rows[screen.cursor_y]))
    at = screen.cursor_y if screen.cursor_visible else max(ends)
    return _InputLine(row=at, draft=_draft(screen.lines, at, ends[at]))


def _holding(rows: list[str], ends: dict[int, int], screen: Screen) -> int | None:
    """The input line whose further rows the cursor stands in.

    Those are indented, or go on where a full row ended; what a plain program prints is neither.
    """
    if screen.cursor_y >= len(rows):
        return None
    for at in range(screen.cursor_y, -1, -1):
        if at in ends:
            return at
        goes_on = at > 0 and 0 < screen.width_cells <= _width(rows[at - 1]) + 1
        if not _bare(rows[at]) or (rows[at][0] not in _WALLS and not goes_on):
            return None
    return None


def _width(row: str) -> int:
    """Cells a row takes; wide characters take two and may leave the last cell of a row free."""
    return len(row) if row.isascii() else sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in row)


def _prompt_end(patterns: Iterable[str], rows: list[str], at: int) -> int | None:
    """Where the prompt on a row ends, when there is one; a pattern may look at the rows below by `(?!...)`."""
    if at < len(rows) - BUSY_ROWS:
        return None
    text = "\n".join(rows[at:])
    for pattern in patterns:
        found = _compiled(pattern).match(text)
        if found and "\n" not in found[0]:
            return found.end()
    return None


def _draft(lines: Sequence[str], at: int, prompt_end: int) -> str:
    """What a person would take for written text after the prompt, over the rows the input line runs on."""
    parts = [_written(_cells(lines[at])[prompt_end:])]
    for line in lines[at + 1 :]:
        cells = _cells(line)
        if not _bare("".join(cell.character for cell in cells)):
            break
        parts.append(_written(cells))
    return " ".join(filter(None, parts))


def _written(cells: Iterable[_Cell]) -> str:
    return "".join(cell.character for cell in cells if not cell.hint).strip(_WALLS)


# ---------------------------------------------------------------------------------------------- signs


def _dialog(rows: list[str], runtime: Runtime, line: _InputLine | None) -> str:
    """The row a dialog was recognised by; a numbered list above an empty input line is prose, not a dialog."""
    low = rows[-DIALOG_ROWS:]
    if own := _found(runtime.dialog_patterns, low):
        return own
    text = "\n".join(low)
    for pattern in (_MENU, _PLEA):
        for found in pattern.finditer(text):
            at = len(rows) - len(low) + text.count("\n", 0, found.start())
            if line is None or line.off_cursor or line.draft or at > line.row:
                return _bare(_row_at(text, found.start())) or "a choice"
    return ""


def _limit(rows: list[str], runtime: Runtime, line: _InputLine | None) -> str:
    """The row that tells of a limit since something was last sent; what was said before that is history."""
    end = len(rows) if line is None else line.row
    last = range(end - 1, max(end - LIMIT_ROWS, 0) - 1, -1)
    sent = next((at for at in last if _prompt_end(runtime.ready_patterns, rows, at) is not None), -1)
    said = _found(runtime.limit_patterns, rows[max(sent + 1, end - LIMIT_ROWS, 0) : end])
    return cut(re.sub(r"^\W+\s", "", said), 160)


def _found(patterns: Iterable[str], rows: Sequence[str]) -> str:
    """The row of the first pattern that is found, its box taken off."""
    text = "\n".join(rows)
    for pattern in patterns:
        if found := _compiled(pattern).search(text):
            begins = found.end() - len(found[0].lstrip())
            return _bare(_row_at(text, begins)) or "a sign of it"
    return ""


def _row_at(text: str, offset: int) -> str:
    return text[text.rfind("\n", 0, offset) + 1 :].split("\n", 1)[0]


def _subject(bare: list[str], at: int) -> str:
    """The command a question is about: one marked by `$` below it, else the first row of the block above it."""
    for row in bare[at + 1 : at + 8]:
        if row.startswith("$ "):
            return row[2:]
    if not re.match(r"(?:do you want to|would you like to|allow this)\b", bare[at], re.IGNORECASE):
        return ""
    above = bare[:at]
    while above and not above[-1]:
        above.pop()
    block: list[str] = []
    while above and above[-1]:
        block.append(above.pop())
    return block[-1] if block else ""


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)
