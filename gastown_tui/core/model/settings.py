"""What people set: `settings.toml` of the town and of each rig. Every key has a default that works."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gastown_tui.core.model.ids import RigName


class ConvoySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a convoy counts as fresh, and who sees to it that it moves."""

    active_s: int = 60
    stale_s: int = 300
    """Older than this is stuck."""
    feed: bool = False
    """The deacon gives stranded work to its rig by itself, as far as the rig has room."""


class HealthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a silent worker is worth a look. Seconds."""

    quiet_s: int = 300
    """No event and a still pane for this long: nudge."""
    stuck_s: int = 900
    """Still nothing: shown as stuck, the overseer is told."""
    nudge_retry_s: int = 20
    nudge_strand_s: int = 1800
    """A doorbell that could not be rung for this long is stranded."""
    restart_limit: int = 3
    """Sessions per assignment before the worker is left for a person."""
    restart_backoff_s: float = 2.0
    """Doubles with each restart."""


class DaemonSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mechanics' rhythm."""

    beat_s: float = 1.0
    refinery: bool = True
    witness: bool = True


class RigSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rig."""

    gate: str = ""
    """The command that must pass on every merged result; empty: nothing is gated, and the queue says so."""
    gate_timeout_s: float = 1800.0
    target: str = ""
    """Branch that merges land on; empty: the rig's default branch."""
    capacity: int = 5
    """Workers at one time; more work waits in line."""
    runtime: str = ""
    names: tuple[str, ...] = ()
    """A pool of worker names; empty: slot0, slot1, …"""
    merge_retries: int = 3
    """Infrastructure trouble or a moved target is tried this often before a person is asked."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole town."""

    name: str = ""
    prefix: str = "hq"
    runtime: str = "claude"
    """Runtime of workers unless a rig, a role or `--runtime` says otherwise."""
    roles: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Runtime by role: `mayor = "codex"`."""
    start_mayor: bool = True
    convoys: ConvoySettings = ConvoySettings()
    health: HealthSettings = HealthSettings()
    daemon: DaemonSettings = DaemonSettings()
    rigs: Mapping[RigName, RigSettings] = msgspec.field(default_factory=dict)
    """Filled from each rig's own `settings.toml`."""

    def rig(self, name: RigName) -> RigSettings:
        """The settings of a rig; defaults when it has no file."""
        return self.rigs.get(name, RigSettings())
