"""What of a bead a worker without a model can do, as its `metadata` says."""

from __future__ import annotations

from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.text import one_line

_TITLE_CHARS = 60


def is_any(bead: Bead) -> bool:
    """Whether there is a command to run, a question to ask, a letter to send or a word to wait for.

    Instructions in words are none of these: who cannot follow them must not say that they are done.
    """
    return (
        _is_text(bead.setting("run"))
        or _is_text(bead.setting("ask"))
        or bead.setting("wait_for_nudge") is True
        or _is_letter(bead.setting("mail"))
    )


def wanting(bead: Bead) -> str:
    """What to tell the overseer about work that needs a mind."""
    return (
        f"{bead.id} {one_line(bead.title, _TITLE_CHARS)}: this is for a person or an agent with a model; "
        f'a worker without one needs a command: bd update {bead.id} --metadata \'{{"run": "COMMAND"}}\''
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_letter(value: object) -> bool:
    return isinstance(value, dict) and bool(value.get("to"))
