"""The demo town: built in a temporary folder, real in every part, and gone without a trace afterwards."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict, GastownError, NotFound, Refused, ToolFailed
from gastown_tui.core.events import Edge, Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import MAYOR, OVERSEER, session_name
from gastown_tui.core.model.ids import Address, BeadId, RigName, shown
from gastown_tui.core.model.outside import ProcessFact, RunOutcome
from gastown_tui.core.model.town import MergeRequest
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import bead_ids, convoys, mailing, progress
from gastown_tui.core.verbs import demo_plan, exits, rigs, running, talk
from gastown_tui.core.verbs import town as founding
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb
from gastown_tui.core.verbs.waking import bare_of

DEADLINE_S = 85.0
"""How long the headless demo may take; it says so when it does not finish."""
KILL_DAEMON_AFTER_S = 6.0
STEM = "gastown-demo-"
OWNER = "owner.lock"
"""Held, in the temporary folder, for as long as somebody plays in it."""
_LOOK_S = 0.1
_GUARD_LOOK_S = 0.5
_GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.invalid",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.invalid",
}
_SETTINGS = """\
# The demo town: workers without a model, a quick beat, and silence that is noticed soon.
name = "demo"
prefix = "hq"
runtime = "shell"

[health]
quiet_s = 8
stuck_s = 12
restart_limit = 6
restart_backoff_s = 0.5

[daemon]
beat_s = 0.5
witness = false
"""


# ---------------------------------------------------------------------------------------------- building


class DemoTown(msgspec.Struct, frozen=True, kw_only=True):
    """A demo town that stands."""

    folder: Path
    """Everything of it, and nothing else, lies in here."""
    root: Path
    """The town itself."""


@contextmanager
def demo_town(hands: Hands, *, keep: bool = False) -> Iterator[DemoTown]:
    """Build the demo town, have it run, and take every trace of it away at the end, however that comes.

    Args:
        hands: Any hands; nothing but the temporary folder is touched.
        keep: Leave the town running instead.

    Raises:
        ToolFailed: git or tmux is missing or too old.
    """
    if trouble := hands.worktrees.unavailable():
        raise ToolFailed(trouble)
    with hands.processes.interruptible():
        folder = hands.files.temporary(STEM)
        demo = DemoTown(folder=folder, root=folder / "town")
        stands = False
        with hands.processes.alone(folder / OWNER):
            guard = _spawn_guard(hands, folder)
            try:
                build(hands, demo)
                stands = True
                yield demo
            finally:
                hands.processes.terminate(guard.pid, incarnation=guard.incarnation, grace_s=1.0)
                if not (keep and stands):
                    clear_away(hands, demo)


def _spawn_guard(hands: Hands, folder: Path) -> ProcessFact:
    """A process that clears the folder away should this one be killed before it can."""
    incarnation = f"guard.{hands.mint.nonce():016x}"
    argv = (sys.executable, "-P", "-m", "gastown_tui", "--batch", "demo", "guard", str(folder))
    env = {"GT_SESSION": incarnation}
    pid = hands.processes.spawn_detached(argv, cwd=folder.parent, env=env, log=folder / "guard.log")
    return ProcessFact(pid=pid, command=argv[0], incarnation=incarnation)


def build(hands: Hands, demo: DemoTown) -> None:
    """Repository, town, rig, plan, daemon: the way a person would do it, only faster."""
    url = _make_origin(hands, demo.folder)
    founding.install(hands, str(demo.root), name="demo")
    hands.files.write_text(demo.root / "settings.toml", _SETTINGS)
    overseer = as_(hands, demo, OVERSEER)
    if trouble := overseer.sessions.unavailable():
        raise ToolFailed(trouble, hint="install tmux 3.2 or newer")
    running.begin(overseer)
    rigs.rig_add(
        overseer,
        demo_plan.RIG,
        str(url),
        prefix=demo_plan.PREFIX,
        gate=f"{shlex.quote(sys.executable)} -m unittest -q",
    )
    settings = demo.root / demo_plan.RIG / "settings.toml"
    hands.files.set_setting(settings, "capacity", str(demo_plan.CAPACITY))
    hands.files.set_setting(settings, "names", json.dumps(demo_plan.NAMES))
    _plan(as_(hands, demo, MAYOR))
    running.start(overseer)


def as_(hands: Hands, demo: DemoTown, actor: str) -> Hands:
    """Hands on the demo town for one of its people, knowing nothing of a town the demo was started from."""
    env = {key: value for key, value in hands.env.items() if not key.startswith(("GT_", "BD_", "BEADS_"))}
    there = hands.elsewhere(demo.root)
    return msgspec.structs.replace(there, actor=actor, env=env, cwd=demo.root)


def _make_origin(hands: Hands, folder: Path) -> Path:
    """A bare repository with one commit, as somebody's forge would hold it."""
    source, origin = folder / "source", folder / f"{demo_plan.RIG}.git"
    for path, text in demo_plan.REPOSITORY.items():
        hands.files.write_text(source / path, text)
    command = (
        "git init --quiet --initial-branch=main . && git add --all && git commit --quiet --message 'Count words' && "
        'git clone --quiet --bare . "$ORIGIN"'
    )
    run = hands.commands.run(command, cwd=source, timeout_s=60, env={**_GIT, "ORIGIN": str(origin)})
    if run.outcome is not RunOutcome.PASS:
        raise ToolFailed("the demo's repository could not be made", hint=run.tail.strip()[-300:], code=run.code)
    return origin


def _plan(mayor: Hands) -> None:
    """File the beads and their convoys, put them in line, and write to the overseer, all as the mayor."""
    rig = RigName(demo_plan.RIG)
    ids: dict[str, BeadId] = {}

    def file_beads(town: Town) -> list[Entry]:
        entries: list[Entry] = []
        for number, piece in enumerate(demo_plan.PLAN):
            ids[piece.key] = bead_ids.fresh_id(town.ledgers[rig], demo_plan.PREFIX, (piece.key, piece.title), number)
            entries += [Entry(fact, rig) for fact in _beads(piece, ids)]
        return entries

    mayor.ledger.record(file_beads, actor=mayor.actor, ledgers=("", rig))
    nonces = {key: mayor.mint.nonce() for key in demo_plan.CONVOYS}
    mail_id = mayor.mint.mail_id()

    def roll(town: Town) -> list[Entry]:
        entries: list[Entry] = []
        for key, title in demo_plan.CONVOYS.items():
            tracked = tuple(ids[piece.key] for piece in demo_plan.PLAN if piece.convoy == key)
            new = convoys.NewConvoy(
                words=(title, *tracked), convoy_id=convoys.convoy_id(town, nonces[key]), owner=MAYOR, notify=(OVERSEER,)
            )
            entries += convoys.create(town, new)
        letter = mailing.Letter(
            message_id=mail_id, sender=MAYOR, to=(OVERSEER,), subject="The plan for tally", body=demo_plan.LETTER
        )
        return [*entries, *mailing.send(town, letter)]

    mayor.ledger.record(roll, actor=mayor.actor, ledgers=("", rig))
    for piece in demo_plan.PLAN:
        # One by one: the line keeps the order in which they were asked for.
        _line_up(mayor, ids[piece.key], rig)


def _beads(piece: demo_plan.Piece, ids: Mapping[str, BeadId]) -> list[e.Fact]:
    bead = e.BeadCreated(
        bead_id=ids[piece.key],
        title=piece.title,
        description=piece.description or None,
        issue_type=piece.kind,
        priority=piece.priority,
        dependencies=tuple(Edge(depends_on_id=ids[key]) for key in piece.needs),
        fields=_fields(piece.metadata),
    )
    facts: list[e.Fact] = [bead]
    for number, (title, metadata) in enumerate(piece.steps, 1):
        edges = [Edge(depends_on_id=bead.bead_id, dependency_type="parent-child")]
        if number > 1:
            edges.append(Edge(depends_on_id=BeadId(f"{bead.bead_id}.{number - 1}")))
        facts.append(
            e.BeadCreated(
                bead_id=BeadId(f"{bead.bead_id}.{number}"),
                title=title,
                priority=piece.priority,
                dependencies=tuple(edges),
                fields=_fields(metadata),
            )
        )
    return facts


def _fields(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata with `{python}` filled in by the interpreter the town runs on."""
    python = shlex.quote(sys.executable)
    filled = {k: v.replace("{python}", python) if isinstance(v, str) else v for k, v in metadata.items()}
    return {"metadata": filled} if filled else {}


def _line_up(mayor: Hands, bead_id: BeadId, rig: RigName) -> None:
    waits = e.DispatchQueued(bead_id=bead_id, target=rig, dispatcher=MAYOR, reason="in the order of the plan")
    mayor.ledger.record(lambda _: [Entry(waits, rig)], actor=MAYOR, ledgers=("", rig))


def clear_away(hands: Hands, demo: DemoTown) -> None:
    """End everything that runs in the demo town, then remove its folder."""
    try:
        if hands.files.exists(demo.root / ".beads"):
            running.shutdown(as_(hands, demo, OVERSEER), now=True, reason="the demo is over")
    finally:
        hands.files.remove_tree(demo.folder, inside=demo.folder.parent)


class Guarded(Receipt, frozen=True, kw_only=True):
    """What became of a demo's folder."""

    cleared: bool

    def text(self) -> str:
        """One line."""
        return "cleared away" if self.cleared else "gone already"


@verb("demo guard", group="town", needs=Needs.NOTHING, hidden=True)
def guard(hands: Hands, folder: Annotated[str, Arg("the demo's temporary folder")]) -> Guarded:
    """Wait for the owner of a demo to end, and clear away what it left.

    Raises:
        Refused: the folder is no demo's.
    """
    place = Path(folder)
    if not place.is_absolute() or not place.name.startswith(STEM) or not hands.files.exists(place / OWNER):
        raise Refused(f"{shown(folder)} is no demo's folder")
    while hands.files.exists(place / OWNER):
        with hands.processes.alone(place / OWNER) as is_mine:
            if is_mine:
                clear_away(hands, DemoTown(folder=place, root=place / "town"))
                return Guarded(cleared=True)
        hands.clock.sleep(_GUARD_LOOK_S)
    return Guarded(cleared=False)


# ---------------------------------------------------------------------------------------------- playing


class Played(Receipt, frozen=True, kw_only=True):
    """How the headless demo went."""

    ok: bool
    convoys: tuple[dict[str, Any], ...]
    merged: tuple[dict[str, Any], ...]
    agents: tuple[dict[str, Any], ...]
    mail: tuple[dict[str, Any], ...]
    duration_s: float
    kills: dict[str, Any] = msgspec.field(default_factory=dict)
    troubles: tuple[str, ...] = ()
    """What is not as it should be; empty when all went well."""
    path: str = ""
    """Where the town still stands, when it was to be kept."""

    def text(self) -> str:
        """Convoys and merges, one a line."""
        lines = [f"{each['title']}: {each['done']} of {each['total']}, {each['status']}" for each in self.convoys]
        lines += [f"  {each['bead']} merged as {each['commit'][:12]}, gate {each['gate']}" for each in self.merged]
        lines.append(f"{'all went well' if self.ok else 'it went wrong'} in {self.duration_s:.1f} s")
        return "\n".join(lines + ([f"the town stands at {self.path}"] if self.path else []))

    def warnings(self) -> tuple[str, ...]:
        """What went wrong."""
        return self.troubles

    def code(self) -> int:
        """Failure unless all went well."""
        return int(not self.ok)


@verb(group="town", needs=Needs.NOTHING)
def demo(
    hands: Hands,
    *,
    kill_workers: Annotated[bool, Arg("kill every worker once, and see it come back")] = False,
    kill_daemon: Annotated[bool, Arg("kill the daemon once, and start it again")] = False,
    keep: Annotated[bool, Arg("leave the town running at the end")] = False,
) -> Played:
    """Play a whole town without a screen: two convoys from plan to merge, in a folder that vanishes.

    Raises:
        ToolFailed: git or tmux is missing or too old.
    """
    began = hands.clock.monotonic()
    with demo_town(hands, keep=keep) as town:
        return _Play(as_(hands, town, OVERSEER), town, began, kill_workers, kill_daemon).to_the_end(keep)


class _Play:
    """The overseer's part, played by a program."""

    def __init__(self, hands: Hands, demo: DemoTown, began: float, kill_workers: bool, kill_daemon: bool) -> None:
        self.hands = hands
        self.demo = demo
        self.began = began
        self.kill_workers = kill_workers
        self.kill_daemon = kill_daemon
        self.killed: dict[Address, int] = {}
        self.daemon_killed = 0
        self.troubles: list[str] = []

    def to_the_end(self, keep: bool) -> Played:
        while not self._is_over():
            if self._elapsed() > DEADLINE_S:
                self.troubles.append(f"not over after {DEADLINE_S:.0f} s")
                break
            self._part(self.hands.ledger.read())
            self.hands.clock.sleep(_LOOK_S)
        return self._played(keep)

    def _elapsed(self) -> float:
        return self.hands.clock.monotonic() - self.began

    def _is_over(self) -> bool:
        return all(convoy.is_closed for convoy in self.hands.ledger.read().convoys())

    def _part(self, town: Town) -> None:
        for agent in town.agents():
            if agent.state == "asking":
                self._answer(agent.address)
        self._nudge_the_silent(town)
        if self.kill_workers:
            self._kill_one(town)
        if self.kill_daemon and not self.daemon_killed and self._elapsed() > KILL_DAEMON_AFTER_S:
            self._kill_daemon(town)

    def _answer(self, agent: Address) -> None:
        try:
            exits.answer(self.hands, agent, "1")
        except (Conflict, NotFound):
            return  # It was killed, or asks no more.

    def _nudge_the_silent(self, town: Town) -> None:
        for hook in town.hooks().values():
            if town.bead(hook.bead_id).setting("wait_for_nudge") is not True:
                continue
            rung = [each for each in town.own.registers.nudges.values() if each.agent == hook.agent]
            if any(each.queued_at >= hook.since and each.state != "stranded" for each in rung):
                continue
            talk.nudge(self.hands, hook.agent, "Please go on with your bead.")

    # ------------------------------------------------------------------------------------------ kills

    def _kill_one(self, town: Town) -> None:
        """Kill the session of one worker that is in the middle of something, each worker once."""
        for agent in town.agents():
            if agent.address in self.killed or agent.state not in {"working", "asking"} or not agent.session:
                continue
            fact = self.hands.sessions.find(session_name(agent.address))
            if fact is None or fact.dead or not agent.incarnation or fact.incarnation != agent.incarnation:
                continue
            if self.hands.processes.terminate(fact.pid, incarnation=fact.incarnation, grace_s=0):
                self.killed[agent.address] = fact.pid
            return

    def _kill_daemon(self, town: Town) -> None:
        own = town.own.registers
        if self.hands.processes.terminate(own.daemon_pid, incarnation=own.daemon_incarnation, grace_s=0):
            self.daemon_killed = own.daemon_pid
            running.start(self.hands, no_mayor=True)

    # ------------------------------------------------------------------------------------------ the outcome

    def _played(self, keep: bool) -> Played:
        town = self.hands.ledger.read()
        merged = tuple(self._merged(town, each) for each in town.merges() if each.state == "merged")
        self._check(town, merged)
        kills = {"workers": sorted(self.killed), "daemon": self.daemon_killed}
        return Played(
            ok=not self.troubles,
            convoys=tuple(_convoy(town, convoy.id, self.hands) for convoy in convoys.in_order(town, closed=True)),
            merged=merged,
            agents=tuple(
                {"address": each.address, "state": each.state, "runtime": each.runtime, "bead": each.bead_id}
                for each in town.agents()
            ),
            mail=tuple(
                {"from": each.sender, "to": list(each.to), "subject": each.subject}
                for each in sorted(town.own.mail.values(), key=lambda mail: mail.timestamp)
            ),
            duration_s=round(self._elapsed(), 2),
            kills=kills if self.kill_workers or self.kill_daemon else {},
            troubles=tuple(self.troubles),
            path=str(self.demo.root) if keep else "",
        )

    def _merged(self, town: Town, request: MergeRequest) -> dict[str, Any]:
        return {
            "bead": request.bead_id,
            "commit": request.merge_commit,
            "branch": request.target,
            "tree": request.merge_tree,
            "gate": request.gate,
        }

    def _check(self, town: Town, merged: tuple[dict[str, Any], ...]) -> None:
        """What the ledger claims, held against the origin and git."""
        want = self.troubles
        if not all(convoy.is_closed for convoy in town.convoys()):
            want.append("a convoy did not land")
        if len({each["bead"] for each in merged}) != len(demo_plan.PLAN) or len(merged) != len(demo_plan.PLAN):
            want.append(f"{len(merged)} merges for {len(demo_plan.PLAN)} beads")
        if self.kill_workers and len(self.killed) < demo_plan.CAPACITY:
            want.append(f"only {len(self.killed)} workers were killed")
        if self.kill_daemon and not self.daemon_killed:
            want.append("the daemon was not killed")
        try:
            self._check_origin(merged)
        except GastownError as error:
            want.append(error.message)

    def _check_origin(self, merged: tuple[dict[str, Any], ...]) -> None:
        bare = bare_of(self.hands, demo_plan.RIG)
        self.hands.worktrees.fetch(bare)
        for each in merged:
            commit, tree, branch = each["commit"], each["tree"], f"refs/remotes/origin/{each['branch']}"
            if each["gate"] != RunOutcome.PASS:
                self.troubles.append(f"{each['bead']} landed with gate {each['gate'] or 'unknown'}")
            if not self.hands.worktrees.contains(bare, commit, branch):
                self.troubles.append(f"{each['bead']}: {commit[:12]} is not on {each['branch']} of the origin")
            run = self.hands.commands.run(
                'test "$(git rev-parse "$COMMIT^{tree}")" = "$TREE"',
                cwd=bare,
                timeout_s=30,
                env={"COMMIT": commit, "TREE": tree},
            )
            if run.outcome is not RunOutcome.PASS:
                self.troubles.append(f"{each['bead']}: the gate judged another tree than the one that landed")


def _convoy(town: Town, convoy_id: BeadId, hands: Hands) -> dict[str, Any]:
    convoy = town.bead(convoy_id)
    card = progress.convoy_card(town, convoy, hands.clock.now())
    status = "landed" if convoy.is_closed else card.indicator
    return {"id": convoy.id, "title": convoy.title, "done": card.done, "total": card.total, "status": status}
