"""Clones of one ledger that work apart end up the same. GASTOWN_LONG=1 runs it long; the seed is printed on failure."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from gastown_tui.core.world import segments
from tests.end.clones import Company
from tests.ledgers import LONG

SEED = int(os.environ.get("GASTOWN_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
MINUTES = float(os.environ.get("GASTOWN_MINUTES", "3"))
_SMALL_BYTES = 4000
"""A log that is sealed every dozen events or so."""


def history(root: Path, seed: int, steps: int, acts: Counter[str], patch: pytest.MonkeyPatch) -> Company:
    """One random history from its seed, checked at its end; every other one with logs that are soon sealed."""
    print(f"GASTOWN_SEED={seed}", flush=True)
    chance = random.Random(seed)
    root.mkdir()
    with patch.context() as patched:
        if seed % 2:
            patched.setattr(segments, "SEGMENT_BYTES", _SMALL_BYTES)
        company = Company(root, chance, chance.randrange(2, 6), acts)
        company.live(steps)
        company.meet()
        company.check(root)
    return company


@pytest.mark.parametrize("number", range(3))
def test_clones_that_work_apart_and_meet_through_git_end_in_identical_projections(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = history(tmp_path / "all", SEED + number, 30, Counter(), monkeypatch)
    assert len(company.events) > 4


@pytest.mark.skipif(not LONG, reason="GASTOWN_LONG=1 runs histories for GASTOWN_MINUTES")
def test_many_histories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    until, acts, number, events, sealed = time.monotonic() + MINUTES * 60, Counter[str](), 0, 0, 0
    while time.monotonic() < until:
        number += 1
        company = history(tmp_path / "all", SEED + number, 80, acts, monkeypatch)
        events, sealed = events + len(company.events), sealed + company.sealed
        shutil.rmtree(tmp_path / "all")
    told = f"{number} histories, {sum(acts.values())} acts, {events} events, {sealed} segments"
    print(f"{told}: {dict(sorted(acts.items()))}")
    assert number > 1 and sealed
