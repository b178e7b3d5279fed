"""Render every scene of `scenes.py` to SVG; `--check` only says whether the files are those of this commit.

`python screenshots/render.py [--check] [NAME ...]`
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent


def surroundings(state: str) -> None:
    """What the room and Textual read from the environment must not depend on who makes the pictures."""
    for name in [
        name for name in os.environ if name.startswith(("TEXTUAL", "GASTOWN", "GT_", "BD_")) or name == "NO_COLOR"
    ]:
        del os.environ[name]
    os.environ |= {
        "TEXTUAL_ANIMATIONS": "none",
        "COLORTERM": "truecolor",
        "XDG_STATE_HOME": state,
        "XDG_CONFIG_HOME": state,
    }


async def drawn(name: str) -> str:
    """One scene as SVG."""
    from screenshots.scenes import SCENES, app_of, set_scene
    from screenshots.svg import tidy

    scene = next(scene for scene in SCENES if scene.file == name)
    app = app_of(scene)
    async with app.run_test(size=scene.size) as room:
        await set_scene(room, scene)
        return tidy(app.export_screenshot(title="gastown"), scene.file)


def main(arguments: list[str]) -> int:
    """Write or check the pictures."""
    import asyncio

    from screenshots.scenes import SCENES

    wanted = [word for word in arguments if not word.startswith("-")]
    stale = []
    for scene in SCENES:
        if wanted and scene.name not in wanted and scene.file not in wanted:
            continue
        file, svg = FOLDER / f"{scene.file}.svg", asyncio.run(drawn(scene.file))
        if not file.exists() or file.read_text(encoding="utf-8") != svg:
            stale.append(file.name)
            if "--check" not in arguments:
                file.write_text(svg, encoding="utf-8")
    if stale and "--check" in arguments:
        print(f"stale: {', '.join(stale)}; run make screenshots", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER.parent))
    with tempfile.TemporaryDirectory() as state:
        surroundings(state)
        sys.exit(main(sys.argv[1:]))
