"""A ledger and the `bd` that works on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.verbs.bd import Bd, bd_at


@pytest.fixture
def bare_bd(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bd]:
    """`bd` in a directory without a ledger."""
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    yield bd_at(tmp_path / "project", capsysbinary, monkeypatch)


@pytest.fixture
def bd(bare_bd: Bd) -> Bd:
    """`bd` in a fresh ledger with the prefix `gt`."""
    bare_bd("init", "--prefix", "gt")
    return bare_bd
