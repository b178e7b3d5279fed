"""The town the verb tests start from: one rig, one bead or more, `shell` workers."""

from __future__ import annotations

from collections.abc import Iterable

from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import RigName
from gastown_tui.core.model.settings import ConvoySettings, RigSettings, Settings
from tests.fakes import FakeTown, fake_town
from tests.towns import a_town


def a_rig_with(
    *beads: Bead | str, runtime: str = "shell", capacity: int = 5, agents: Iterable[str] = (), feed: bool = False
) -> FakeTown:
    """A town with the rig `api` (prefix `ap`) and these beads."""
    rigs = {RigName("api"): RigSettings(capacity=capacity)}
    settings = Settings(runtime=runtime, rigs=rigs, convoys=ConvoySettings(feed=feed))
    return fake_town(a_town(rigs={"api": "ap"}, beads=beads or ("ap-1",), agents=agents, settings=settings))
