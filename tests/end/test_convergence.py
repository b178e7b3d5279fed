"""Clones of one ledger that work apart end up the same. GASTOWN_LONG=1 runs it long; the seed is printed on failure."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.end.clones import Company
from tests.ledgers import LONG

SEED = int(os.environ.get("GASTOWN_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
MINUTES = float(os.environ.get("GASTOWN_MINUTES", "3"))


def history(root: Path, seed: int, steps: int, acts: Counter[str]) -> Company:
    """One random history from its seed, checked at its end."""
    chance = random.Random(seed)
    root.mkdir()
    company = Company(root, chance, chance.randrange(2, 6), acts)
    company.live(steps)
    company.meet()
    company.check(root)
    return company


@pytest.mark.parametrize("number", range(3))
def test_clones_that_work_apart_and_meet_through_git_end_in_identical_projections(tmp_path: Path, number: int) -> None:
    seed = SEED + number
    print(f"GASTOWN_SEED={seed}")
    company = history(tmp_path / "all", seed, 30, Counter())
    assert len(company.events) > 4


@pytest.mark.skipif(not LONG, reason="GASTOWN_LONG=1 runs histories for GASTOWN_MINUTES")
def test_many_histories(tmp_path: Path) -> None:
    import shutil

    until, acts, events, number = time.monotonic() + MINUTES * 60, Counter[str](), 0, 0
    while time.monotonic() < until:
        number += 1
        print(f"GASTOWN_SEED={SEED + number}", flush=True)
        events += len(history(tmp_path / "all", SEED + number, 80, acts).events)
        shutil.rmtree(tmp_path / "all")
    print(f"{number} histories, {sum(acts.values())} acts, {events} events: {dict(sorted(acts.items()))}")
    assert number > 1
