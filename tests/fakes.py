"""The ports in memory: a whole town for tests of verbs, with no disk, no tmux, no git and a clock that obeys.

They keep the promises of `core/ports` as far as verbs rely on them; the contract tests in `tests/ports` run on
these and on the real adapters alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

import msgspec

from gastown_tui.core.errors import BadInput, GastownError, NotFound, Refused, ToolFailed
from gastown_tui.core.events import Event
from gastown_tui.core.fold import LedgerState, Town, apply
from gastown_tui.core.model.ids import AssignmentId, EscalationId, EventId, MailId, NudgeId, shown
from gastown_tui.core.model.outside import (
    MergeTrial,
    ProcessFact,
    RepositoryFact,
    Run,
    RunOutcome,
    Runtime,
    Screen,
    SessionFact,
    SessionSpec,
    TrialOutcome,
    WorktreeFact,
)
from gastown_tui.core.model.times import stamp
from gastown_tui.core.ports import Clock, Decide, Hands, LinesFound, Mend, Recorded, Verified
from tests.towns import NOW, a_town

HOME = Path("/town")
"""Where the town in memory lies. Nothing is ever there."""


class TestClock:
    """A clock that moves only when somebody sleeps, or when it is told to."""

    __test__ = False

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now
        self._spent = 0.0
        self.on_sleep: Callable[[], None] = lambda: None
        """Called with every sleep: what happens in the world meanwhile."""

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._spent

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        self.on_sleep()

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._spent += seconds


class CountingMint:
    """Ids that count: the same test draws the same ones every time."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def mail_id(self) -> MailId:
        return MailId(f"msg-{next(self._numbers):04d}")

    def nudge_id(self) -> NudgeId:
        return NudgeId(f"ndg-{next(self._numbers):04d}")

    def assignment_id(self) -> AssignmentId:
        return AssignmentId(f"asg-{next(self._numbers):026d}")

    def escalation_id(self) -> EscalationId:
        return EscalationId(f"esc-{next(self._numbers):04d}")

    def nonce(self) -> int:
        return next(self._numbers)


class FakeLedger:
    """The town's facts in a list, folded as they come. Refuses entries for ledgers nobody locked."""

    def __init__(self, town: Town, clock: Clock, *, home: Path = HOME) -> None:
        self._town = town
        self._clock = clock
        self._home = home
        self._numbers = itertools.count(1)
        self.events: list[Event] = []
        self.broken: GastownError | None = None
        """Raised by the next transactions instead of recording anything."""
        self.before_record: Callable[[], None] = lambda: None
        """Called once, right before the next transaction decides: what a rival does meanwhile."""
        self._turn = Lock()

    @property
    def home(self) -> Path:
        return self._home

    @property
    def here(self) -> str:
        return ""

    def read(self) -> Town:
        return self._town

    def recent(self, limit: int) -> tuple[Event, ...]:
        return tuple(self.events[-limit:]) if limit > 0 else ()

    def history(self, ledger: str = "", *, naming: str = "") -> Iterator[Event]:
        return (event for event in self.events if naming in str(event.fact))

    def record(self, decide: Decide, *, actor: str, ledgers: Sequence[str] = ("",)) -> Recorded:
        rival, self.before_record = self.before_record, lambda: None
        rival()
        if self.broken is not None:
            raise self.broken
        with self._turn:
            return self._record(decide, actor, ledgers)

    def _record(self, decide: Decide, actor: str, ledgers: Sequence[str]) -> Recorded:
        entries = list(decide(self._town))
        written: list[Event] = []
        for entry in entries:
            if entry.ledger not in ledgers:
                raise AssertionError(f"{entry.fact.wire} goes to ledger {entry.ledger!r}, locked are {ledgers!r}")
            event_id = EventId(f"evt-9{next(self._numbers):025d}")
            event = Event(
                event_id=event_id,
                event_type=entry.fact.wire,
                timestamp=stamp(self._clock.now()),
                actor=actor,
                tx=written[0].event_id if written else event_id,
                fact=entry.fact,
            )
            apply(self._town.ledgers[entry.ledger], event)
            written.append(event)
        self.events += written
        return Recorded(events=tuple(written), town=self._town)

    def warnings(self) -> tuple[str, ...]:
        return ()

    def inspect(self, ledger: str = "") -> LinesFound:
        count = len(self._town.ledgers[ledger].beads)
        return LinesFound(file=self._home / ".beads/issues.jsonl", lines=count, readable=count, kept=0)

    def settle(self) -> None:
        return None

    def mend(self, rule: Mend, ledger: str = "") -> None:
        raise AssertionError("this ledger has no files")

    def take_up(self, log: bytes, ledger: str = "", *, issues: bytes = b"") -> int:
        return 0

    def rebuild_projections(self) -> None:
        return None

    def verify(self) -> Verified:
        self.broken = None
        return Verified(events=len(self.events))

    def add_ledger(self, name: str, prefix: str) -> None:
        """What `Files.create_ledger` does for a rig."""
        state = LedgerState()
        state.registers.prefix = prefix
        ledgers = self._town.ledgers
        assert isinstance(ledgers, dict)
        ledgers[name] = state

    def facts(self, *kinds: type) -> list[object]:
        """What was recorded, of some kinds only when they are named."""
        return [event.fact for event in self.events if not kinds or isinstance(event.fact, kinds)]


# ---------------------------------------------------------------------------------------------- sessions


@dataclass
class FakePane:
    """A program in a session that reads lines behind a prompt, the way a shell worker does.

    Attributes:
        mode: What it does: `idle busy dialog copy dead`; typed text shows only while idle.
        on_line: Called with every line sent to it.
    """

    spec: SessionSpec
    created: datetime
    prompt: str = "gastown worker ▸ "
    mode: str = "idle"
    draft: str = ""
    shown: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    loses_keys: int = 0
    """How many times Enter goes unheard."""
    exit_status: int | None = None
    on_line: Callable[[FakePane, str], None] = lambda pane, line: None

    @property
    def incarnation(self) -> str:
        return self.spec.env.get("GT_SESSION", "")

    def screen(self) -> Screen:
        last = {
            "busy": "· at work",
            "dialog": "answer ▸ ",
            "dead": "",
        }.get(self.mode, f"{self.prompt}{self.draft}")
        lines = [*self.shown, last]
        return Screen(
            lines=tuple(lines),
            cursor_x=len(last),
            cursor_y=len(lines) - 1,
            in_mode=self.mode == "copy",
            width_cells=self.spec.width_cells,
            height_cells=self.spec.height_cells,
        )

    def press(self, key: str) -> None:
        if key == "C-u":
            self.draft = ""
        if key != "Enter" or self.mode != "idle":
            return
        if self.loses_keys:
            self.loses_keys -= 1
            return
        line, self.draft = self.draft, ""
        self.shown.append(f"{self.prompt}{line}")
        self.sent.append(line)
        self.on_line(self, line)


class FakeSessions:
    """Sessions in a dictionary. Tests reach into `panes` to make programs busy, ask or die."""

    def __init__(self, clock: TestClock) -> None:
        self._clock = clock
        self.panes: dict[str, FakePane] = {}
        self.trouble = ""
        """Why sessions cannot be had."""
        self.mute: ToolFailed | None = None
        """Raised by every look: the server answers nothing usable."""
        self.log: list[str] = []
        """Starts and stops, in order."""
        self.fails_to_start: ToolFailed | None = None

    @property
    def socket(self) -> Path:
        return HOME / ".beads" / "local" / "tmux.sock"

    def unavailable(self) -> str:
        return self.trouble

    def start(self, spec: SessionSpec) -> SessionFact:
        if self.trouble:
            raise ToolFailed(self.trouble)
        if self.fails_to_start is not None:
            raise self.fails_to_start
        there = self.panes.get(spec.name)
        if there is None or there.mode == "dead":
            self.panes[spec.name] = FakePane(spec=spec, created=self._clock.now())
            self.log.append(f"start {spec.name}")
        return self._fact(spec.name)

    def all(self) -> tuple[SessionFact, ...]:
        if self.mute is not None:
            raise self.mute
        return tuple(self._fact(name) for name in sorted(self.panes))

    def find(self, name: str) -> SessionFact | None:
        if self.mute is not None:
            raise self.mute
        return self._fact(name) if name in self.panes else None

    def capture(self, name: str, *, history_lines: int = 0, colours: bool = False) -> Screen:
        return self._pane(name).screen()

    def type_text(self, name: str, text: str) -> None:
        if any(ord(c) < 32 or ord(c) == 127 for c in text):
            raise BadInput(f"{shown(text)} has control characters")
        pane = self._pane(name)
        if pane.mode == "idle":
            pane.draft += text
        else:
            raise AssertionError(f"typed {text!r} into a session that is {pane.mode}")

    def press(self, name: str, keys: Sequence[str]) -> None:
        for key in keys:
            self._pane(name).press(key)

    def paste(self, name: str, text: str) -> None:
        self._pane(name).draft += text

    def stop(self, name: str, *, incarnation: str = "", grace_s: float = 5.0) -> None:
        there = self.panes.get(name)
        if there is not None and incarnation in {"", there.incarnation}:
            del self.panes[name]
            self.log.append(f"stop {name}")

    def close_server(self) -> None:
        self.panes.clear()

    def attach_argv(self, name: str) -> tuple[str, ...]:
        return ("tmux", "attach-session", "-t", f"={name}")

    def switch_argv(self, name: str) -> tuple[str, ...]:
        return ("tmux", "switch-client", "-t", f"={name}")

    def run_foreign(self, name: str) -> FakePane:
        """A session of that name the town did not start."""
        spec = SessionSpec(name=name, cwd=HOME, argv=("sh",))
        self.panes[name] = FakePane(spec=spec, created=self._clock.now())
        return self.panes[name]

    def _pane(self, name: str) -> FakePane:
        if name not in self.panes:
            raise NotFound(f"there is no session {shown(name)}")
        return self.panes[name]

    def _fact(self, name: str) -> SessionFact:
        pane = self.panes[name]
        return SessionFact(
            name=name,
            pane_id=f"%{list(self.panes).index(name)}",
            pid=1000 + list(self.panes).index(name),
            dead=pane.mode == "dead",
            exit_status=pane.exit_status,
            created=pane.created,
            activity=pane.created,
            incarnation=pane.incarnation,
        )


# ---------------------------------------------------------------------------------------------- git


@dataclass
class FakeWorktree:
    """A worktree: its branch, the commits it has beyond its start, and what is not committed."""

    bare: Path
    branch: str
    start: str
    commits: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    operation: str = ""

    @property
    def head(self) -> str:
        return self.commits[-1] if self.commits else self.start


class FakeWorktrees:
    """Repositories in dictionaries. Tests write into `trees[path].commits` and `.changed`."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.trees: dict[Path, FakeWorktree] = {}
        self.refs: dict[Path, dict[str, str]] = {}
        """Refs of each repository."""
        self.rescued: list[tuple[Path, str]] = []
        self.fetches: list[Path] = []
        self.offline: ToolFailed | None = None
        """Raised by everything that needs the origin."""
        self.full: ToolFailed | None = None
        """Raised by rescues."""

    def commit(self, path: Path, count: int = 1) -> str:
        """Somebody commits in a worktree."""
        tree = self.trees[path]
        tree.commits += [f"{next(self._numbers):040x}" for _ in range(count)]
        tree.changed.clear()
        return tree.head

    def unavailable(self) -> str:
        return ""

    def add_repository(self, url: str, bare: Path, *, branch: str = "") -> RepositoryFact:
        self.refs.setdefault(bare, {f"origin/{branch or 'main'}": "0" * 40})
        return RepositoryFact(default_branch=branch or "main", head="0" * 40)

    def repository(self, bare: Path, branch: str) -> RepositoryFact:
        return RepositoryFact(default_branch=branch, head=self.resolve(bare, f"origin/{branch}"))

    def fetch(self, bare: Path) -> None:
        self.fetches.append(bare)
        if self.offline is not None:
            raise self.offline

    def clone(self, bare: Path, path: Path, *, branch: str) -> None:
        self.trees.setdefault(path, FakeWorktree(bare, branch, "0" * 40))

    def open(self, bare: Path, path: Path, *, branch: str, start: str) -> WorktreeFact:
        if path not in self.trees:
            known = self.resolve(bare, branch)
            self.trees[path] = FakeWorktree(bare, branch, known or self.resolve(bare, start) or "0" * 40)
        return self.look(path)

    def look(self, path: Path, *, target: str = "") -> WorktreeFact:
        tree = self.trees.get(path)
        if tree is None:
            return WorktreeFact(exists=False)
        return WorktreeFact(
            exists=True,
            branch=tree.branch,
            head=tree.head,
            ahead=len(tree.commits) if target else 0,
            changed=tuple(tree.changed),
            operation=tree.operation,
        )

    def rescue(self, path: Path, ref: str) -> str:
        if self.full is not None:
            raise self.full
        tree = self.trees.get(path)
        if tree is None:
            return ""
        saved = f"{next(self._numbers):040x}" if tree.changed else tree.head
        self.refs.setdefault(tree.bare, {})[ref] = saved
        self.rescued.append((path, ref))
        return saved

    def remove(self, bare: Path, path: Path, *, rescue_ref: str) -> str:
        saved = self.rescue(path, rescue_ref)
        self.trees.pop(path, None)
        return saved

    def commit_all(self, path: Path, message: str, *, author: str, expect_top: Path) -> str:
        if path != expect_top:
            raise Refused(f"{path} is not {expect_top}")
        return self.commit(path) if self.trees[path].changed else ""

    def push(self, path: Path, *, branch: str) -> str:
        tree = self.trees[path]
        self.refs.setdefault(tree.bare, {})[branch] = tree.head
        return tree.head

    def trial(self, bare: Path, path: Path, *, commit: str, target: str, message: str, author: str) -> MergeTrial:
        base = self.resolve(bare, f"origin/{target}")
        return MergeTrial(outcome=TrialOutcome.MERGED, commit=f"m{commit[1:]}", tree=f"t{commit[1:]}", base=base)

    def land(self, bare: Path, *, commit: str, target: str, expected: str) -> bool:
        if self.resolve(bare, f"origin/{target}") != expected:
            return False
        self.refs[bare][f"origin/{target}"] = commit
        return True

    def resolve(self, bare: Path, ref: str) -> str:
        return self.refs.get(bare, {}).get(ref, "")

    def contains(self, bare: Path, commit: str, ref: str) -> bool:
        return self.resolve(bare, ref) == commit

    def subjects(self, bare: Path, *, since: str, until: str) -> tuple[str, ...]:
        return ()

    def diff(self, path: Path, *, target: str) -> str:
        return "".join(f"+++ {name}\n" for name in self.trees[path].changed)


# ---------------------------------------------------------------------------------------------- the rest


class FakeCommands:
    """Commands that end as the test says; unknown ones pass."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Run] = {}
        self.ran: list[tuple[str, Path]] = []

    def run(
        self,
        command: str,
        *,
        cwd: Path,
        timeout_s: float,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Run:
        self.ran.append((command, cwd))
        run = self.outcomes.get(command, Run(outcome=RunOutcome.PASS, code=0, duration_s=0.0, tail=""))
        for line in run.tail.splitlines():
            if on_line is not None:
                on_line(line)
        return run


class FakeProcesses:
    """Processes in a dictionary, locks in a set."""

    def __init__(self) -> None:
        self.running: dict[int, ProcessFact] = {}
        self.spawned: list[tuple[str, ...]] = []
        self.environments: list[Mapping[str, str]] = []
        self.locked: set[Path] = set()
        """Locks somebody else holds."""
        self._held: set[Path] = set()
        self._turn = Lock()

    def spawn_detached(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> int:
        self.spawned.append(tuple(argv))
        self.environments.append(dict(env))
        pid = 5000 + len(self.spawned)
        self.running[pid] = ProcessFact(pid=pid, command=argv[0], incarnation=env.get("GT_SESSION", ""))
        return pid

    def find(self, pid: int) -> ProcessFact | None:
        return self.running.get(pid)

    def terminate(self, pid: int, *, incarnation: str, grace_s: float = 5.0) -> bool:
        there = self.running.get(pid)
        if there is not None and there.incarnation == incarnation:
            del self.running[pid]
        return pid not in self.running

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        yield

    @contextmanager
    def alone(self, lock: Path) -> Iterator[bool]:
        with self._turn:
            is_free = lock not in self.locked and lock not in self._held
            if is_free:
                self._held.add(lock)
        if not is_free:
            yield False
            return
        try:
            yield True
        finally:
            self._held.discard(lock)


class FakeFiles:
    """Files in a dictionary."""

    def __init__(self, on_ledger: Callable[[Path, str], None] = lambda path, prefix: None) -> None:
        self.texts: dict[Path, str] = {}
        self.directories: set[Path] = set()
        self.settings: dict[tuple[Path, str], str] = {}
        self._on_ledger = on_ledger

    def make_directory(self, path: Path) -> None:
        self.directories.add(path)

    def exists(self, path: Path) -> bool:
        return path in self.texts or path in self.directories

    def names(self, path: Path) -> tuple[str, ...]:
        inside = (each for each in (*self.texts, *self.directories) if path in each.parents)
        children = (each.relative_to(path).parts[0] for each in inside)
        return tuple(sorted(set(children)))

    def read_text(self, path: Path, *, limit_bytes: int = 1_000_000) -> str:
        if path not in self.texts:
            raise NotFound(f"there is no file {path}")
        if len(self.texts[path].encode()) > limit_bytes:
            raise BadInput(f"{path} is longer than {limit_bytes} bytes")
        return self.texts[path]

    def write_text(self, path: Path, text: str, *, executable: bool = False) -> None:
        self.texts[path] = text

    def append_line(self, path: Path, line: str) -> None:
        self.texts[path] = f"{self.texts.get(path, '')}{line}\n"

    def remove_tree(self, path: Path, *, inside: Path) -> None:
        if inside not in path.parents:
            raise Refused(f"{path} does not lie inside {inside}")
        self.texts = {each: text for each, text in self.texts.items() if path not in (each, *each.parents)}
        self.directories = {each for each in self.directories if path not in (each, *each.parents)}

    def create_ledger(self, directory: Path, *, prefix: str) -> None:
        self.directories.add(directory / ".beads")
        self._on_ledger(directory, prefix)

    def set_setting(self, file: Path, key: str, value: str) -> None:
        self.settings[file, key] = value

    def temporary(self, stem: str) -> Path:
        path = HOME / "tmp" / f"{stem}{len(self.directories)}"
        self.directories.add(path)
        return path


SHELL = Runtime(
    name="shell",
    command="{python}",
    args=("-P", "-m", "gastown_tui", "--batch", "worker", "run"),
    ready_patterns=("^gastown worker ▸ ?",),
    busy_patterns=(r"^(?:· |working: ).*\Z",),
    dialog_patterns=(r"^answer ▸.*\Z",),
    needs_model=False,
)
CLAUDE = Runtime(
    name="claude",
    command="claude",
    prompt_args=("{prompt}",),
    resume_args=("--continue",),
    ready_patterns=("^gastown worker ▸ ?",),
    busy_patterns=(r"^(?:· |working: ).*\Z",),
    dialog_patterns=(r"^answer ▸.*\Z",),
    hooks="claude",
)
TYPED = msgspec.structs.replace(CLAUDE, name="typed", command="typed", prompt_args=(), hooks="")
"""A model that takes no prompt on its command line."""


class FakeRuntimes:
    """Three runtimes: `shell` without a model, `claude` with a prompt argument and hooks, `typed` without either."""

    def __init__(self) -> None:
        self.presets = {each.name: each for each in (SHELL, CLAUDE, TYPED)}
        self.missing: set[str] = set()
        """Programs that are not installed."""

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.presets))

    def find(self, name: str) -> Runtime:
        if name not in self.presets:
            raise NotFound(f"there is no runtime {shown(name)}", hint="known runtimes: " + ", ".join(self.names()))
        return self.presets[name]

    def argv(self, runtime: Runtime, *, prompt: str = "", resume: bool = False) -> tuple[str, ...]:
        if runtime.command in self.missing:
            raise ToolFailed(f"{runtime.command} is not installed")
        carried = tuple(part.replace("{prompt}", prompt) for part in runtime.prompt_args) if prompt else ()
        return (runtime.command, *runtime.args, *(runtime.resume_args if resume else ()), *carried)


@dataclass
class FakeTown:
    """A town in memory with every port in reach of the test."""

    ledger: FakeLedger
    clock: TestClock
    mint: CountingMint
    sessions: FakeSessions
    worktrees: FakeWorktrees
    commands: FakeCommands
    processes: FakeProcesses
    files: FakeFiles
    runtimes: FakeRuntimes

    @property
    def town(self) -> Town:
        """The town as of now."""
        return self.ledger.read()

    def hands(self, actor: str = "overseer", *, cwd: Path = HOME, **env: str) -> Hands:
        """Hands for somebody; `env` is what their session knows."""
        return Hands(
            ledger=self.ledger,
            sessions=self.sessions,
            worktrees=self.worktrees,
            commands=self.commands,
            processes=self.processes,
            files=self.files,
            runtimes=self.runtimes,
            clock=self.clock,
            mint=self.mint,
            actor=actor,
            env={"PATH": "/usr/bin:/bin", **env},
            cwd=cwd,
        )

    def hands_in(self, session: str) -> Hands:
        """Hands of the agent in a session, with the environment it was started with."""
        env = dict(self.sessions.panes[session].spec.env)
        return self.hands(env["GT_ROLE"], cwd=self.sessions.panes[session].spec.cwd, **env)


def fake_town(town: Town | None = None) -> FakeTown:
    """A town in memory; one without rigs when none is given (`tests.towns.a_town` makes others)."""
    clock = TestClock()
    ledger = FakeLedger(town or a_town(), clock)
    worktrees = FakeWorktrees()
    for rig in ledger.read().rigs().values():
        worktrees.add_repository(rig.url, HOME / rig.name / ".repo.git", branch=rig.default_branch)
    return FakeTown(
        ledger=ledger,
        clock=clock,
        mint=CountingMint(),
        sessions=FakeSessions(clock),
        worktrees=worktrees,
        commands=FakeCommands(),
        processes=FakeProcesses(),
        files=FakeFiles(lambda directory, prefix: ledger.add_ledger(directory.name, prefix)),
        runtimes=FakeRuntimes(),
    )
