"""Building the demo town in a temporary folder, and taking every trace of it away again."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import ToolFailed
from gastown_tui.core.events import Edge, Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import MAYOR, OVERSEER
from gastown_tui.core.model.ids import BeadId, RigName
from gastown_tui.core.model.outside import ProcessFact, RunOutcome
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import bead_ids, convoys, mailing
from gastown_tui.core.verbs import demo_plan, rigs, running
from gastown_tui.core.verbs import town as founding

STEM = "gastown-demo-"
OWNER = "owner.lock"
"""Held, in the temporary folder, for as long as somebody plays in it."""
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
