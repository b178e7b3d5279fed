"""The door: the room, the headless front, and the names `gt` and `bd`. Imports nothing before it is needed."""

from __future__ import annotations

import sys

BD_VERSION = "0.49.6"
"""The generation of beads whose words and shapes `bd` speaks."""

_USAGE = """Usage: gastown-tui [PATH]              the control room, on the town or .beads around here or at PATH
       gastown-tui --batch VERB ...    one verb, without a screen; --batch --help lists them
       gastown-tui demo [--batch]      a town that plays itself
       gastown-tui --version"""


def main(argv: list[str] | None = None, prog: str | None = None) -> int:
    """Run one command line and return its exit code.

    Args:
        argv: The words after the program's name; the process's own when not given.
        prog: What the program was called as, when a launcher stands before it.
    """
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _reopen_streams()
    words = sys.argv[1:] if argv is None else argv
    batch = words[:1] == ["--batch"]
    rest = words[1:] if batch else words
    if rest == ["--version"] or rest == ["-V"]:
        return _version("gastown-tui" if prog is None else prog)
    if rest in (["bd", "--version"], ["bd", "-V"]):
        return _version("bd")
    if rest[:1] == ["dashboard"]:
        return _refuse("the room in a browser is not built yet", "gastown-tui opens it in this terminal", 1)
    if batch:
        return _headless(rest, prog or "gastown-tui --batch")
    return _door(words)


def _reopen_streams() -> None:
    """Streams that were closed read and write nothing; without this a ledger's file could get their number."""
    import os

    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _version(prog: str) -> int:
    from gastown_tui import __version__

    print(f"bd version {BD_VERSION} (gastown-tui {__version__})" if prog == "bd" else f"gastown-tui {__version__}")
    return 0


def _headless(words: list[str], prog: str) -> int:
    _load_records()
    from gastown_tui.cli.build import run

    return run(words, prog)


def _load_records() -> None:
    """Load msgspec as if `typing_extensions` were not installed.

    It does without, and takes nothing from there that a newer Python lacks; yet where it finds it, `inspect` and half
    the compiler are loaded along with it, which takes as long as a tenth of a whole command.
    """
    if "msgspec" in sys.modules or "typing_extensions" in sys.modules:
        return
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]
    try:
        import msgspec.json  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]


def _door(words: list[str]) -> int:
    first = words[0] if words else ""
    if first == "demo":
        if "--batch" in words or "--help" in words or "-h" in words:
            return _headless([word for word in words if word != "--batch"], "gastown-tui")
        if len(words) > 1:
            return _refuse(f"unknown flag: {words[1]}", "gastown-tui demo --batch takes options", 2)
        return _room("", demo=True)
    if first in ("--help", "-h"):
        print(_USAGE)
        return 0
    if first.startswith("-") or len(words) > 1:
        return _refuse(f"'{' '.join(words)[:80]}' is not a place", f"gastown-tui --batch {' '.join(words)[:80]}", 2)
    return _room(first)


def _room(path: str, *, demo: bool = False) -> int:
    import gc
    import os
    from pathlib import Path

    # Next to nothing of what the first frame needs is ever let go of; the app collects again once it is shown.
    gc.disable()
    place = Path(path) if path else None
    if place is not None and not place.exists():
        from gastown_tui.core.verbs import WORDS

        hint = f"gastown-tui --batch {path} is the verb" if path in WORDS else "name a town or a directory with .beads"
        return _refuse(f"there is nothing at {path!r}", hint, 3)
    instead = "gastown-tui demo --batch" if demo else "gastown-tui --batch status"
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _refuse("the control room needs a terminal", f"{instead} works without one", 1)
    terminal = os.environ.get("TERM", "")
    if terminal in ("", "dumb", "unknown"):
        return _refuse(f"the control room cannot draw on TERM={terminal}", f"{instead} needs no screen", 1)
    from gastown_tui.app import run_room
    from gastown_tui.core.errors import GastownError

    try:
        return _demo() if demo else run_room(place)
    except GastownError as error:
        from gastown_tui.cli.show import show_error

        return show_error(error, json=False)


def _demo() -> int:
    """The room on a town that is built for it and vanishes with it."""
    from importlib import import_module
    from threading import Thread

    from gastown_tui.core.verbs.demo_town import demo_town
    from gastown_tui.core.wiring import open_hands

    # Building waits for git and the daemon; loading the room meanwhile brings its first frame forward.
    Thread(target=import_module, args=("gastown_tui.app",), daemon=True).start()
    with demo_town(open_hands()) as town:
        from gastown_tui.app import run_room

        return run_room(town.root, demo=True)


def _refuse(message: str, hint: str, code: int) -> int:
    said = "".join(c if c.isprintable() or c == "\n" else "?" for c in f"Error: {message}\nHint: {hint}\n")
    sys.stderr.write(said)
    return code


def leave(code: int) -> None:
    """End the process at once: whatever it still holds, the system takes back faster than the interpreter gives it."""
    import os

    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        code = code or 1
    os._exit(code)


if __name__ == "__main__":
    leave(main())
