"""Every named scene of the room looks as its picture in screenshots/ says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "screenshots").glob("*.svg"))


def test_the_home_screen_is_pictured_at_its_three_sizes() -> None:
    names = {picture.stem for picture in PICTURES}
    assert {"home-80x24", "home-120x40", "home-200x60"} <= names
    assert len(names) >= 6


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_a_scene_looks_as_pictured(picture: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "screenshots" / "render.py"), "--check", picture.stem],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
