"""`settings.toml` of the town and of its rigs: read into `Settings`, and changed without losing what people wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from gastown_tui.core.errors import BadInput
from gastown_tui.core.model.ids import RigName, shown
from gastown_tui.core.model.settings import RigSettings, Settings
from gastown_tui.core.world.regular import read_regular

SIZE_LIMIT_BYTES = 256 * 1024
_Stat = tuple[int, int, int]
_Kind = TypeVar("_Kind", Settings, RigSettings)


class SettingsFiles:
    """The settings of one town, read again only when a file changed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._cache: dict[Path, tuple[_Stat, Any]] = {}
        self._last: tuple[tuple[Any, ...], Settings] | None = None

    def read(self, rigs: tuple[str, ...]) -> Settings:
        """The town's settings with those of the named rigs.

        Raises:
            BadInput: a file is not TOML, too large, or has an unknown key; the message names file and key.
        """
        town = self._one(self._root / "settings.toml", Settings)
        each = {RigName(rig): self._one(self._root / rig / "settings.toml", RigSettings) for rig in rigs}
        key = (id(town), *((rig, id(settings)) for rig, settings in each.items()))
        if self._last is None or self._last[0] != key:
            self._last = (key, replace(town, rigs={**town.rigs, **each}))
        return self._last[1]

    def _one(self, file: Path, kind: type[_Kind]) -> _Kind:
        try:
            status = file.stat()
        except (FileNotFoundError, NotADirectoryError):
            stat: _Stat = (0, 0, 0)
        else:
            stat = (status.st_ino, status.st_size, status.st_mtime_ns)
        known = self._cache.get(file)
        if known is None or known[0] != stat:
            known = (stat, kind() if stat == (0, 0, 0) else read_settings(file, kind))
            self._cache[file] = known
        settings: _Kind = known[1]
        return settings


def read_settings(file: Path, kind: type[_Kind]) -> _Kind:
    """Read one settings file.

    Raises:
        BadInput: it is not TOML, too large, or has a key or value that does not belong there.
    """
    try:
        data = read_regular(file, SIZE_LIMIT_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > SIZE_LIMIT_BYTES:
        raise BadInput(f"{file} is larger than {SIZE_LIMIT_BYTES} bytes")
    import tomllib

    try:
        record = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{file} is not TOML: {error}") from error
    return _convert(record, kind, str(file))


def set_setting(file: Path, key: str, value: str, *, is_rig: bool | None = None) -> str:
    """The text of a settings file with one dotted key changed; comments and order stay.

    Args:
        file: The file; may be missing.
        key: Such as `runtime`, `health.quiet_s` or `roles.mayor`.
        value: TOML (`5`, `true`, `["a", "b"]`) or, where text is wanted, the bare words.
        is_rig: Whether it is a rig's file; found out from its place when not said.

    Raises:
        BadInput: the key is unknown or the value not of its type.
    """
    import tomllib

    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    is_rigs = _is_rig(file, is_rig)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    pieces = key.split(".")
    if not all(pieces):
        raise BadInput(f"{shown(key)} is not a setting")
    problem: BadInput | None = None
    for candidate in _readings(value):
        try:
            document = tomlkit.parse(text)
        except TOMLKitError as error:
            raise BadInput(f"{file} is not TOML: {error}") from error
        table: Any = document
        for piece in pieces[:-1]:
            if piece not in table:
                table[piece] = tomlkit.table()
            table = table[piece]
            if not isinstance(table, dict):
                raise BadInput(f"{shown(key)} is not a setting: {shown(piece)} holds a value, not a section")
        table[pieces[-1]] = candidate
        changed = tomlkit.dumps(document)
        try:
            record = tomllib.loads(changed)
            _convert(record, RigSettings, str(file)) if is_rigs else _convert(record, Settings, str(file))
        except BadInput as error:
            problem = problem or error
            continue
        return changed
    raise problem or BadInput(f"{shown(value)} is not a value for {shown(key)}")


def _readings(value: str) -> list[Any]:
    import tomllib

    try:
        typed = tomllib.loads(f"v = {value}")["v"] if "\n" not in value else value
    except tomllib.TOMLDecodeError:
        return [value]
    return [typed, value] if typed != value else [value]


def _is_rig(file: Path, said: bool | None) -> bool:
    from gastown_tui.core.world.locate import is_town

    return said if said is not None else is_town(file.parent.parent) and not is_town(file.parent)


def _convert(record: dict[str, Any], kind: type[_Kind], where: str) -> _Kind:
    if kind is Settings and "rigs" in record:
        raise BadInput(f"{where}: unknown key 'rigs'", hint="a rig's settings stand in its own settings.toml")
    try:
        return msgspec.convert(record, kind)
    except msgspec.ValidationError as error:
        raise BadInput(f"{where}: {_plain(str(error))}") from error


def _plain(message: str) -> str:
    """Msgspec's wording with its path notation turned into a dotted key."""
    text, at, path = message.partition(" - at `")
    dotted = path.strip("`").removeprefix("$").lstrip(".")
    text = text.replace("Object contains unknown field", "unknown key").replace("`", "'")
    return f"{dotted}: {text}" if at and dotted else text
