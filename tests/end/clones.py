"""Clones of one repository that work apart and meet through git: random acts from a seed, and what must hold after."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from gastown_tui.core import events as e
from gastown_tui.core.errors import GastownError, Refused
from gastown_tui.core.model.ids import Address, AssignmentId, BeadId, MailId
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs import bd_close, bd_create, bd_delete, bd_dep, bd_label, bd_mol_pour, bd_sync, bd_update
from gastown_tui.core.wiring import create_ledger
from tests.ledgers import projected, reopened
from tests.places import git, hands_at, surroundings

FORMULA = """
formula = "chores"
[[steps]]
id = "wash"
title = "Wash"
[[steps]]
id = "dry"
title = "Dry"
needs = ["wash"]
"""
BEADS = ".beads"
_ACTS = (
    *("create", "create", "update", "close", "reopen", "dep", "undep", "comment", "note", "label", "unlabel"),
    *("delete", "claim", "claim", "hook", "unhook", "mail", "pour", "child", "step"),
)


class Clone:
    """One clone and who works there."""

    def __init__(self, path: Path, random: Random, acts: Counter[str], *, is_apart: bool = False) -> None:
        self.path = path
        self.name = path.name
        self.is_apart = is_apart
        self._random = random
        self._acts = acts
        self._agent = Address(f"api/polecats/{path.name}")

    @property
    def hands(self) -> Hands:
        """As a command typed here sees the ledger."""
        return hands_at(self.path, actor=self.name)

    # ------------------------------------------------------------------------------------------------ acts

    def act(self) -> None:
        """Do something to some bead; what the rules refuse is no failure."""
        name = self._random.choice(_ACTS)
        with suppress(GastownError):
            getattr(self, f"_{name}")()
            self._acts[name] += 1

    def _any(self) -> str:
        beads = sorted(bead.id for bead in self.hands.ledger.read().beads())
        return self._random.choice(beads) if beads else "gt-none"

    def _word(self) -> str:
        return f"{self.name} {self._random.randrange(1000)}"

    def _create(self) -> None:
        labels = (self._random.choice(["red", "blue"]),) if self._random.random() < 0.3 else ()
        bd_create.create(self.hands, f"From {self._word()} <b>&", description="d", labels=labels)

    def _child(self) -> None:
        parent = self._any()
        bd_create.create(self.hands, f"Child from {self._word()}", description="d", parent=parent)

    def _update(self) -> None:
        change = self._random.choice(["title", "priority", "description", "status", "assignee"])
        if change == "priority":
            bd_update.update(self.hands, (self._any(),), priority=str(self._random.randrange(5)))
        elif change == "status":
            status = self._random.choice(["open", "in_progress", "blocked", "deferred"])
            bd_update.update(self.hands, (self._any(),), status=status)
        else:
            bd_update.update(self.hands, (self._any(),), **{change: self._word()})  # type: ignore[arg-type]

    def _claim(self) -> None:
        bd_update.update(self.hands, (self._any(),), claim=True)

    def _close(self) -> None:
        bd_close.close(self.hands, (self._any(),), reason=(self._word(),), force=True)

    def _reopen(self) -> None:
        bd_update.reopen(self.hands, (self._any(),))

    def _dep(self) -> None:
        bd_dep.add(self.hands, self._any(), self._any(), type_=self._random.choice(["blocks", "related"]))

    def _undep(self) -> None:
        bead = self.hands.ledger.read().bead(self._any())
        if bead.needs:
            bd_dep.remove(self.hands, bead.id, self._random.choice(bead.needs).depends_on_id)

    def _comment(self) -> None:
        bd_label.comments_add(self.hands, self._any(), (self._word(),))

    def _note(self) -> None:
        bd_update.update(self.hands, (self._any(),), append_notes=self._word())

    def _label(self) -> None:
        bd_label.label_add(self.hands, (self._any(),), self._random.choice(["red", "blue", "green"]))

    def _unlabel(self) -> None:
        bd_label.label_remove(self.hands, (self._any(),), self._random.choice(["red", "blue", "green"]))

    def _delete(self) -> None:
        if self._random.random() < 0.3:
            bd_delete.delete(self.hands, (self._any(),), force=True)

    def _pour(self) -> None:
        if self._random.random() < 0.3:
            bd_mol_pour.pour(self.hands, "chores")

    def _step(self) -> None:
        """Close the first step of a molecule that is ready."""
        town = self.hands.ledger.read()
        steps = [bead for bead in town.beads() if bead.title in {"Wash", "Dry"} and not bead.is_closed]
        if steps:
            bd_close.close(self.hands, (self._random.choice(steps).id,))

    def _hook(self) -> None:
        bead = BeadId(self._any())
        fence = AssignmentId(f"asg-{self._random.getrandbits(64):x}")
        self._put(e.HookSet(agent=self._agent, ref_id=bead, assignment_id=fence))

    def _unhook(self) -> None:
        hook = self.hands.ledger.read().hooks().get(self._agent)
        if hook is not None:
            self._put(e.HookCleared(agent=self._agent, previous_ref=hook.bead_id, assignment_id=hook.assignment_id))

    def _mail(self) -> None:
        mail = MailId(f"msg-{self._random.getrandbits(64):x}")
        self._put(
            e.MailSent(message_id=mail, sender=self.name, to=(self._agent,), subject=self._word(), thread_id=mail)
        )

    def another_program(self) -> None:
        """Change a line of the issues file as a program does that knows nothing of the log."""
        file = self.path / BEADS / "issues.jsonl"
        lines = file.read_bytes().splitlines()
        if not lines:
            return
        at = self._random.randrange(len(lines))
        with suppress(ValueError):
            record = json.loads(lines[at])
            now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            record |= {"title": f"Another program {self._word()}", "updated_at": now, "x_theirs": self._word()}
            lines[at] = json.dumps(record, separators=(",", ":")).encode()
            file.write_bytes(b"".join(line + b"\n" for line in lines))
            self._acts["another program"] += 1

    def _put(self, *facts: e.Fact) -> None:
        self.hands.ledger.record(lambda _: [e.Entry(fact) for fact in facts], actor=self.name)

    # ------------------------------------------------------------------------------------------------- git

    def travel(self) -> None:
        """Do something with git, as a person does who never heard of a ledger; or sync on a branch apart."""
        if self.is_apart:
            if self._random.random() < 0.1:
                # Somebody plays with the branch itself.
                self.run("fetch", "--quiet", "origin", "+beads-sync:beads-sync")
            elif self._random.random() < 0.05:
                self.run("branch", "--delete", "--force", "beads-sync")
            self.sync(no_push=self._random.random() < 0.2, no_pull=self._random.random() < 0.2)
            self._acts["bd sync"] += 1
            return
        act = self._random.choice(["commit", "commit", "pull", "pull", "rebase", "theirs", "ours", "push", "push"])
        getattr(self, act)()
        self._acts[f"git {act}"] += 1

    def sync(self, **options: bool) -> None:
        """Carry the ledger on its own branch. Who has not pulled may find that others were faster."""
        with suppress(Refused):
            bd_sync.sync(self.hands, **options)  # type: ignore[arg-type]

    def commit(self) -> None:
        """Everything git does not ignore."""
        self.run("add", "--all")
        self.run("commit", "--quiet", "--message", self._word())

    def pull(self) -> None:
        """Merge; what clashes all the same is settled by taking a side."""
        self._pull("--no-rebase", side=self._random.choice(["--ours", "--theirs"]))

    def theirs(self) -> None:
        """Merge, their side winning whatever clashes."""
        self._pull("--no-rebase", "--strategy-option=theirs", side="--theirs")

    def ours(self) -> None:
        """Merge, our side winning whatever clashes."""
        self._pull("--no-rebase", "--strategy-option=ours", side="--ours")

    def rebase(self) -> None:
        """Put our commits on top of theirs."""
        self._pull("--rebase", side=self._random.choice(["--ours", "--theirs"]))

    def push(self) -> bool:
        """Whether the origin took it."""
        return self.run("push", "--quiet", "origin", "HEAD:main")

    def _pull(self, *words: str, side: str) -> None:
        if git(self.path, "status", "--porcelain"):
            self.commit()
        if self.run("pull", "--quiet", "--no-edit", *words, "origin", "main"):
            return
        for _ in range(50):
            clashing = git(self.path, "diff", "--name-only", "--diff-filter=U").split()
            assert not any("events" in name for name in clashing), f"the log clashed: {clashing}"
            for name in clashing:
                self.run("checkout", side, "--", name)
                self.run("add", "--", name)
            if self.run("merge", "--continue") or not self._is_rebasing():
                return
            if not self.run("rebase", "--continue") and self.run("diff", "--cached", "--quiet"):
                # Nothing is left of this commit. One that clashes in its turn is no reason to throw it away.
                self.run("rebase", "--skip")
        raise AssertionError("the rebase never ends")

    def _is_rebasing(self) -> bool:
        folder = self.path / ".git"
        return (folder / "rebase-merge").exists() or (folder / "rebase-apply").exists()

    def run(self, *words: str) -> bool:
        """Whether git succeeded."""
        env = surroundings(GIT_EDITOR=":")
        return subprocess.run(["git", *words], cwd=self.path, env=env, capture_output=True).returncode == 0

    # ---------------------------------------------------------------------------------------------- reading

    def event_ids(self) -> list[str]:
        """Every event of the log here."""
        return [event.event_id for event in self.hands.ledger.history()]

    def files(self) -> dict[str, bytes]:
        """Every projection."""
        return projected(self.path / BEADS)


class Company:
    """Some clones of one repository."""

    def __init__(self, root: Path, random: Random, count: int, acts: Counter[str]) -> None:
        self.acts = acts
        self._random = random
        self.origin = root / "origin.git"
        git(root, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        first = root / "c0"
        git(root, "clone", "--quiet", str(self.origin), str(first))
        git(first, "checkout", "--quiet", "-b", "main")
        self.is_apart = random.random() < 0.4
        self.sealed = 0
        self.is_shared = random.random() < 0.3
        """Another program works on the issues files too."""
        places = [root / f"c{number}" for number in range(count)]
        self.clones = [Clone(place, random, acts, is_apart=self.is_apart) for place in places]
        self.events: set[str] = set()
        if self.is_apart:
            self._found_apart(root)
            return
        self._found(first)
        for clone in self.clones[1:]:
            git(root, "clone", "--quiet", str(self.origin), str(clone.path))

    def _found_apart(self, root: Path) -> None:
        for clone in self.clones:
            if not clone.path.exists():
                git(root, "clone", "--quiet", str(self.origin), str(clone.path))
            create_ledger(clone.path, "gt")
            (clone.path / BEADS / "config.yaml").write_text("issue-prefix: gt\nsync-branch: beads-sync\n")
            self.events |= set(clone.event_ids())
        self._write_formula(self.clones[0].path)
        for clone in self.clones:
            clone.sync()

    def _write_formula(self, first: Path) -> None:
        formulas = first / BEADS / "formulas"
        formulas.mkdir()
        (formulas / "chores.formula.toml").write_text(FORMULA)

    def _found(self, first: Path) -> None:
        create_ledger(first, "gt")
        self._write_formula(first)
        if self._random.random() < 0.5:
            # As older ledgers have it: projections clash, and somebody has to take a side.
            (first / BEADS / ".gitattributes").write_text("events.jsonl merge=union\n")
        for _ in range(3):
            self.clones[0]._create()
        self.clones[0].commit()
        assert self.clones[0].push()

    def live(self, steps: int) -> None:
        """Everybody acts and travels in any order; now and then somebody is cut off for a while."""
        cut_off: set[str] = set()
        for _ in range(steps):
            clone = self._random.choice(self.clones)
            if self._random.random() < 0.1:
                cut_off ^= {clone.name}
            if self.is_shared and self._random.random() < 0.1:
                clone.another_program()
            elif self._random.random() < 0.6 or clone.name in cut_off:
                clone.act()
                self.events |= set(clone.event_ids())
            else:
                clone.travel()

    def meet(self) -> None:
        """Everybody gets everything, and what another program left behind is recorded before."""
        for clone in self.clones if self.is_shared else ():
            clone.hands.ledger.settle()
            self.events |= set(clone.event_ids())
        self._exchange()
        for _ in range(3):
            found = [set(clone.event_ids()) for clone in self.clones]
            self.events |= set().union(*found) if self.is_shared else set()
            if all(each == found[0] for each in found):
                return
            self._exchange()

    def _exchange(self) -> None:
        for _ in range(2):
            for clone in self.clones:
                if self.is_apart:
                    clone.sync()
                else:
                    clone.pull()
                    assert clone.push()
        for clone in self.clones:
            if not self.is_apart:
                clone.pull()
            clone.hands.ledger.settle()

    def check(self, root: Path) -> None:
        """Nothing is lost, nobody's edit was made up, and all see the same as a fold from the beginning does."""
        lines: set[bytes] = set()
        for path in (self.clones[0].path / BEADS).glob("events/*.jsonl"):
            lines |= set(path.read_bytes().splitlines(keepends=True))
        lines |= set((self.clones[0].path / BEADS / "events.jsonl").read_bytes().splitlines(keepends=True))
        fresh = root / "fresh"
        (fresh / BEADS).mkdir(parents=True)
        (fresh / BEADS / "events.jsonl").write_bytes(b"".join(sorted(lines)))
        reopened(fresh).rebuild_projections()
        wanted = projected(fresh / BEADS)
        for clone in self.clones:
            ids = set(clone.event_ids())
            assert ids == self.events, f"{clone.name} lacks {self.events - ids} and made up {ids - self.events}"
            kinds = {event.event_type for event in clone.hands.ledger.history()}
            assert self.is_shared or "bead.imported" not in kinds, f"{clone.name} took a projection for an edit"
            assert self.is_shared or "ledger.lines_quarantined" not in kinds, (
                f"{clone.name} took a projection for damage"
            )
            assert clone.files() == wanted, f"{clone.name} shows something else"
            assert not clone.hands.ledger.warnings()
            self.sealed += len(list((clone.path / BEADS / "events").glob("*.jsonl")))
        self._one_winner()
        shutil.rmtree(fresh)

    def _one_winner(self) -> None:
        town = self.clones[0].hands.ledger.read()
        held = Counter(hook.bead_id for hook in town.hooks().values())
        assert all(count == 1 for count in held.values()), f"beads with several holders: {held}"
