"""Real ledgers on a real disk for tests: made, written to and compared byte for byte."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from gastown_tui.core import events as e
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, EscalationId, MailId, NudgeId
from gastown_tui.core.ports import Recorded
from gastown_tui.core.wiring import create_ledger, find_home
from gastown_tui.core.world.jsonl import JsonlLedger

LONG = bool(os.environ.get("GASTOWN_LONG"))
"""Fault tests and random histories run in their long form."""
_EXAMPLES = 400 if LONG else 30
PROJECTED = ("issues.jsonl", "messages.jsonl", "feed.jsonl")


def examples(times: int = 1) -> settings:
    """How many random examples a property is tried with; slowness of the machine never fails one."""
    return settings(
        max_examples=_EXAMPLES * times,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def corpus() -> list[Path]:
    """Ledgers of public repositories, when they lie beside the project or where GASTOWN_CORPUS says."""
    said = os.environ.get("GASTOWN_CORPUS")
    folder = Path(said) if said else Path(__file__).resolve().parents[2] / "shared" / "corpus"
    return sorted(folder.glob("*.issues.jsonl"))


class SteppingClock:
    """A clock that goes on by some milliseconds whenever it is asked, or back when told to."""

    def __init__(self, step_ms: int = 1) -> None:
        self.moment = datetime(2026, 1, 6, 12, 0, tzinfo=UTC)
        self.step = timedelta(milliseconds=step_ms)

    def now(self) -> datetime:
        self.moment += self.step
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def lone(directory: Path, prefix: str = "gt", **options: Any) -> JsonlLedger:
    """A fresh ledger with no town around it."""
    create_ledger(directory, prefix, clock=options.get("clock"))
    return reopened(directory, **options)


def reopened(directory: Path, **options: Any) -> JsonlLedger:
    """The same ledger as another process would open it."""
    return JsonlLedger(find_home(directory, env={}, cwd=directory), **options)


def with_issues(directory: Path, data: bytes, name: str = "issues.jsonl") -> Path:
    """A directory that holds nothing but somebody's issues file; returns its `.beads`."""
    beads = directory / ".beads"
    beads.mkdir(parents=True)
    (beads / name).write_bytes(data)
    return beads


def put(ledger: JsonlLedger, *facts: e.Fact, actor: str = "mayor") -> Recorded:
    """Record facts as one transaction of the ledger's own."""
    return ledger.record(lambda _: [e.Entry(fact) for fact in facts], actor=actor)


def created(bead_id: str, title: str = "A thing to do", **fields: Any) -> e.BeadCreated:
    """The fact that files a bead."""
    return e.BeadCreated(bead_id=BeadId(bead_id), title=title, **fields)


def projected(beads: Path) -> dict[str, bytes]:
    """Every projection of a `.beads`, by name."""
    hooks = sorted(path.name for path in beads.glob(".hook-*"))
    return {name: (beads / name).read_bytes() for name in (*PROJECTED, *hooks) if (beads / name).exists()}


def everything(directory: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a directory with its content and the time it was last written."""
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {str(path.relative_to(directory)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def temporary() -> Iterator[Path]:
    """A directory for one example of a property."""
    with TemporaryDirectory(prefix="gt-") as name:
        yield Path(name)


# ------------------------------------------------------------------------------------------------ histories

_IDS = [BeadId(each) for each in ("gt-1", "gt-2", "gt-2.1", "gt-a3f", "hq-9", "gt-mol-77x")]
_AGENTS = [Address(each) for each in ("mayor", "api/polecats/slot0", "api/polecats/slot1", "api/witness")]
_MAIL = [MailId(each) for each in ("msg-1", "msg-2", "msg-3")]
_FENCES = [AssignmentId(each) for each in ("asg-1", "asg-2")]

beads = st.sampled_from(_IDS)
agents = st.sampled_from(_AGENTS)
texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["<b>&", "line\nline", "\u2028", "ünï", '"quoted"', "\\", "\x00\x07", "🜚"]
)
stamps = st.sampled_from(["2026-01-06T12:00:00Z", "2026-01-06T04:00:00.000000001-08:00", "2026-01-06T12:00:00.02Z"])
_FOREIGN = st.sampled_from(
    [
        '{{"id":"{id}","title":{title},"status":"open","priority":1,"issue_type":"task","created_at":"{at}",'
        '"updated_at":"{at}"}}',
        '{{"title":{title},"id":"{id}","x_unknown":{{"a":[1, 2]}},"updated_at":"{at}","created_at":"{at}",'
        '"priority":0}}',
        '{{"id": "{id}", "title": {title}, "status": "frozen", "priority": 3, "created_at": "{at}", '
        '"updated_at": "{at}", "closed_at": null}}',
        '{{"_type":"issue","id":"{id}","title":{title},"priority":2,"created_at":"{at}","updated_at":"{at}",'
        '"labels":["b","a"],"comments":[{{"id":"c-1","issue_id":"{id}","author":"x","text":"<>","created_at":"{at}",'
        '"by":"us"}}],"comment_count":1}}\r',
    ]
)


@st.composite
def foreign_lines(draw: st.DrawFn, bead: st.SearchStrategy[BeadId] = beads) -> str:
    """A line of an issues file as some other program writes it."""
    import json

    title = json.dumps(draw(texts), ensure_ascii=draw(st.booleans()))
    return draw(_FOREIGN).format(id=draw(bead), title=title, at=draw(stamps))


@st.composite
def _imported(draw: st.DrawFn) -> e.BeadImported:
    bead = draw(beads)
    return e.BeadImported(bead_id=bead, line=draw(foreign_lines(st.just(bead))))


facts: st.SearchStrategy[e.Fact] = st.one_of(
    st.builds(
        e.BeadCreated,
        bead_id=beads,
        title=texts,
        description=st.none() | texts,
        labels=st.lists(texts, max_size=2).map(tuple),
        dependencies=st.lists(st.builds(e.Edge, depends_on_id=beads), max_size=2).map(tuple),
        fields=st.sampled_from([{}, {"metadata": {"run": "make"}, "notes": "n"}, {"owner": "o", "priority": "x"}]),
    ),
    _imported(),
    st.builds(
        e.BeadUpdated,
        bead_id=beads,
        changes=st.dictionaries(
            st.sampled_from(["title", "description", "priority", "notes", "owner", "closed_at", "labels", "nonsense"]),
            st.none() | texts | st.integers(0, 4),
            max_size=3,
        ),
    ),
    st.builds(
        e.BeadStatusChanged,
        bead_id=beads,
        from_status=st.just("open"),
        to_status=st.sampled_from(["in_progress", "closed", "blocked"]),
    ),
    st.builds(e.BeadAssigned, bead_id=beads, assignee=st.none() | agents),
    st.builds(e.BeadClosed, bead_id=beads, reason=texts),
    st.builds(e.BeadReopened, bead_id=beads),
    st.builds(e.BeadDeleted, bead_id=beads),
    st.builds(e.BeadNoted, bead_id=beads, text=texts),
    st.builds(e.BeadCommented, bead_id=beads, text=texts),
    st.builds(e.LabelAdded, bead_id=beads, label=texts),
    st.builds(e.LabelRemoved, bead_id=beads, label=texts),
    st.builds(e.DependencyAdded, bead_id=beads, depends_on_id=beads),
    st.builds(e.DependencyRemoved, bead_id=beads, depends_on_id=beads),
    st.builds(e.HookSet, agent=agents, ref_id=beads, assignment_id=st.sampled_from(_FENCES)),
    st.builds(e.HookCleared, agent=agents, previous_ref=beads, assignment_id=st.sampled_from(_FENCES)),
    st.builds(e.HookChecked, agent=agents, found=st.booleans()),
    st.builds(e.AgentWorking, agent=agents, note=texts),
    st.builds(e.AgentRetired, agent=agents),
    st.builds(
        e.MailSent, message_id=st.sampled_from(_MAIL), sender=texts, to=st.tuples(agents), subject=texts,
        thread_id=st.sampled_from(_MAIL),
    ),
    st.builds(e.MailRead, message_id=st.sampled_from(_MAIL), reader=agents),
    st.builds(e.NudgeQueued, nudge_id=st.just(NudgeId("ndg-1")), agent=agents, text=texts, sender=texts),
    st.builds(e.NudgeTyped, nudge_id=st.just(NudgeId("ndg-1"))),
    st.builds(e.EscalationRaised, escalation_id=st.just(EscalationId("esc-1")), severity=st.just("high"), text=texts),
    st.builds(e.LineKept, line=st.just('{"_type":"memory","key":"k"}'), position=st.integers(0, 3)),
    st.builds(e.ConvoyLanded, convoy_id=beads),
)  # fmt: skip
"""Any fact, about few enough things that they meet."""

histories = st.lists(st.lists(facts, min_size=1, max_size=4), max_size=8)
"""Transactions, one after the other."""
