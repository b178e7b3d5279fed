"""An exported screen as a file that shows the same everywhere: no fonts from afar, spaces kept, ids that stay."""

from __future__ import annotations

import re

FONTS = "ui-monospace, 'Cascadia Mono', 'JetBrains Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def tidy(svg: str, name: str) -> str:
    """The picture without anything that changes from one rendering or one machine to the next."""
    svg = re.sub(r"@font-face\s*{[^}]*}\s*", "", svg)
    svg = re.sub(r"terminal-\d+", f"terminal-{name}", svg)
    svg = re.sub(r"font-family: (Fira Code, monospace|Fira Code);", f"font-family: {FONTS};", svg)
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
    return re.sub(r"[ \t]+\n", "\n", svg)
