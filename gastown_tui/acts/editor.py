"""Editing a text in the person's own editor, the terminal handed over meanwhile."""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported

from gastown_tui.core.errors import GastownError

USUAL = "vi"


async def edited(app: App[int], text: str) -> str | None:
    """The text as it is when the editor ends; None when it was left as it was.

    Raises:
        GastownError: there is no such editor, it failed, or this terminal cannot be handed over.
    """
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or USUAL)
    with tempfile.TemporaryDirectory(prefix="gastown-") as folder:
        file = Path(folder) / "text.md"
        file.write_text(text, encoding="utf-8", newline="")
        code = await _run(app, [*words, str(file)])
        if code:
            raise GastownError(f"{words[0]} ended with {code}; the text is as it was")
        after = file.read_text(encoding="utf-8", errors="replace").rstrip("\n")
    return after if after != text.rstrip("\n") else None


async def _run(app: App[int], argv: list[str]) -> int:
    try:
        with app.suspend():
            process = await asyncio.create_subprocess_exec(*argv)
            code = await process.wait()
    except SuspendNotSupported as error:
        raise GastownError("this terminal cannot be handed over", hint="edit the text here") from error
    except OSError as error:
        raise GastownError(
            f"{argv[0]} could not be run: {error.strerror}", hint="VISUAL or EDITOR names the editor"
        ) from error
    app.refresh(layout=True)
    return code
