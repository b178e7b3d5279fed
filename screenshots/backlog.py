"""The working town with a backlog as people keep one: bugs and wishes, with texts, labels, comments and a past."""

from __future__ import annotations

from typing import Any

from gastown_tui.core import events as e
from gastown_tui.core.model.bead import Bead, Comment
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId
from screenshots.places import a_working_town, ago
from tests import towns
from tests.fakes import FakeTown

READ = "ap-7d3"
"""The bead that is read on the pictures."""

_TEXT = """\
A link from the password mail works once. People who open it on their phone and then \
again on their laptop see "expired" and write to support.

- keep the link alive for an hour, however often it is opened
- end all of them as soon as a new password is set"""
_DESIGN = (
    "A row per link with its own end, instead of the counter on the user. No migration of old links: they last an hour."
)

_BEADS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "ap-7c0",
        "Sessions survive a change of the password",
        {"kind": "bug", "priority": 0, "labels": ("security", "sign-in"), "updated_at": ago(minutes=9)},
    ),
    (
        "ap-7c8",
        "Answer 429 before the body is read",
        {"kind": "bug", "priority": 0, "labels": ("limits",), "updated_at": ago(minutes=41)},
    ),
    (
        "ap-7f1",
        "One reader for all configuration",
        {"kind": "chore", "labels": ("config",), "updated_at": ago(hours=6)},
    ),
    (
        "ap-7f9",
        "Time out of idle connections in minutes",
        {"kind": "feature", "labels": ("config", "limits"), "updated_at": ago(days=1)},
    ),
    ("ap-802", "Say which key is wrong", {"needs": ["ap-7f1"], "updated_at": ago(days=2)}),
    (
        "ap-80a",
        "Export of the audit log as CSV",
        {"kind": "feature", "priority": 3, "assignee": "api/crew/max", "updated_at": ago(days=3)},
    ),
    (
        "we-8e1",
        "The menu jumps when fonts arrive late",
        {"kind": "bug", "priority": 1, "labels": ("ui",), "updated_at": ago(hours=2)},
    ),
    (
        "we-8e4",
        "Tables keep their header while one scrolls",
        {"kind": "feature", "labels": ("ui",), "updated_at": ago(hours=20)},
    ),
    (
        "we-8ea",
        "Screen readers hear every error twice",
        {"kind": "bug", "priority": 1, "labels": ("ui", "access"), "updated_at": ago(days=4)},
    ),
    (
        "we-8f0",
        "Colours of the new brand",
        {
            "status": "deferred",
            "priority": 3,
            "labels": ("ui",),
            "defer_until": "2026-02-01T09:00:00Z",
            "updated_at": ago(days=6),
        },
    ),
    (
        "we-8f3",
        "Wait for the designers' answer about icons",
        {"status": "blocked", "labels": ("ui",), "updated_at": ago(days=1)},
    ),
    (
        "do-b12",
        "How to rotate keys",
        {"priority": 3, "needs": ["ap-9d1"], "updated_at": ago(days=2)},
    ),
    (
        "do-b14",
        "The tutorial ends where it gets interesting",
        {"kind": "feature", "priority": 3, "labels": ("guide",), "updated_at": ago(days=11)},
    ),
    (
        "ap-6a1",
        "Tokens are compared in constant time",
        {"kind": "bug", "status": "closed", "closed_at": ago(hours=3), "updated_at": ago(hours=3)},
    ),
    (
        "we-6b8",
        "Focus is visible on dark ground",
        {"kind": "bug", "status": "closed", "closed_at": ago(hours=8), "updated_at": ago(hours=8)},
    ),
)


def a_town_with_a_backlog() -> FakeTown:
    """What there is to do in three rigs, with one bead that has a story."""
    fake = a_working_town()
    town = fake.ledger.read()
    fields = (towns.a_bead(bead_id, title, **more) for bead_id, title, more in _BEADS)
    for bead in (*fields, *_story()):
        town.ledgers[town.ledger_of(bead.id)].beads[bead.id] = bead
    fake.ledger.events[:0] = [towns.an_event(fact, actor=who, at=at) for fact, who, at in _past()]
    return fake


def _story() -> list[Bead]:
    remarks = (
        Comment(id=1, issue_id=BeadId(READ), author="support", text="Four more this week.", created_at=ago(days=2)),
        Comment(
            id=2,
            issue_id=BeadId(READ),
            author="mayor",
            text="After the limiter: both touch mail.",
            created_at=ago(hours=5),
        ),
    )
    bead = towns.a_bead(
        READ,
        "A link to set a new password works as often as it is opened",
        kind="bug",
        priority=0,
        needs=["ap-8a1", "ap-6a1"],
        labels=("sign-in", "support"),
        description=_TEXT,
        design=_DESIGN,
        comments=remarks,
        created_by="mayor",
        created_at=ago(days=3),
        updated_at=ago(hours=1),
        due_at="2026-01-09T17:00:00Z",
    )
    return [
        bead,
        towns.a_bead(
            f"{READ}.1",
            "A table of links",
            status="closed",
            parent=READ,
            closed_at=ago(hours=4),
            updated_at=ago(hours=4),
        ),
        towns.a_bead(f"{READ}.2", "End all links with a new password", parent=READ, updated_at=ago(hours=4)),
        towns.a_bead(
            "do-b20", "Tell support that links last an hour", needs=[READ], priority=3, updated_at=ago(hours=1)
        ),
    ]


def _past() -> list[tuple[e.Fact, str, str]]:
    bead_id, nux = BeadId(READ), Address("api/polecats/nux")
    return [
        (e.BeadCreated(bead_id=bead_id, title="Password link works only once", issue_type="bug"), "mayor", ago(days=3)),
        (e.BeadUpdated(bead_id=bead_id, changes={"priority": 0}), "overseer", ago(days=2, hours=3)),
        (e.LabelAdded(bead_id=bead_id, label="support"), "overseer", ago(days=2, hours=3)),
        (e.HookSet(agent=nux, ref_id=bead_id, assignment_id=AssignmentId("asg-0")), "mayor", ago(hours=8)),
        (e.HookCleared(agent=nux, previous_ref=bead_id, assignment_id=AssignmentId("asg-0")), "mayor", ago(hours=7)),
        (
            e.BeadUpdated(bead_id=bead_id, changes={"title": "A link to set a new password …", "design": _DESIGN}),
            "api/crew/max",
            ago(hours=6),
        ),
        (e.DependencyAdded(bead_id=bead_id, depends_on_id=BeadId("ap-8a1")), "mayor", ago(hours=5)),
    ]
