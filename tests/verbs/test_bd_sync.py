"""The ledger and git: on the branch checked out, or on a branch apart, on good days and on bad ones."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL

import pytest

from gastown_tui.core.errors import GastownError, Refused, ToolFailed
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs import bd_create, bd_setup, bd_sync, bd_update
from gastown_tui.core.verbs.beads import Said
from gastown_tui.core.verbs.rigs import rig_add
from gastown_tui.core.wiring import create_ledger
from gastown_tui.core.world import git_carry
from gastown_tui.core.world.git_carry import GitCarrier
from tests.ledgers import LONG, projected
from tests.places import a_real_town, a_repository, git, hands_at, surroundings

BRANCH = "beads-sync"
SEED = int(os.environ.get("GASTOWN_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)


class Clone:
    """A clone and somebody who works there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.beads = path / ".beads"

    @property
    def hands(self) -> Hands:
        """As a command typed there."""
        return hands_at(self.path, actor=self.path.name)

    def files(self, title: str) -> str:
        """File a bead; its id."""
        before = set(self.ids())
        bd_create.create(self.hands, title, description="d")
        (fresh,) = set(self.ids()) - before
        return fresh

    def ids(self) -> list[str]:
        return sorted(bead.id for bead in self.hands.ledger.read().beads())

    def sync(self, **options: bool | str) -> Said:
        told = bd_sync.sync(self.hands, **options)  # type: ignore[arg-type]
        assert isinstance(told, Said)
        return told

    def untouched(self) -> tuple[str, str, str, bytes]:
        """What a sync on a branch apart must leave alone: head, branch, what git sees, the index."""
        index = self.path / ".git" / "index"
        status = git(self.path, "-c", "core.fsmonitor=false", "status", "--porcelain", "--branch")
        return git(self.path, "rev-parse", "HEAD"), status, git(self.path, "stash", "list"), index.read_bytes()


def an_origin(root: Path) -> Path:
    origin = a_repository(root / "work", {"README": "x\n", "code.py": "one\ntwo\n"})
    git(root, "clone", "--quiet", "--bare", str(origin), str(root / "origin.git"))
    return root / "origin.git"


def a_clone(origin: Path, name: str, *, branch: str = BRANCH) -> Clone:
    """A clone with an empty ledger of its own, hidden from the checkout when it travels apart."""
    path = origin.parent / name
    git(origin.parent, "clone", "--quiet", str(origin), str(path))
    if branch:
        with (path / ".git/info/exclude").open("a") as exclude:
            exclude.write(".beads/\n")
    if not (path / ".beads").exists():
        create_ledger(path, "gt")
        if branch:
            (path / ".beads/config.yaml").write_text(f"issue-prefix: gt\nsync-branch: {branch}\n")
    return Clone(path)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return an_origin(tmp_path)


def assert_same(*clones: Clone) -> None:
    first = projected(clones[0].beads)
    for clone in clones:
        assert projected(clone.beads) == first
        clone.hands.ledger.rebuild_projections()
        assert projected(clone.beads) == first
        assert b"bead.imported" not in (clone.beads / "events.jsonl").read_bytes()


# --------------------------------------------------------------------------------------------- a branch apart


def test_clones_meet_on_a_branch_apart_and_no_checkout_is_touched(origin: Path) -> None:
    one, two = a_clone(origin, "one"), a_clone(origin, "two")
    ids = [one.files("From one"), two.files("From two")]
    before = one.untouched(), two.untouched()
    for clone in (one, two, one):
        assert clone.sync().plain.endswith("✓ Sync complete")
    bd_update.update(one.hands, (ids[1],), title="Changed by one")
    bd_update.update(two.hands, (ids[1],), priority="0")
    for clone in (one, two, one):
        clone.sync()
    assert one.ids() == two.ids() == sorted(ids)
    bead = two.hands.ledger.read().bead(ids[1])
    assert (bead.title, bead.priority) == ("Changed by one", 0)
    assert_same(one, two)
    assert (one.untouched(), two.untouched()) == before
    assert git(origin, "log", "--format=%s", "main") == "Begin"
    assert set(git(origin, "ls-tree", "-r", "--name-only", BRANCH).split()) >= {
        ".beads/events.jsonl", ".beads/issues.jsonl", ".beads/config.yaml"
    }  # fmt: skip
    assert "local" not in git(origin, "ls-tree", "-r", "--name-only", BRANCH)


def dirty(path: Path) -> None:
    (path / "code.py").write_text("mine\n")
    (path / "new.py").write_text("new\n")
    git(path, "add", "new.py")


def detached(path: Path) -> None:
    git(path, "checkout", "--quiet", "--detach")


def rebasing(path: Path) -> None:
    git(path, "checkout", "--quiet", "-b", "side")
    (path / "code.py").write_text("side\n")
    git(path, "commit", "--quiet", "--all", "--message", "Side")
    git(path, "checkout", "--quiet", "main")
    (path / "code.py").write_text("main\n")
    git(path, "commit", "--quiet", "--all", "--message", "Main")
    git(path, "checkout", "--quiet", "side")
    with pytest.raises(Exception, match="rebase"):
        git(path, "rebase", "main")
    assert (path / ".git/rebase-merge").exists()


def locked(path: Path) -> None:
    (path / ".git/index.lock").write_text("")


def hooked(path: Path) -> None:
    for name in ("pre-commit", "commit-msg", "pre-push", "post-commit", "reference-transaction"):
        hook = path / ".git/hooks" / name
        hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
        hook.chmod(0o755)


@pytest.mark.parametrize("trouble", [dirty, detached, rebasing, locked, hooked], ids=lambda each: each.__name__)
def test_a_branch_apart_does_not_mind_what_the_checkout_is_in_the_middle_of(
    origin: Path, trouble: Callable[[Path], None]
) -> None:
    one, two = a_clone(origin, "one"), a_clone(origin, "two")
    theirs = two.files("From two")
    two.sync()
    mine = one.files("From one")
    trouble(one.path)
    index = (one.path / ".git/index").read_bytes()
    head = (one.path / ".git/HEAD").read_bytes()
    assert one.sync(message="Keep").value["pushed"]
    assert (one.path / ".git/index").read_bytes() == index
    assert (one.path / ".git/HEAD").read_bytes() == head
    assert one.ids() == sorted([mine, theirs])
    two.sync()
    assert_same(one, two)


def test_a_ledger_set_up_for_a_branch_apart_is_hidden_from_the_checkout_and_gets_what_is_there(origin: Path) -> None:
    one = a_clone(origin, "one")
    bead = one.files("From one")
    one.sync()
    git(origin.parent, "clone", "--quiet", str(origin), str(origin.parent / "two"))
    two = Clone(origin.parent / "two")
    bd_setup.init(two.hands, prefix="gt", branch=BRANCH)
    two.sync()
    assert two.ids() == [bead]
    assert git(two.path, "status", "--porcelain") == ""
    one.sync()
    assert_same(one, two)


def test_a_branch_somebody_moved_loses_nothing_it_holds(origin: Path) -> None:
    one, two = a_clone(origin, "one"), a_clone(origin, "two")
    ids = [one.files("From one"), two.files("From two")]
    one.sync()
    two.sync()
    git(one.path, "fetch", "--quiet", "origin", f"{BRANCH}:{BRANCH}")
    ids.append(one.files("After"))
    one.sync()
    two.sync()
    assert one.ids() == two.ids() == sorted(ids)
    assert_same(one, two)


def test_without_a_remote_the_branch_is_kept_here(tmp_path: Path) -> None:
    path = a_repository(tmp_path / "alone", {"README": "x"})
    create_ledger(path, "gt")
    (path / ".beads/config.yaml").write_text(f"issue-prefix: gt\nsync:\n  branch: {BRANCH}\n")
    clone = Clone(path)
    bead = clone.files("Alone")
    told = clone.sync()
    assert told.value == {"committed": True, "pulled": False, "pushed": False, "branch": BRANCH, "kept": []}
    assert bead in git(path, "show", f"{BRANCH}:.beads/issues.jsonl")
    assert not clone.sync().value["committed"]
    assert git(path, "rev-list", "--count", BRANCH) == "1"


def test_standing_is_told_and_nothing_is_done(origin: Path) -> None:
    one = a_clone(origin, "one")
    one.files("A")
    before = one.untouched()
    told = one.sync(status=True)
    assert "Sync mode: branch beads-sync" in told.plain and told.value["pending"] > 1 and told.value["apart"]
    assert one.sync(dry_run=True).plain.splitlines() == [
        f"→ Committing {told.value['pending']} changed file(s)...",
        "→ Pulling...",
        "→ Pushing...",
        "✓ Dry run complete (no changes made)",
    ]
    assert git(one.path, "branch", "--list", BRANCH) == ""
    one.sync(no_push=True, no_pull=True)
    assert one.sync(status=True).value["pending"] == 0
    assert git(origin, "branch", "--list", BRANCH) == ""
    assert one.untouched() == before


def test_who_is_overtaken_while_pushing_merges_again(origin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = a_clone(origin, "one"), a_clone(origin, "two")
    mine = one.files("From one")
    push, others = GitCarrier.push, [two.files("First"), two.files("Second")]
    overtakes = iter([True, True])

    def overtaken(self: GitCarrier, beads: Path, standing: object) -> bool:
        if beads == one.beads and next(overtakes, False):
            others.append(two.files("Another"))
            two.sync()
        return push(self, beads, standing)  # type: ignore[arg-type]

    monkeypatch.setattr(GitCarrier, "push", overtaken)
    assert one.sync().value["pushed"]
    two.sync()
    assert one.ids() == two.ids() == sorted([mine, *others])
    assert_same(one, two)


@pytest.mark.parametrize("step", ["commit", "fetch", "bring", "push", "second commit", "take up"])
def test_a_sync_that_dies_anywhere_is_finished_by_the_next(
    origin: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    one, two = a_clone(origin, "one"), a_clone(origin, "two")
    ids = [one.files("From one"), two.files("From two")]
    two.sync()
    from gastown_tui.core.world.jsonl import JsonlLedger

    owner = JsonlLedger if step == "take up" else GitCarrier
    name = step.removeprefix("second ").replace(" ", "_")
    real, turns = getattr(owner, name), iter([step.startswith("second"), False])

    def dies(*args: object, **options: object) -> object:
        if next(turns):
            return real(*args, **options)
        real(*args, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dies)
        with pytest.raises(KeyboardInterrupt):
            one.sync()
    for clone in (one, two):
        clone.sync()
    assert one.ids() == two.ids() == sorted(ids)
    assert_same(one, two)


def sync_process(clone: Clone) -> subprocess.Popen[bytes]:
    """`bd sync` as a process of its own."""
    words = [sys.executable, "-m", "gastown_tui", "--batch", "bd", "--town", str(clone.path), "sync"]
    return subprocess.Popen(words, env=surroundings(BD_ACTOR=clone.path.name), stdout=DEVNULL, stderr=subprocess.PIPE)


def test_a_sync_killed_at_any_moment_loses_nothing(origin: Path) -> None:
    one, two = a_clone(origin, "one"), a_clone(origin, "two")
    chance = random.Random(SEED)
    print(f"GASTOWN_SEED={SEED}")
    ids: list[str] = []
    for _ in range(60 if LONG else 6):
        ids += [one.files("From one"), two.files("From two")]
        two.sync()
        process = sync_process(one)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=chance.uniform(0.1, 0.9))
        process.kill()
        process.communicate()
        assert set(ids) - set(two.ids()) <= set(one.ids())
    for clone in (one, two):
        clone.sync()
    assert one.ids() == two.ids() == sorted(ids)
    assert_same(one, two)


def test_several_syncs_of_one_clone_at_once_all_succeed(origin: Path) -> None:
    one, two = a_clone(origin, "one"), a_clone(origin, "two")
    ids = [one.files("From one"), two.files("From two")]
    two.sync()
    for process in [sync_process(one) for _ in range(4)]:
        _, complaint = process.communicate()
        assert process.returncode == 0, complaint.decode()
    two.sync()
    assert one.ids() == two.ids() == sorted(ids)
    assert_same(one, two)


def test_a_bead_another_program_changed_on_the_branch_is_taken_up(origin: Path) -> None:
    one = a_clone(origin, "one")
    bead = one.files("From one")
    one.sync()
    other = origin.parent / "other"
    git(origin.parent, "clone", "--quiet", "--branch", BRANCH, str(origin), str(other))
    file = other / ".beads/issues.jsonl"
    record = json.loads(file.read_text()) | {"title": "By another program", "updated_at": "2999-01-01T00:00:00Z"}
    file.write_text(json.dumps(record, separators=(",", ":")) + "\n")
    git(other, "commit", "--quiet", "--all", "--message", "Another program")
    git(other, "push", "--quiet")
    one.sync()
    assert one.hands.ledger.read().bead(bead).title == "By another program"
    assert b"bead.imported" in (one.beads / "events.jsonl").read_bytes()


def test_other_files_of_a_ledger_travel_and_ours_is_kept_where_both_changed(origin: Path) -> None:
    one, two = a_clone(origin, "one"), a_clone(origin, "two")
    for clone in (one, two):
        (clone.beads / "formulas").mkdir()
    (one.beads / "formulas/a.formula.toml").write_text("one = 1\n")
    (one.beads / "formulas/b.formula.toml").write_text("old = 1\n")
    one.sync()
    two.sync()
    assert (two.beads / "formulas/a.formula.toml").read_text() == "one = 1\n"
    (one.beads / "formulas/a.formula.toml").write_text("one = 2\n")
    (two.beads / "formulas/a.formula.toml").write_text("two = 2\n")
    (one.beads / "formulas/b.formula.toml").unlink()
    one.sync()
    told = two.sync()
    assert told.value["kept"] == ["formulas/a.formula.toml"] and "kept ours: formulas/a.formula.toml" in told.plain
    assert (two.beads / "formulas/a.formula.toml").read_text() == "two = 2\n"
    assert not (two.beads / "formulas/b.formula.toml").exists()
    one.sync()
    assert (one.beads / "formulas/a.formula.toml").read_text() == "two = 2\n"


def test_who_pushes_without_pulling_is_told_when_others_were_faster(origin: Path) -> None:
    one, two = a_clone(origin, "one"), a_clone(origin, "two")
    two.sync()
    bead = one.files("A")
    with pytest.raises(Refused, match="others have pushed what is not here"):
        one.sync(no_pull=True)
    assert bead in git(one.path, "show", f"{BRANCH}:.beads/issues.jsonl")
    assert one.sync().value["pushed"]


def test_a_branch_that_is_checked_out_elsewhere_is_left_alone(origin: Path) -> None:
    one = a_clone(origin, "one")
    one.files("A")
    one.sync()
    git(one.path, "worktree", "add", "--quiet", str(origin.parent / "there"), BRANCH)
    one.files("B")
    with pytest.raises(Refused, match="is checked out in"):
        one.sync()


def test_a_remote_out_of_reach_is_said_and_the_ledger_is_committed_all_the_same(origin: Path) -> None:
    one = a_clone(origin, "one")
    bead = one.files("A")
    git(one.path, "remote", "set-url", "origin", str(origin.parent / "gone.git"))
    with pytest.raises(ToolFailed, match="origin could not be reached") as failed:
        one.sync()
    assert "what is here is committed" in failed.value.hint
    assert bead in git(one.path, "show", f"{BRANCH}:.beads/issues.jsonl")
    git(one.path, "remote", "set-url", "origin", str(origin))
    assert one.sync().value["pushed"]


def test_two_towns_share_a_rigs_ledger_over_its_origin_and_its_code_stays_its_own(tmp_path: Path) -> None:
    origin = an_origin(tmp_path)
    rigs: list[Clone] = []
    for name in ("one", "two"):
        town = a_real_town(tmp_path / name)
        rig_add(town, "api", str(origin), prefix="ap", gate="true")
        rigs.append(Clone(tmp_path / name / "api"))
    ids = [rig.files(f"From {rig.path.parent.name}") for rig in rigs]
    for rig in (*rigs, *rigs):
        assert rig.sync().value["branch"] == BRANCH
    for rig in rigs:
        assert {bead.id for bead in rig.hands.ledger.read().ledgers["api"].beads.all()} == set(ids)
    assert_same(*rigs)
    assert git(origin, "log", "--format=%s", "main") == "Begin"
    assert ".beads" not in git(origin, "ls-tree", "-r", "--name-only", "main")


# --------------------------------------------------------------------------------------- the branch checked out


def test_here_only_the_ledger_is_committed_and_what_is_staged_stays_staged(origin: Path) -> None:
    one = a_clone(origin, "one", branch="")
    one.files("A")
    dirty(one.path)
    hooked(one.path)
    (one.path / ".git/hooks/pre-push").unlink()
    (one.path / ".git/hooks/reference-transaction").unlink()
    (one.beads / ".gitattributes").unlink()
    told = one.sync(message="keep it; $(touch oops)")
    assert (one.beads / ".gitattributes").read_text() == "*.jsonl merge=union\n"
    assert told.value["pushed"] and not list(one.path.rglob("oops"))
    assert git(origin, "log", "-1", "--format=%s", "main") == "keep it; $(touch oops)"
    assert git(origin, "ls-tree", "-r", "--name-only", "main").count(".beads/") > 4
    assert "new.py" not in git(origin, "ls-tree", "-r", "--name-only", "main")
    assert git(one.path, "status", "--porcelain").split("\n") == ["M code.py", "A  new.py"]


def test_here_a_hook_of_the_projects_own_may_refuse_a_push_and_nothing_is_lost(origin: Path) -> None:
    one = a_clone(origin, "one", branch="")
    one.files("A")
    hooked(one.path)
    (one.path / ".git/hooks/reference-transaction").unlink()
    with pytest.raises(ToolFailed, match="git push failed"):
        one.sync()
    assert git(one.path, "status", "--porcelain") == ""
    (one.path / ".git/hooks/pre-push").unlink()
    assert one.sync().value["pushed"]


def test_here_a_branch_is_pushed_to_where_it_comes_from_whatever_its_name(origin: Path) -> None:
    one = a_clone(origin, "one", branch="")
    git(one.path, "checkout", "--quiet", "-b", "mine", "--track", "origin/main")
    one.files("A")
    assert one.sync().value["pushed"]
    assert git(origin, "branch", "--list", "mine") == ""
    assert ".beads/events.jsonl" in git(origin, "ls-tree", "-r", "--name-only", "main")


def test_here_a_detached_head_is_committed_to_and_not_pushed(origin: Path) -> None:
    one = a_clone(origin, "one", branch="")
    one.files("A")
    detached(one.path)
    assert one.sync().value == {"committed": True, "pulled": False, "pushed": False, "branch": "", "kept": []}


def test_here_a_rebase_under_way_is_refused_and_nothing_is_touched(origin: Path) -> None:
    one = a_clone(origin, "one", branch="")
    rebasing(one.path)
    one.files("A")
    head = git(one.path, "rev-parse", "HEAD")
    with pytest.raises(Refused, match="unmerged paths or merge in progress") as refused:
        one.sync()
    assert "rebase" in refused.value.hint
    assert git(one.path, "rev-parse", "HEAD") == head
    assert one.sync(flush_only=True).plain == ""


def test_here_a_clash_in_the_code_takes_the_merge_back(origin: Path) -> None:
    one, two = a_clone(origin, "one", branch=""), a_clone(origin, "two", branch="")
    for clone in (one, two):
        (clone.path / "code.py").write_text(f"{clone.path.name}\n")
        git(clone.path, "commit", "--quiet", "--all", "--message", "Code")
    one.files("A")
    one.sync()
    two.files("B")
    with pytest.raises(GastownError, match="git pull failed"):
        two.sync()
    assert not (two.path / ".git/MERGE_HEAD").exists()
    assert len(two.ids()) == 1


def test_here_clones_whose_projections_clash_are_settled_by_the_log(
    origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_carry, "tell_git", lambda beads: None)
    one, two = a_clone(origin, "one", branch=""), a_clone(origin, "two", branch="")
    for clone in (one, two):
        (clone.beads / ".gitattributes").write_text("events.jsonl merge=union\n")
    bead = one.files("A")
    one.sync()
    two.files("B")
    two.sync()
    one.sync()
    bd_update.update(one.hands, (bead,), title="By one")
    bd_update.update(two.hands, (bead,), priority="0")
    for clone in (one, two, one):
        clone.sync()
    shown = one.hands.ledger.read().bead(bead)
    assert (shown.title, shown.priority) == ("By one", 0)
    assert_same(one, two)


def test_outside_a_repository_there_is_nothing_to_sync_with(tmp_path: Path) -> None:
    create_ledger(tmp_path, "gt")
    with pytest.raises(Refused, match="not in a git repository") as refused:
        Clone(tmp_path).sync()
    assert refused.value.hint.startswith("run 'git init'")
