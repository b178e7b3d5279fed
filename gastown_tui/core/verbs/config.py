"""`gt config`: what people set, for the town and for each rig."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.fold import Town
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.settings import RigSettings, Settings
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb

ROLES = ("mayor", "deacon", "witness", "refinery", "crew", "polecat")
"""Roles that may have a runtime of their own."""
_RIG = Arg("settings of this rig instead of the town's", suggest=Suggest.RIG)


class Values(Receipt, frozen=True, kw_only=True):
    """Some settings and their values."""

    values: Mapping[str, Any]
    bare: bool = False
    """A single value was asked for."""

    def text(self) -> str:
        """`key = value` lines as TOML has them, or the one value as it is."""
        if self.bare:
            value = next(iter(self.values.values()))
            return value if isinstance(value, str) else _toml(value)
        return "\n".join(f"{key} = {_toml(value)}" for key, value in self.values.items())

    def data(self) -> Any:
        """The values by dotted key; the one value when one was asked for."""
        return next(iter(self.values.values())) if self.bare else dict(self.values)


@verb("config get", group="town", mutates=False)
def config_get(
    hands: Hands, key: Annotated[str, Arg("such as runtime or health.quiet_s")], *, rig: Annotated[str, _RIG] = ""
) -> Values:
    """Show the value of one setting.

    Raises:
        BadInput: there is no such setting.
    """
    known = settings_of(hands.ledger.read(), rig)
    found = {name: value for name, value in known.items() if name == key or name.startswith(f"{key}.")}
    if not found:
        raise BadInput(f"there is no setting {shown(key)}", hint=f"settings: {', '.join(known)}")
    return Values(values=found, bare=key in found)


@verb("config list", group="town", mutates=False)
def config_list(hands: Hands, *, rig: Annotated[str, _RIG] = "") -> Values:
    """List every setting and its value."""
    return Values(values=settings_of(hands.ledger.read(), rig))


@verb("config set", group="town")
def config_set(
    hands: Hands,
    key: Annotated[str, Arg("such as runtime or health.quiet_s")],
    value: Annotated[str, Arg('a word, a number, true or false, or a TOML list such as ["a", "b"]')],
    *,
    rig: Annotated[str, _RIG] = "",
) -> Values:
    """Change one setting; comments in the file stay.

    Raises:
        BadInput: there is no such setting, or the value is not of its kind; nothing is written.
    """
    town = hands.ledger.read()
    if key in {"prefix", "name"} and not rig:
        raise BadInput(f"{key} cannot be changed once the town stands", hint="it was given to gt install")
    head, _, role = key.partition(".")
    if head == "roles" and role not in ROLES:
        raise BadInput(f"{shown(role)} is not a role", hint=f"roles: {', '.join(ROLES)}")
    if head in {"runtime", "roles"} and value:
        hands.runtimes.find(value)
    hands.files.set_setting(_file(hands, town, rig), key, value)
    found = settings_of(hands.ledger.read(), rig)
    return Values(values={key: found.get(key)})


@verb("config agent", group="town")
def config_agent(
    hands: Hands,
    role: Annotated[str, Arg("default, or a role", choices=("default", *ROLES))] = "",
    runtime: Annotated[str, Arg("the runtime it gets", suggest=Suggest.RUNTIME)] = "",
    *,
    rig: Annotated[str, _RIG] = "",
) -> Values:
    """Show or choose which agent program a role runs.

    Raises:
        NotFound: there is no such runtime.
        BadInput: a rig has only one choice, for everybody who works in it.
    """
    town = hands.ledger.read()
    if rig and role not in {"", "default", "polecat"}:
        raise BadInput("a rig has one runtime for all its agents", hint=f"gt config agent default RUNTIME --rig {rig}")
    if runtime:
        name = hands.runtimes.find(runtime).name
        key = "runtime" if rig or role == "default" else f"roles.{role}"
        hands.files.set_setting(_file(hands, town, rig), key, name)
        town = hands.ledger.read()
    chosen = _runtimes(town, rig)
    return Values(values={role: chosen[role]} if role else chosen, bare=bool(role and not runtime))


def settings_of(town: Town, rig: str = "") -> dict[str, Any]:
    """Every setting by its dotted key: the town's, or a rig's.

    Raises:
        NotFound: there is no such rig.
    """
    settings: Settings | RigSettings = town.settings.rig(town.rig(rig).name) if rig else town.settings
    record = msgspec.to_builtins(settings)
    record.pop("rigs", None)
    return dict(_flat(record))


def _flat(record: Mapping[str, Any], stem: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{stem}{key}.")
        else:
            yield f"{stem}{key}", value


def _runtimes(town: Town, rig: str) -> dict[str, str]:
    default = (town.settings.rig(town.rig(rig).name).runtime if rig else "") or town.settings.runtime
    if rig:
        return {"default": default, "polecat": default}
    return {"default": default, **{role: town.settings.roles.get(role, default) for role in ROLES}}


def _file(hands: Hands, town: Town, rig: str) -> Path:
    home = hands.ledger.home
    return (home / town.rig(rig).name if rig else home) / "settings.toml"


def _toml(value: Any) -> str:
    return msgspec.json.encode(value).decode()
