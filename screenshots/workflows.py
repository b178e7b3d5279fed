"""The working town with work that hangs together: pieces that wait for one another, and molecules under way."""

from __future__ import annotations

from typing import Any

from gastown_tui.core.events import Edge
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.verbs.cookbook import BUILT_IN
from screenshots.places import a_working_town, ago
from tests import towns
from tests.fakes import FakeTown

HOTFIX = """
formula = "hotfix"
description = "Mend what hurts now, and see to it that it stays mended."
version = 3

[vars.what]
description = "what hurts"
required = true

[vars.severity]
description = "how much"
enum = ["low", "high", "critical"]
default = "high"

[vars.release]
description = "the release it goes into"
pattern = '^\\d+\\.\\d+\\.\\d+$'
required = true

[[steps]]
id = "reproduce"
title = "Show {{what}} in a test"
description = "A test that fails because of it."

[[steps]]
id = "mend"
title = "Mend {{what}}"
needs = ["reproduce"]
description = "The smallest change that does it."

[[steps]]
id = "tests"
title = "Run every test"
needs = ["mend"]
run = "make test"

[[steps]]
id = "approve"
title = "Release {{release}}"
needs = ["tests"]
[steps.gate]
type = "human"

[[steps]]
id = "tell"
title = "Tell everybody about {{release}}"
needs = ["approve"]
condition = "{{severity}} == critical"
"""
NIGHTLY = """
formula = "nightly"
description = "What runs while everybody sleeps."

[[steps]]
id = "sweep"
title = "Sweep"
needs = ["collect"]
"""
EPIC = "ap-5e0"
MOLECULE = "ap-mol-7k2"


def a_town_with_workflows() -> FakeTown:
    """An epic in the middle of its pieces, two molecules that move, one at a gate, one nobody has, and a wisp."""
    fake = a_working_town()
    town = fake.ledger.read()
    for file in BUILT_IN.glob("*.toml"):
        fake.files.texts[file] = file.read_text(encoding="utf-8")
    project = fake.ledger.home / ".beads" / "formulas"
    fake.files.texts[project / "hotfix.formula.toml"] = HOTFIX
    fake.files.texts[project / "nightly.formula.toml"] = NIGHTLY
    for bead in (*_epic(), *_shiny(), *_release(), *_audit(), _wisp()):
        town.ledgers[town.ledger_of(bead.id)].beads[bead.id] = bead
    return fake


def _epic() -> list[Bead]:
    slot, rust = "api/polecats/slot1", "api/polecats/rust"
    done: dict[str, Any] = {"status": "closed", "closed_at": ago(hours=2)}
    pieces = (
        ("1", "Decide where keys are kept", (), done | {"assignee": "mayor"}),
        ("2", "Store public keys", ("1",), done | {"assignee": slot}),
        ("3", "Register a passkey", ("2",), {"status": "in_progress", "assignee": rust}),
        ("4", "Sign in with a passkey", ("2",), {}),
        ("5", "Recovery codes", ("1",), {"priority": 3}),
        ("6", "Switch it on for everybody", ("3", "4", "5"), {"priority": 1}),
    )
    found = [towns.a_bead(EPIC, "Sign-in without passwords", kind="epic", priority=1, updated_at=ago(hours=5))]
    for number, title, needs, more in pieces:
        fields: dict[str, Any] = {"updated_at": ago(minutes=17)} | more
        ids = [f"{EPIC}.{each}" for each in needs]
        found.append(towns.a_bead(f"{EPIC}.{number}", title, needs=ids, parent=EPIC, **fields))
    related = Edge(depends_on_id=BeadId(f"{EPIC}.3"), dependency_type="discovered-from")
    found.append(towns.a_bead("ap-61c", "Safari forgets the second key", kind="bug", needs=[related], priority=1))
    found.append(towns.a_bead("ap-62d", "Announce it in the changelog", needs=[f"{EPIC}.6"], priority=3))
    found.append(towns.a_bead("ap-63e", "Load test of the sign-in page", needs=[f"{EPIC}.6", "ap-9d1"]))
    return found


def _steps(root: str, steps: tuple[tuple[str, str, tuple[int, ...], dict[str, Any]], ...], **every: Any) -> list[Bead]:
    found = []
    for number, (name, title, needs, more) in enumerate(steps, 1):
        fields: dict[str, Any] = {"updated_at": ago(minutes=30)} | every | more
        metadata = {"step": name} | fields.pop("metadata", {})
        ids = [f"{root}.{each}" for each in needs]
        found.append(towns.a_bead(f"{root}.{number}", title, needs=ids, parent=root, metadata=metadata, **fields))
    return found


def _over(who: str, began_m: float, took_m: float, reason: str = "Closed") -> dict[str, Any]:
    began, ended = ago(minutes=began_m), ago(minutes=began_m - took_m)
    over = {"status": "closed", "assignee": who, "started_at": began, "closed_at": ended, "updated_at": ended}
    return over | {"close_reason": reason}


def _root(root: str, title: str, formula: str, **fields: Any) -> Bead:
    metadata = {"formula": formula, "vars": {"feature": title}}
    record: dict[str, Any] = {"updated_at": ago(minutes=40)} | fields
    return towns.a_bead(
        root, f"{formula}: {title}", kind="molecule", metadata=metadata, source_formula=formula, **record
    )


TEST = 'GT_VAR_test_command=\'pytest -q\'\ntests="${GT_VAR_test_command}"\nsh -c "$tests"'


def _shiny() -> list[Bead]:
    slot, feature = "api/polecats/slot2", "Refresh tokens before they expire"
    moving = {"status": "in_progress", "assignee": slot, "started_at": ago(minutes=6), "updated_at": ago(seconds=14)}
    told = "Show that it works: a test that fails without the change and passes with it, and the whole suite green."
    steps = (
        ("security-prescan", "Scan for known weaknesses", (), _over(slot, 44, 3)),
        ("design", f"Design {feature}", (1,), _over(slot, 41, 12)),
        ("implement", f"Build {feature}", (2,), _over(slot, 29, 22.5)),
        ("test", f"Test {feature}", (3,), moving | {"metadata": {"run": TEST}, "description": told}),
        ("security-postscan", "Look at it as an attacker would", (4,), {}),
        ("submit", f"Hand in {feature}", (5,), {}),
    )
    return [_root(MOLECULE, feature, "shiny-enterprise", parent="ap-8b7"), *_steps(MOLECULE, steps)]


def _release() -> list[Bead]:
    root, crew = "hq-mol-3fd", "mayor"
    gate = towns.a_bead(
        f"{root}.gate-publish", "Gate: human release before Publish", kind="gate", await_type="human",
        metadata={"molecule": root}, created_at=ago(minutes=50),
    )  # fmt: skip
    steps = (
        ("preflight", "Nothing uncommitted, tests green", (), _over(crew, 90, 4)),
        ("bump", "Bump the version to 0.51.0", (1,), _over(crew, 80, 1)),
        ("changelog", "Write down what changed", (1,), _over(crew, 78, 9)),
        ("publish", "Publish", (2, 3), {}),
        ("announce", "Tell everybody", (4,), {}),
    )
    made = _steps(root, steps)
    waits = towns.a_bead(
        f"{root}.4", "Publish", parent=root, needs=[f"{root}.2", f"{root}.3", gate.id], metadata={"step": "publish"}
    )
    made[3] = waits
    return [_root(root, "0.51.0", "beads-release", assignee=crew), gate, *made]


def _audit() -> list[Bead]:
    root = "we-mol-9c1"
    names = ("Sessions", "Uploads", "Payments", "What it adds up to")
    steps = tuple((f"leg-{n}", name, () if n < 4 else (1, 2, 3), {}) for n, name in enumerate(names, 1))
    return [_root(root, "Before the launch", "security-audit", updated_at=ago(hours=3)), *_steps(root, steps)]


def _wisp() -> Bead:
    return _root("hq-wisp-2b", "evening round", "mol-deacon-patrol", ephemeral=True, updated_at=ago(minutes=2))
