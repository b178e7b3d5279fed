"""The terminal a worker without a model lives in: lines out, whole typed lines in, waiting with a limit."""

from __future__ import annotations

import os
import select
import time

from gastown_tui.core.model.text import plain

_CHUNK_BYTES = 4096


class OwnTerminal:
    """The `Terminal` port on standard input and output."""

    def __init__(self, source: int = 0, sink: int = 1) -> None:
        self._source = source
        self._sink = sink
        self._typed = b""
        self._is_at_prompt = False
        self._is_over = False

    def say(self, line: str) -> None:
        """Print a line; one that stands at a prompt is ended first."""
        lead = "\n" if self._is_at_prompt else ""
        self._is_at_prompt = False
        self._write(f"{lead}{plain(line)}\n")

    def prompt(self, text: str) -> None:
        """Put text at the start of a line and leave the cursor behind it."""
        lead = "\n" if self._is_at_prompt else ""
        self._is_at_prompt = True
        self._write(lead + text)

    def read_line(self, wait_s: float) -> str | None:
        """A whole line somebody typed, without its end; None when none came in time.

        Raises:
            EOFError: nobody can type any more.
        """
        deadline = time.monotonic() + wait_s
        while b"\n" not in self._typed:
            if self._is_over:
                raise EOFError
            left = deadline - time.monotonic()
            if left <= 0 or not select.select((self._source,), (), (), left)[0]:
                return None
            chunk = os.read(self._source, _CHUNK_BYTES)
            self._is_over = not chunk
            self._typed += chunk
        line, _, self._typed = self._typed.partition(b"\n")
        self._is_at_prompt = False
        return plain(line.decode(errors="replace")).strip()

    def _write(self, text: str) -> None:
        data = text.encode(errors="replace")
        while data:
            data = data[os.write(self._sink, data) :]
