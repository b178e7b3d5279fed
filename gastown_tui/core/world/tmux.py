"""Sessions in tmux, on the town's own socket, for headless use: plain calls of the tmux program."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gastown_tui.core.errors import BadInput, NotFound, ToolFailed
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.outside import Screen, SessionFact, SessionSpec
from gastown_tui.core.ports import Clock
from gastown_tui.core.world.tmux_answers import CLIENTS, FACTS, REMINDER, Pane, panes, session_facts, unreaped
from gastown_tui.core.world.tmux_rows import LOOK, screen
from gastown_tui.core.world.tmux_run import TmuxProgram
from gastown_tui.core.world.tmux_secrets import TAKE_UP, lay_down
from gastown_tui.core.world.tmux_speech import (
    incarnation,
    key_names,
    pane_target,
    pastable,
    session_target,
    typable,
)

SETTLE_S = (0.02, 0.04, 0.06)
"""When a new session is looked at again, to tell a program that runs from one that died at once."""
REAP_S = (0.02, 0.05, 0.1, 0.2, 0.5)
"""When a session whose terminal has closed is looked at again for its program's status."""
HISTORY_LINES = 10_000
"""How much of what scrolled by a pane remembers."""
TYPED_AT_ONCE = 1000
"""Characters in one call; tmux takes commands of up to 16 kB."""

_SERVER_OPTIONS = (
    ("start-server",),
    ("set-option", "-sq", "escape-time", "20"),
    ("set-option", "-sq", "set-clipboard", "off"),
    ("set-option", "-gq", "default-terminal", "screen-256color"),
    ("set-option", "-gq", "history-limit", str(HISTORY_LINES)),
)
_WINDOW_OPTIONS = {
    "remain-on-exit": "on",
    "window-size": "manual",
    "automatic-rename": "off",
    "allow-rename": "off",
    "allow-passthrough": "off",
}
"""A dead pane stays to be read; no viewer's terminal changes its size; no program renames or escapes it."""
_IN_PLACE = 'cd "$0" && exec "$@"'
"""tmux would start a program elsewhere without a word when its directory is gone, and hand a lone word to a shell."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOTICE = re.compile(r"Pane is dead \(.*\)")


class TmuxSessions:
    """Places where agents run, as sessions of one private tmux server."""

    def __init__(self, socket: Path, clock: Clock) -> None:
        """Use the server on `socket`, which is started by the first session and need not exist."""
        self._tmux = TmuxProgram(socket)
        self._clock = clock
        self._buffers = itertools.count()
        self._reminded: set[str] = set()

    @property
    def socket(self) -> Path:
        """The town's tmux socket."""
        return self._tmux.socket

    @property
    def forks(self) -> int:
        """How many processes were started to speak with tmux."""
        return self._tmux.forks

    def unavailable(self) -> str:
        """Why sessions cannot be had (no tmux, too old, too long a path); empty when they can."""
        return self._tmux.unavailable()

    # ------------------------------------------------------------------------------------------ looking

    def all(self) -> tuple[SessionFact, ...]:
        """Every session on the socket, in one look; empty when no server runs.

        Raises:
            ToolFailed: tmux answered nothing usable; the caller must treat every session as unknown.
        """
        if not self.socket.exists():
            return ()
        look = ("list-panes", "-a", "-F", FACTS), ("list-clients", "-F", CLIENTS)
        try:
            facts = session_facts(self._tmux.run(*look))
            if unreaped(facts, self._reminded):
                self._tmux.run(REMINDER)
                self._clock.sleep(REAP_S[0])
                facts = session_facts(self._tmux.run(*look))
        except NotFound:
            return ()
        return facts

    def find(self, name: str) -> SessionFact | None:
        """One session by its exact name."""
        session_target(name)
        return next((fact for fact in self.all() if fact.name == name), None)

    def capture(self, name: str, *, history_lines: int = 0, colours: bool = False) -> Screen:
        """The visible screen, with `history_lines` of scrollback above it; the cursor counts rows from the first.

        Raises:
            NotFound: there is no such session.
        """
        target = pane_target(name)
        above = ("-S", str(-history_lines)) if history_lines > 0 else ()
        look, *rows = self._tmux.run(
            ("display-message", "-p", "-t", target, LOOK), ("capture-pane", "-p", "-e", "-t", target, *above), name=name
        )
        return screen(look, rows, colours=colours)

    # ------------------------------------------------------------------------------------------ starting

    def start(self, spec: SessionSpec) -> SessionFact:
        """Start a session, or return the living one of that name. A dead pane of that name is replaced.

        Raises:
            ToolFailed: tmux is missing or refused, or the program died at once; its last lines are in `stderr`.
        """
        _check(spec)
        if why := self.unavailable():
            raise ToolFailed(why, hint="the work stays on its hook; sessions start once tmux can be used")
        found = self.find(spec.name)
        if found and not found.dead:
            return found
        _check_program(spec)
        if found:
            self._end(self._panes(spec.name), grace_s=1.0)
        self._make_room()
        taken = lay_down(self.socket.parent, spec.secrets) if spec.secrets else None
        try:
            self._tmux.run(*_SERVER_OPTIONS, *self._creation(spec, taken), name=spec.name)
        except ToolFailed as error:
            if taken is not None:
                taken.unlink(missing_ok=True)
            rival = self.find(spec.name) if "duplicate session" in error.stderr else None
            if rival is None:
                raise
            return rival
        return self._settled(spec)

    def _make_room(self) -> None:
        """The socket's directory; one that somebody else put into a shared place is not used."""
        directory = self.socket.parent
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_shared = bool(directory.parent.stat().st_mode & 0o002)
            if is_shared and (directory.is_symlink() or directory.stat().st_uid != os.getuid()):
                raise ToolFailed(f"{directory}, where the tmux socket belongs, is somebody else's", hint="remove it")
        except OSError as error:
            raise ToolFailed(f"no tmux socket can be made in {directory}: {error.strerror}") from error

    def _creation(self, spec: SessionSpec, taken: Path | None) -> list[Sequence[str]]:
        target = session_target(spec.name)
        env = {"COLORTERM": "truecolor", **spec.env}
        pairs = [f"{variable}={value}" for variable, value in env.items()]
        begin = [_IN_PLACE, str(spec.cwd)] if taken is None else [TAKE_UP, str(spec.cwd), str(taken)]
        program = ["/bin/sh", "-c", *begin, *spec.argv]
        if self._tmux.is_since(3, 2):
            carried = [part for pair in pairs for part in ("-e", pair)]
        else:
            carried, program = [], ["env", *pairs, *program]
        if carried and "PATH" in env:
            # tmux gives a program the PATH of the client that starts it, whatever the session's environment says.
            program = ["env", f"PATH={env['PATH']}", *program]
        size = ("-x", str(spec.width_cells), "-y", str(spec.height_cells))
        return [
            ("new-session", "-d", "-s", spec.name, "-n", "agent", *size, "-c", str(spec.cwd), *carried, "--", *program),
            *(("set-option", "-wq", "-t", target, option, value) for option, value in _WINDOW_OPTIONS.items()),
            ("set-option", "-t", target, "@gt_incarnation", spec.env.get("GT_SESSION", "")),
            ("set-option", "-t", target, "status-left", f" {spec.name} "),
            ("set-option", "-t", target, "status-left-length", "60"),
            ("set-option", "-t", target, "status-right", " C-b d goes back "),
        ]

    def _settled(self, spec: SessionSpec) -> SessionFact:
        fact = None
        for pause in SETTLE_S:
            self._clock.sleep(pause)
            fact = self.find(spec.name)
            if fact is None or fact.dead:
                break
        if fact and fact.dead:
            fact = self._reaped(fact)
        program = shown(spec.argv[0])
        if fact is None:
            raise ToolFailed(f"session {spec.name} of {program} was gone as soon as it was there", argv=spec.argv[:1])
        if not fact.dead or fact.exit_status == 0:
            return fact
        # tmux scrolls the screen by a row for its notice, so what was printed first stands in the history.
        rows = self.capture(spec.name, history_lines=20).lines
        lines = [row for row in rows if row and not _NOTICE.fullmatch(row)][-20:]
        last = f": {lines[-1].strip()}" if lines else ""
        raise ToolFailed(
            f"{program} ended at once with status {fact.exit_status}{last}",
            hint=f"its last screen stays in the session {spec.name}",
            argv=spec.argv[:1],
            code=-1 if fact.exit_status is None else fact.exit_status,
            stderr="\n".join(lines),
        )

    def _reaped(self, fact: SessionFact) -> SessionFact:
        """A dead session's fact with its exit status, which comes a little after the terminal has closed."""
        seen: SessionFact | None = fact
        for pause in REAP_S:
            if seen is None or seen.exit_status is not None:
                break
            self._clock.sleep(pause)
            seen = self.find(fact.name)
        return seen or fact

    # ------------------------------------------------------------------------------------------ typing

    def type_text(self, name: str, text: str) -> None:
        """Type literal text, as if by hand. No Enter is added.

        Raises:
            NotFound: there is no such session.
            BadInput: the text has control characters; paste lines, press keys.
        """
        target, text = pane_target(name), typable(text)
        for start in range(0, len(text), TYPED_AT_ONCE):
            part = text[start : start + TYPED_AT_ONCE]
            self._tmux.run(("send-keys", "-t", target, "-l", "--", part), name=name)

    def press(self, name: str, keys: Sequence[str]) -> None:
        """Press named keys (`Enter`, `C-c`, `Up`); unknown names are refused, never typed as text.

        Raises:
            NotFound: there is no such session.
            BadInput: one is no key; none is pressed.
        """
        target, keys = pane_target(name), key_names(keys)
        if keys:
            self._tmux.run(("send-keys", "-t", target, "--", *keys), name=name)

    def paste(self, name: str, text: str) -> None:
        """Paste text through a buffer, bracketed when the program asked for brackets.

        Control characters other than line feeds and tabs are left out: they could end the brackets.

        Raises:
            NotFound: there is no such session.
        """
        target, content = pane_target(name), pastable(text).encode()
        if not content:
            return
        buffer = f"gt-{os.getpid()}-{next(self._buffers)}"
        self._tmux.run(
            ("has-session", "-t", target),
            ("load-buffer", "-b", buffer, "-"),
            ("paste-buffer", "-d", "-p", "-r", "-b", buffer, "-t", target),
            name=name,
            stdin=content,
        )

    # ------------------------------------------------------------------------------------------ ending

    def stop(self, name: str, *, incarnation: str = "", grace_s: float = 5.0) -> None:
        """End a session and everything it started: TERM, `grace_s`, KILL. Gone already is fine.

        Args:
            name: Exact session name.
            incarnation: When given, a session started with another `GT_SESSION` is left alone, and so is everything
                else; leftovers that carry this one are ended even when their session is gone.
            grace_s: How long processes have to end by themselves.

        Raises:
            ToolFailed: something it started could not be ended.
        """
        there = self._panes(name)
        if there and incarnation and there[0].fact.incarnation != incarnation:
            return
        if there or incarnation:
            self._end(there, incarnation, grace_s=grace_s)

    def close_server(self) -> None:
        """End the town's tmux server and whatever still runs in it; only ever this town's own."""
        if not self.socket.exists():
            return
        with suppress(NotFound):
            self._end(panes(self._tmux.run(("list-panes", "-a", "-F", FACTS))), grace_s=0.5)
        with suppress(NotFound):
            self._tmux.run(("kill-server",))
        deadline = self._clock.monotonic() + 5
        while self._answers() and self._clock.monotonic() < deadline:
            self._clock.sleep(0.02)
        self.socket.unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            self._tmux.run(("list-sessions",))
        except NotFound:
            return False
        return True

    def _panes(self, name: str) -> tuple[Pane, ...]:
        """Every pane of a session, the agent's first."""
        target = session_target(name)
        if not self.socket.exists():
            return ()
        try:
            found = panes(self._tmux.run(("list-panes", "-s", "-t", target, "-F", FACTS), name=name))
        except NotFound:
            return ()
        return tuple(sorted(found, key=lambda pane: pane.place))

    def _end(self, there: Sequence[Pane], incarnation: str = "", *, grace_s: float) -> None:
        from gastown_tui.core.world.tmux_processes import belonging, end

        firsts = {pane.fact.pid: pane.server_pid for pane in there if pane.fact.exit_status is None and pane.fact.pid}
        incarnations = {incarnation, *(pane.fact.incarnation for pane in there)}
        end(belonging(self.socket, firsts, incarnations), self._clock, grace_s=grace_s)
        survivors = end(belonging(self.socket, firsts, incarnations), self._clock, grace_s=0)
        for session_id in {pane.session_id for pane in there}:
            with suppress(NotFound):
                self._tmux.run(("kill-session", "-t", session_id))
        if survivors:
            left = ", ".join(str(process.pid) for process in survivors)
            raise ToolFailed(f"processes of a stopped session live on: {left}", hint="they may belong to somebody else")

    # ------------------------------------------------------------------------------------------ handing over

    def attach_argv(self, name: str) -> tuple[str, ...]:
        """The command that hands a terminal to the session, from inside another tmux too."""
        attach = self._tmux.argv("attach-session", "-t", session_target(name))
        return ("env", "-u", "TMUX", "-u", "TMUX_PANE", *attach)

    def switch_argv(self, name: str) -> tuple[str, ...]:
        """The command that moves a terminal already inside the town's server to the session (`inside` tells)."""
        return tuple(self._tmux.argv("switch-client", "-t", session_target(name)))


def _check(spec: SessionSpec) -> None:
    session_target(spec.name)
    incarnation(spec.env.get("GT_SESSION", ""))
    if not spec.argv or not spec.argv[0] or any("\0" in part for part in spec.argv):
        raise BadInput(f"session {spec.name} has no program to run")
    if not (1 < spec.width_cells <= 10_000 and 1 < spec.height_cells <= 10_000):
        raise BadInput(f"a session cannot be {spec.width_cells}x{spec.height_cells} cells large")
    for variable, value in (*spec.env.items(), *spec.secrets.items()):
        if not _VARIABLE.fullmatch(variable) or "\0" in value:
            raise BadInput(f"{shown(variable)} cannot be an environment variable of session {spec.name}")
    if not spec.cwd.is_absolute() or not spec.cwd.is_dir():
        raise NotFound(f"session {spec.name} cannot start in {spec.cwd}: there is no such directory")


def _check_program(spec: SessionSpec) -> None:
    program = str(spec.cwd / spec.argv[0]) if "/" in spec.argv[0] else spec.argv[0]
    if shutil.which(program, path=spec.env.get("PATH")) is None:
        where = "there" if "/" in program else "on PATH"
        raise ToolFailed(
            f"session {spec.name} needs the program {shown(spec.argv[0])}, which is not {where}", argv=spec.argv[:1]
        )
