"""The fields of a form: from what is known to text, and from text to a verb's argument."""

from __future__ import annotations

import shlex
from typing import Any

from gastown_tui.core.verbs.declare import Parameter, Suggest
from gastown_tui.core.views.suggestions import Suggestion

_YES = frozenset({"yes", "y", "true", "on", "1"})
_NO = frozenset({"", "no", "n", "false", "off", "0"})


class Unreadable(ValueError):
    """What was typed is not of the form it must have."""

    def __init__(self, field: Field, message: str) -> None:
        super().__init__(message)
        self.field = field


class Field:
    """One parameter on a form."""

    def __init__(self, parameter: Parameter, known: Any = None) -> None:
        self.parameter = parameter
        self.text = "" if known is None else _spelled(known)
        """What stands in it at first."""
        self.is_guessed = bool(self.text) and parameter.is_option
        """Whether that is no more than likely, so that people should have a look at it."""

    @property
    def name(self) -> str:
        """The parameter's name."""
        return self.parameter.name

    @property
    def label(self) -> str:
        """What it is called for people."""
        each = self.parameter
        if each.is_option:
            return each.flags[0].lstrip("-").replace("-", " ")
        name = each.arg.metavar or each.name.rstrip("_")
        return name.replace("_", " ").lower()

    @property
    def is_asked(self) -> bool:
        """Whether Enter stops at it while it is empty: what must be, what comes first on the line, whom it is for."""
        each = self.parameter
        return each.is_required or not each.is_option or each.arg.suggest is Suggest.TARGET or each.arg.asked

    @property
    def is_wanted(self) -> bool:
        """Whether it is on the form before every option is asked for: what is asked, what is known, own words."""
        arg = self.parameter.arg
        is_words = arg.long_text and self.parameter.kind == "str" and not arg.optional_value
        return self.is_asked or bool(self.text) or is_words

    @property
    def is_long(self) -> bool:
        """Whether it deserves more than a line."""
        return self.parameter.arg.long_text and not self.parameter.is_many

    def choices(self) -> tuple[Suggestion, ...] | None:
        """All there is to choose from, when that is little."""
        each = self.parameter
        if each.kind == "bool":
            return (Suggestion("yes", each.arg.about), Suggestion("no"))
        return tuple(Suggestion(choice) for choice in each.arg.choices) if each.arg.choices else None

    def word_under_way(self, text: str) -> str:
        """What of the text is still being typed: all of it, or the last of several values."""
        return text.rsplit(" ", 1)[-1] if self.parameter.is_many else text

    def with_word(self, text: str, word: str) -> str:
        """The text with a whole value in place of the one under way."""
        if not self.parameter.is_many:
            return word
        before = text.rsplit(" ", 1)[0] + " " if " " in text else ""
        return f"{before}{shlex.quote(word)} "

    def value(self, text: str) -> Any:
        """The argument.

        Raises:
            Unreadable: the text is no such value.
        """
        each, text = self.parameter, text.strip()
        if text == "-" and (self.is_long or each.arg.suggest is Suggest.PATH):
            raise Unreadable(self, f"{self.label}: there is no standard input in the room")
        if each.is_many:
            return self._several(text)
        if not text:
            return "" if each.is_required else each.default
        match each.kind:
            case "bool":
                return self._yes_or_no(text)
            case "int" | "float":
                return self._number(text)
        return text

    def _several(self, text: str) -> tuple[str, ...]:
        try:
            return tuple(shlex.split(text))
        except ValueError:
            return tuple(text.split())

    def _yes_or_no(self, text: str) -> bool:
        if text.lower() not in _YES | _NO:
            raise Unreadable(self, f"{self.label} is yes or no, not {text[:40]!r}")
        return text.lower() in _YES

    def _number(self, text: str) -> float:
        try:
            return int(text) if self.parameter.kind == "int" else float(text)
        except ValueError as error:
            raise Unreadable(self, f"{self.label} is a number, not {text[:40]!r}") from error


def _spelled(known: Any) -> str:
    if isinstance(known, bool):
        return "yes" if known else ""
    if isinstance(known, tuple | list):
        return " ".join(shlex.quote(str(each)) for each in known)
    return str(known)
