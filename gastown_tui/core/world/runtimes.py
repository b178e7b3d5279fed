"""Runtime presets from TOML files: those shipped with the package, and a town's own, which win."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gastown_tui.core.errors import BadInput, NotFound, ToolFailed
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.outside import Runtime
from gastown_tui.core.rules.keystrokes import is_key_name
from gastown_tui.core.world.regular import read_regular

SHIPPED = Path(__file__).resolve().parents[2] / "runtimes"
"""The presets that come with the package."""

SIZE_LIMIT = 256_000
"""Bytes a preset may have."""
PATTERN_LIMIT = 400
"""Characters a pattern may have."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_KEYS = tuple(field for field in Runtime.__struct_fields__ if field != "name")
_PATTERN_KEYS = ("ready_patterns", "busy_patterns", "dialog_patterns", "limit_patterns")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class TomlRuntimes:
    """The presets of some directories; a file's stem is the runtime's name. Files are read when asked for."""

    def __init__(self, extra_dirs: Sequence[Path] = ()) -> None:
        """Look in the shipped directory and then, with growing precedence, in `extra_dirs`."""
        self._directories = (SHIPPED, *extra_dirs)

    def names(self) -> tuple[str, ...]:
        """All presets, shipped and the town's own, sorted."""
        return tuple(sorted(self._files()))

    def find(self, name: str) -> Runtime:
        """One preset by name.

        Raises:
            NotFound: there is none; the hint lists those there are.
            BadInput: its file is not what a preset must be; the message names the file and the key.
        """
        files = self._files()
        if name not in files:
            raise NotFound(f"there is no runtime {shown(name)}", hint="known runtimes: " + ", ".join(sorted(files)))
        return read_runtime(files[name])

    def argv(self, runtime: Runtime, *, prompt: str = "", resume: bool = False) -> tuple[str, ...]:
        """The command line to start it: program, arguments, those that resume, those that carry the prompt.

        Raises:
            ToolFailed: the program is not installed; one line says which and where it was looked for.
        """
        carried = tuple(part.replace("{prompt}", _as_value(prompt)) for part in runtime.prompt_args) if prompt else ()
        return (_program(runtime), *runtime.args, *(runtime.resume_args if resume else ()), *carried)

    def _files(self) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for directory in self._directories:
            if directory.is_dir():
                files.update((path.stem, path) for path in directory.glob("*.toml") if _NAME.fullmatch(path.stem))
        return files


def read_runtime(path: Path) -> Runtime:
    """Read one preset file.

    Raises:
        BadInput: it is too large, no TOML, has an unknown key or a value of the wrong kind.
    """
    table = _table(path)
    for key in table:
        if key not in _KEYS:
            raise BadInput(f"{path}: unknown key {shown(key)}", hint="a runtime may have: " + ", ".join(_KEYS))
    try:
        runtime = msgspec.convert({**table, "name": path.stem}, Runtime)
    except msgspec.ValidationError as error:
        raise BadInput(f"{path}: {error}") from error
    _check(path, runtime)
    return runtime


def _table(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        content = read_regular(path, SIZE_LIMIT + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > SIZE_LIMIT:
        raise BadInput(f"{path} is larger than {SIZE_LIMIT // 1000} kB", hint="a runtime preset is a few lines")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{path} is not TOML: {error}") from error


def _check(path: Path, runtime: Runtime) -> None:
    if not runtime.command or "\0" in runtime.command:
        raise BadInput(f"{path}: command names no program")
    for key in _PATTERN_KEYS:
        for pattern in getattr(runtime, key):
            _check_pattern(path, key, pattern)
    for key in ("submit_keys", "clear_keys"):
        for name in getattr(runtime, key):
            if not is_key_name(name):
                raise BadInput(f"{path}: {key} has {shown(name)}, which is no key", hint="such as Enter, C-u, Escape")
    if runtime.prompt_args and not any("{prompt}" in part for part in runtime.prompt_args):
        raise BadInput(f"{path}: prompt_args has no {{prompt}}", hint="leave it out to have the prompt typed")
    if runtime.hooks not in {"", "claude"}:
        raise BadInput(f"{path}: hooks is {shown(runtime.hooks)}", hint="it may be claude or left out")
    if runtime.start_timeout_s <= 0:
        raise BadInput(f"{path}: start_timeout_s must be above 0")
    _check_environment(path, runtime.env)


def _check_pattern(path: Path, key: str, pattern: str) -> None:
    if not pattern or len(pattern) > PATTERN_LIMIT:
        raise BadInput(f"{path}: {key} has a pattern that is empty or longer than {PATTERN_LIMIT} characters")
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadInput(f"{path}: {key} has {shown(pattern)}, which is no regular expression: {error}") from error


def _check_environment(path: Path, env: Mapping[str, str]) -> None:
    for variable, value in env.items():
        if not _VARIABLE.fullmatch(variable) or "\0" in value:
            raise BadInput(f"{path}: env has {shown(variable)}, which no program could be given")


def _program(runtime: Runtime) -> str:
    if runtime.command == "{python}":
        return sys.executable
    found = shutil.which(runtime.command, path=runtime.env.get("PATH"))
    if found is None:
        where = "on PATH" if "/" not in runtime.command else "there"
        raise ToolFailed(
            f"runtime {runtime.name} needs the program {shown(runtime.command)}, which is not {where}",
            hint="install it, or choose another runtime with --runtime",
            argv=(runtime.command,),
        )
    return found


def _as_value(prompt: str) -> str:
    """A prompt no program takes for an option."""
    return " " + prompt if prompt.startswith("-") else prompt
