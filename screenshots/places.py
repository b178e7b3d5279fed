"""The towns on the pictures: fixed data at one moment of one afternoon."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import session_name
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, MailId, NudgeId
from gastown_tui.core.model.outside import Screen, SessionSpec
from gastown_tui.core.model.times import stamp
from gastown_tui.core.model.town import Agent, Hook, MergeRequest, Nudge
from gastown_tui.widgets.strips import line_strip
from tests import towns
from tests.fakes import FakeLedger, FakePane, FakeTown, TestClock, fake_town

NOW = datetime(2026, 1, 6, 14, 2, 31, tzinfo=UTC)
HOME = Path.home() / "gt"
"""Shown as `~/gt` wherever the pictures are made."""


def ago(**span: float) -> str:
    """A stamp that far before the moment of the pictures."""
    return stamp(NOW - timedelta(**span))


class _Worker(msgspec.Struct, frozen=True):
    address: str
    bead: str
    title: str
    age_s: int
    state: str = "working"
    steps: tuple[int, int] = (0, 0)


WORKERS = (
    _Worker("api/polecats/nux", "ap-4f2", "Migrate users to case-blind e-mail", 120, "asking", (3, 6)),
    _Worker("api/polecats/slot1", "ap-8a1", "Rate limiter for public routes", 6, steps=(4, 6)),
    _Worker("api/polecats/slot2", "ap-8b7", "Refresh tokens before they expire", 14, steps=(2, 5)),
    _Worker("api/polecats/slot3", "ap-8c0", "Audit log for admins", 11, steps=(3, 6)),
    _Worker("api/polecats/rust", "ap-8cf", "Session store in Redis", 52, steps=(1, 4)),
    _Worker("web/polecats/slit", "we-9ab", "Checkout form", 1020, "stuck"),
    _Worker("web/polecats/slot1", "we-9b0", "Empty states", 2, steps=(5, 6)),
    _Worker("web/polecats/furiosa", "we-9b2", "Form errors", 8, steps=(1, 6)),
    _Worker("docs/polecats/slot2", "do-a04", "API reference", 15, steps=(3, 4)),
)

QUESTION = "Run the migration against staging first?"

CONVOYS = (
    ("hq-cv-auth", "Auth system", 8, 10, "ap-8a1"),
    ("hq-cv-bugs", "Bug bash", 2, 9, "ap-8cf"),
    ("hq-cv-find", "Search rewrite", 5, 14, "ap-8b7"),
    ("hq-cv-docs", "Docs pass", 0, 4, ""),
    ("hq-cv-pay", "Payments v2", 11, 12, "we-9ab"),
)

MAIL = (
    ("msg-7", "mayor", "Deploy plan for Thursday", 180, False),
    ("msg-6", "api/witness", "nux has asked twice", 240, False),
    ("msg-5", "web/refinery", "MERGED we-7c1 onto main", 540, False),
    ("msg-4", "mayor", "Convoy landed: Onboarding", 1860, True),
    ("msg-3", "docs/polecats/slot2", "Which tone for the guide?", 3700, True),
)

LETTER = """\
Three convoys can go out on Thursday if the gate for web stays green.

  1. Auth system lands tonight; two beads are in the queue.
  2. Payments v2 waits for slit, who has not moved for a while.
  3. Search rewrite needs another day.

Shall I take slit off the checkout form and give it to furiosa?"""


def a_working_town() -> FakeTown:
    """Three rigs in the middle of an afternoon."""
    beads: list[Bead] = []
    agents: list[Agent] = []
    hooks: list[Hook] = []
    for each in WORKERS:
        beads += _bead_of(each)
        agents.append(_agent_of(each))
        hooks.append(towns.a_hook(each.address, each.bead, since=ago(minutes=50)))
    beads += [
        towns.a_bead("ap-9d1", "Rotate signing keys", priority=1),
        towns.a_bead("we-9c4", "Dark mode", priority=3),
    ]
    beads += [
        towns.a_bead("do-a01", "Tone of the guide"),
        towns.a_bead("ap-9d3", "Drop the old cron", needs=["ap-9d1"]),
    ]
    review = towns.an_agent("web/polecats/slot2", "done", since=ago(minutes=4), bead_id="we-9a4")
    agents += [review, towns.an_agent("docs/crew/max", "registered", since=ago(hours=3))]
    beads.append(towns.a_bead("we-9a4", "Keyboard focus", status="in_progress"))
    merge = MergeRequest(
        id=BeadId("we-mr-1"),
        bead_id=BeadId("we-9a4"),
        branch="polecat/slot2/we-9a4",
        target="main",
        commit="0c1d2e3f",
        worker=review.address,
        assignment_id=AssignmentId("asg-9"),
        queued_at=ago(minutes=4),
        since=ago(minutes=4),
    )
    for place, (convoy_id, title, done, total, moving) in enumerate(CONVOYS):
        tracked = [f"ap-{convoy_id[6:8]}{nth}" for nth in range(total - bool(moving))]
        for nth, each_id in enumerate(tracked):
            status = "closed" if nth < done else "open"
            beads.append(towns.a_bead(each_id, f"{title} {nth + 1}", status=status, closed_at=ago(hours=1)))
        convoy = towns.a_convoy(convoy_id, *tracked, *([moving] if moving else []), title=title)
        beads.append(msgspec.structs.replace(convoy, created_at=ago(hours=2, minutes=place)))
    town = towns.a_town(
        beads=beads,
        agents=agents,
        hooks=hooks,
        rigs={"api": "ap", "web": "we", "docs": "do"},
        mail=[_mail(*each) for each in MAIL],
        merges=[merge],
        name="gastown",
    )
    _settle(town)
    fake = _in_memory(town)
    fake.ledger.events += [_event(*each) for each in _happened()]
    _set_going(fake)
    return fake


def _bead_of(worker: _Worker) -> Iterable[Bead]:
    yield towns.a_bead(worker.bead, worker.title, status="hooked", assignee=worker.address, updated_at=ago(minutes=50))
    done, total = worker.steps
    for nth in range(1, total + 1):
        status = "closed" if nth <= done else "open"
        yield towns.a_bead(f"{worker.bead}.{nth}", f"Step {nth}", status=status, parent=worker.bead)


def _agent_of(worker: _Worker) -> Agent:
    asks: dict[str, Any] = {"question": QUESTION, "choices": ("yes", "no")} if worker.state == "asking" else {}
    return towns.an_agent(
        worker.address,
        worker.state,
        since=ago(seconds=worker.age_s),
        bead_id=worker.bead,
        session=session_name(Address(worker.address)),
        runtime="shell",
        starts=1,
        note="no event for 17m and a still pane" if worker.state == "stuck" else "",
        **asks,
    )


def _mail(message_id: str, sender: str, subject: str, age_s: int, read: bool) -> Any:
    body = LETTER if message_id == "msg-7" else f"{subject}."
    return towns.a_mail(
        message_id,
        "overseer",
        subject,
        sender=sender,
        body=body,
        timestamp=ago(seconds=age_s),
        read_by=(Address("overseer"),) if read else (),
    )


def _settle(town: Town) -> None:
    """What the helpers leave open: the daemon, who did what when, a nudge on its way."""
    own = town.own.registers
    own.daemon_incarnation = "deacon.1"
    for worker in WORKERS:
        own.seen[worker.address] = ago(seconds=worker.age_s)
    for address, seconds in (
        ("mayor", 12),
        ("deacon", 20),
        ("api/witness", 31),
        ("api/refinery", 4),
        ("web/witness", 3),
    ):
        own.agents[Address(address)] = msgspec.structs.replace(own.agents[Address(address)], since=ago(seconds=seconds))
    mayor = own.agents[Address("mayor")]
    own.agents[Address("mayor")] = msgspec.structs.replace(
        mayor, state="working", note="planning Payments v2", session="mayor", runtime="shell"
    )
    own.nudges[NudgeId("ndg-1")] = Nudge(
        id=NudgeId("ndg-1"),
        agent=Address("docs/polecats/slot2"),
        text="mind the glossary",
        sender="overseer",
        state="seen",
        queued_at=ago(seconds=70),
        since=ago(seconds=40),
    )


def _in_memory(town: Town) -> FakeTown:
    fake = fake_town(town)
    clock = TestClock(NOW)
    fake.clock = clock
    fake.ledger = FakeLedger(town, clock, home=HOME)
    fake.sessions._clock = clock
    return fake


def _happened() -> list[tuple[e.Fact, str, int]]:
    """What the feed shows: the fact, who did it, how many seconds ago."""
    nux, slot1, slot3, rust = (Address(f"api/polecats/{name}") for name in ("nux", "slot1", "slot3", "rust"))
    slot2, slit = Address("docs/polecats/slot2"), Address("web/polecats/slit")
    plan = e.MailSent(
        message_id=MailId("msg-7"),
        sender="mayor",
        to=(Address("overseer"),),
        subject="Deploy plan for Thursday",
        thread_id=MailId("msg-7"),
    )
    gate = e.MergeGated(
        mr_id=BeadId("ap-mr-7"), outcome="pass", command="pytest -q", commit="4f1c9ae2", tree="9d", duration_s=31.0
    )
    merged = e.MergeMerged(
        mr_id=BeadId("we-mr-3"), bead_id=BeadId("we-7c1"), target="main", commit="4f1c9ae2b7d0", tree="9d"
    )
    slung = e.HookSet(agent=slot3, ref_id=BeadId("ap-8c0"), assignment_id=AssignmentId("asg-1"))
    return [
        (_started(slot2, "do-a04"), slot2, 149),
        (gate, "api/refinery", 120),
        (e.BeadCommented(bead_id=BeadId("ap-8a1"), text="3 files"), slot1, 102),
        (plan, "mayor", 88),
        (e.BeadClosed(bead_id=BeadId("we-7be"), reason="done"), "web/polecats/slot2", 69),
        (_started(rust, "ap-8cf"), rust, 51),
        (e.AgentNudged(agent=slit, reason="no event for 15m"), "web/witness", 33),
        (slung, "mayor", 20),
        (e.MolStepCompleted(mol_id=BeadId("ap-8c0"), step_id=BeadId("ap-8c0.3")), slot3, 11),
        (merged, "web/refinery", 2),
        (e.AgentAsked(agent=nux, question=QUESTION, bead_id="ap-4f2"), nux, 0),
    ]


def _started(agent: Address, bead_id: str) -> e.AgentStarted:
    name = session_name(agent)
    return e.AgentStarted(agent=agent, session_name=name, incarnation=f"{name}.1", hooked_bead=bead_id)


def _event(fact: e.Fact, actor: str, age_s: int) -> e.Event:
    return towns.an_event(fact, actor=actor, at=ago(seconds=age_s))


class _Shown(FakePane):
    """A pane with colours on it."""

    def screen(self) -> Screen:
        lines = tuple(self.shown)
        return Screen(
            lines=lines,
            cursor_x=line_strip(lines[-1])[0].cell_length,
            cursor_y=len(lines) - 1,
            width_cells=self.spec.width_cells,
            height_cells=self.spec.height_cells,
        )


NUX = """\
\x1b[2m>\x1b[0m I've written the migration and its rollback.

\x1b[32m●\x1b[0m \x1b[1mBash\x1b[0m(pytest tests/migrations -q)
  \x1b[2m└ 14 passed in 3.21s\x1b[0m

\x1b[32m●\x1b[0m \x1b[1mUpdate\x1b[0m(migrations/0042_users_email.py)
  \x1b[2m└ 12 additions and 3 removals\x1b[0m
    \x1b[2m18\x1b[0m \x1b[32m+  op.create_index(\x1b[0m
    \x1b[2m19\x1b[0m \x1b[32m+      "ix_users_email_lower",\x1b[0m
    \x1b[2m20\x1b[0m \x1b[32m+      "users", [sa.text("lower(email)")],\x1b[0m
    \x1b[2m21\x1b[0m \x1b[32m+      unique=True)\x1b[0m
    \x1b[2m22\x1b[0m \x1b[31m-  op.create_index("ix_users_email")\x1b[0m

\x1b[32m●\x1b[0m The staging table has 2.1 M rows; building
  the index takes about four minutes.

\x1b[33m? Run the migration against staging first?\x1b[0m (yes / no)
answer ▸ """

WORK = """\
{address}, a worker without a model
{bead} {title}
\x1b[2m·\x1b[0m collected 212 items
\x1b[2m·\x1b[0m \x1b[32m212 passed\x1b[0m in 8.02s
\x1b[1mworking:\x1b[0m {title}"""


def _set_going(fake: FakeTown) -> None:
    fake.processes.spawn_detached(("daemon",), cwd=HOME, env={"GT_SESSION": "deacon.1"}, log=HOME / "log")
    pid = max(fake.processes.running)
    fake.ledger.read().own.registers.daemon_pid = pid
    for worker in WORKERS:
        text = (
            NUX
            if worker.state == "asking"
            else WORK.format(address=worker.address, bead=worker.bead, title=worker.title)
        )
        _run(fake, worker.address, text, worker.age_s)
    _run(fake, "mayor", "mayor, a worker without a model\ngastown worker ▸ ", 12)


def _run(fake: FakeTown, address: str, text: str, age_s: int) -> None:
    name = session_name(Address(address))
    spec = SessionSpec(name=name, cwd=HOME, argv=("worker",), env={"GT_SESSION": f"{name}.1", "GT_ROLE": address})
    at = NOW - timedelta(seconds=age_s)
    fake.sessions.panes[name] = _Shown(spec=spec, created=at, shown=text.split("\n"), mode="busy")


# ---------------------------------------------------------------------------------------------- other places


def a_fresh_town() -> FakeTown:
    """A town nobody has put anything into."""
    town = towns.a_town(name="gastown", is_running=False)
    return _in_memory(town)


def a_lone_ledger() -> FakeTown:
    """A project with beads and no town around it."""
    text = "Three modules read it, each in its own way.\n\nOne reader, one place for defaults, one error."
    beads = [
        towns.a_bead(
            "tk-1",
            "Read the configuration from one place",
            kind="feature",
            priority=1,
            updated_at=ago(minutes=3),
            description=text,
        ),
        towns.a_bead("tk-2", "Say which key is wrong", needs=["tk-1"], updated_at=ago(minutes=20)),
        towns.a_bead("tk-3", "Crash on an empty file", kind="bug", priority=0, status="in_progress"),
        towns.a_bead("tk-4", "Write the manual", priority=3, updated_at=ago(days=2)),
        towns.a_bead("tk-5", "First release", status="closed", updated_at=ago(days=5), closed_at=ago(days=5)),
    ]
    return _in_memory(towns.a_town(beads=beads, prefix="tk", name="", is_town=False))
