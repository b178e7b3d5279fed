"""What Textual reads from the environment when it is imported must not depend on who runs the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

for name in [name for name in os.environ if name.startswith("TEXTUAL_") or name in {"NO_COLOR", "COLORTERM"}]:
    del os.environ[name]
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["COLORTERM"] = "truecolor"


@pytest.fixture(autouse=True)
def _nothing_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the room keeps from one time to the next stays inside the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
