"""What Textual reads from the environment when it is imported must not depend on who runs the tests."""

from __future__ import annotations

import os

for name in [name for name in os.environ if name.startswith("TEXTUAL_") or name in {"NO_COLOR", "COLORTERM"}]:
    del os.environ[name]
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["COLORTERM"] = "truecolor"
