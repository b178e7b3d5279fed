"""A plan given out at once: what waits for other work begins by itself, and a convoy's work finds its workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end.documents_town import Terminal, Town, filed
from tests.places import git
from tests.ports.tmux_server import eventually

pytestmark = [pytest.mark.tmux, pytest.mark.slow]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path)
    yield town
    town.close()


def task(rig: Terminal, title: str, run: str) -> str:
    return filed(rig(f"""bd create --title="{title}" --metadata '{{"run": "{run}"}}'"""))


def test_blocked_work_and_stranded_work_are_done_without_anybody_coming_back(town: Town) -> None:
    town.workers_are("shell")
    rig = town.person.at(town.rig)
    first, side = task(rig, "First", "echo one > one.txt"), task(rig, "Side", "echo side > side.txt")
    second = task(rig, "Second", "cat one.txt && echo two > two.txt")
    rig(f"bd dep add {second} {first}")
    assert f"Queued {second} for myproject: it waits for {first}" in rig(f"gt sling {second} myproject")
    town.person(f'gt convoy create "Both" {first} {side}')
    assert first in town.person("gt convoy stranded")
    town.person("gt config set convoys.feed true")
    town.person("gt start --no-mayor")

    def all_closed() -> bool:
        return all(rig.json(f"bd show {each}")[0]["status"] == "closed" for each in (first, second, side))

    eventually(all_closed, within_s=120)
    log = git(town.folder / "repo.git", "log", "--reverse", "--format=%s", "--merges", "main")
    assert log.index(f"Merge {first}:") < log.index(f"Merge {second}:")
    eventually(lambda: town.person("gt convoy list --all").count("complete") == 2)
