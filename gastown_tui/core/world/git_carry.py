"""The `Carrier` port by git: a ledger on a branch apart, or on the branch checked out."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha1, sha256
from pathlib import Path

from gastown_tui.core.errors import Conflict, Refused, ToolFailed
from gastown_tui.core.model.ids import shown
from gastown_tui.core.ports import Standing, Theirs
from gastown_tui.core.world import git_here
from gastown_tui.core.world.disk import make_private, write_whole
from gastown_tui.core.world.files import issues_file
from gastown_tui.core.world.git_names import check_branch, identity
from gastown_tui.core.world.git_places import find_place, is_ancestor, operation
from gastown_tui.core.world.git_run import NETWORK_S, Done, Git, Place
from gastown_tui.core.world.tracked import tell_git

_FILES = frozenset(
    {"events.jsonl", "messages.jsonl", "config.yaml", "metadata.json", "routes.jsonl", ".gitignore", ".gitattributes"}
)
_FOLDERS = ("events", "formulas", "protos", "evidence")
_OURS_ALONE = frozenset({"messages.jsonl"})
"""Projections: what they hold follows from the log."""
_FASTER = re.compile(r"non-fast-forward|fetch first|\[rejected\]|cannot lock ref|failed to update ref|stale info")
_ABSENT = re.compile(r"couldn't find remote ref|does not appear to have any|no such ref", re.IGNORECASE)


class Spot:
    """A ledger within its repository.

    Attributes:
        place: The repository; without a tree for a rig's shared one.
        prefix: Where the ledger lies in the tree.
    """

    def __init__(self, beads: Path) -> None:
        shared = beads.parent / ".repo.git"
        found = Place(shared, None, shared) if (shared / "HEAD").is_file() else None
        self.prefix = beads.name
        for folder in () if found else (beads.parent, *beads.parent.parents):
            found = find_place(folder)
            if found is not None:
                self.prefix = beads.relative_to(folder).as_posix()
                break
        if found is None:
            raise Refused("not in a git repository", hint="run 'git init' to initialize a repository")
        self.place = found

    @property
    def store(self) -> Place:
        """The repository without its checkout."""
        return Place(self.place.common, None, self.place.common)


class GitCarrier:
    """Carries ledgers with the git program."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._git = Git(env)

    def standing(self, beads: Path, branch: str = "") -> Standing:
        """How things stand; `branch` is the one to carry on, empty the one checked out."""
        spot = Spot(beads)
        git, place = self._git, spot.place
        head = git.run("symbolic-ref", "--quiet", "--short", "HEAD", at=place).text
        wanted = check_branch(branch) if branch else head
        is_apart = place.tree is None or (bool(branch) and wanted != head)
        remote = self._remote(place, wanted, is_apart=is_apart)
        tip = self._tip(place, f"refs/heads/{wanted}") if wanted else ""
        ahead = behind = 0
        if remote and tip and (theirs := self._tip(place, f"refs/remotes/{remote}/{wanted}")):
            counts = git.text("rev-list", "--left-right", "--count", f"{tip}...{theirs}", at=place, doing="counting")
            ahead, behind = map(int, counts.split())
        return Standing(
            branch=wanted,
            is_apart=is_apart,
            remote=remote,
            pending=self._pending(spot, beads, tip) if is_apart else git_here.pending(git, place, spot.prefix),
            operation="" if place.tree is None else operation(place.git_dir),
            ahead=ahead,
            behind=behind,
        )

    def hooks(self, beads: Path) -> tuple[Path, str]:
        """Where the repository's hooks lie, and where the ledger lies in the repository."""
        spot = Spot(beads)
        return git_here.hooks(self._git, spot.place), spot.prefix

    def commit(self, beads: Path, standing: Standing, *, message: str, author: str, onto: str = "") -> str:
        """Commit the ledger's files alone; with `onto`, merge that commit."""
        spot = Spot(beads)
        who = self._who(spot.place, author)
        tell_git(beads)
        if not standing.is_apart:
            return git_here.commit(self._git, spot.place, spot.prefix, message, who)
        self._refuse_checked_out(spot.place, standing.branch)
        ref = f"refs/heads/{standing.branch}"
        tip = self._tip(spot.place, ref)
        # A branch that is not here yet begins anew, even where the remote has one: what is there was not taken up yet.
        tree = self._tree(spot, beads, onto or tip)
        if not onto and tip and tree == self._git.run("rev-parse", f"{tip}^{{tree}}", at=spot.store).text:
            return ""
        parents = [each for each in dict.fromkeys((tip, onto)) if each]
        if onto and tip and is_ancestor(self._git, spot.store, tip, onto):
            parents = [onto]
            if tree == self._git.run("rev-parse", f"{onto}^{{tree}}", at=spot.store).text:
                self._move(spot, ref, onto, tip)
                return onto
        words = [word for parent in parents for word in ("-p", parent)]
        made = self._git.run("commit-tree", tree, *words, "-F", "-", at=spot.store, stdin=message.encode(), env=who)
        if made.code:
            raise made.failed("the ledger could not be committed")
        self._move(spot, ref, made.text, tip)
        return made.text

    def fetch(self, beads: Path, standing: Standing) -> Theirs | None:
        """What the branch holds at the remote and this clone does not."""
        spot = Spot(beads)
        tracked = f"refs/remotes/{standing.remote}/{standing.branch}"
        words = ("fetch", "--quiet", "--no-tags", standing.remote, f"+refs/heads/{standing.branch}:{tracked}")
        done = self._git.run(*words, at=spot.store, timeout_s=NETWORK_S)
        if done.code and _ABSENT.search(done.err):
            return None
        if done.code:
            raise done.failed(f"{standing.remote} could not be reached", hint="what is here is committed; sync again")
        commit = self._tip(spot.place, tracked)
        tip = self._tip(spot.place, f"refs/heads/{standing.branch}")
        if not commit or (tip and is_ancestor(self._git, spot.store, commit, tip)):
            return None
        return self._theirs(spot, beads, commit)

    def held(self, beads: Path, standing: Standing) -> Theirs | None:
        """What the branch itself holds here, when that may be more than the ledger does."""
        spot = Spot(beads)
        tip = self._tip(spot.place, f"refs/heads/{standing.branch}") if standing.is_apart else ""
        if not tip:
            return None
        files, log = self._blobs(spot, tip), beads / "events.jsonl"
        has_all = all((beads / name).is_file() for name in _segments(files))
        if has_all and log.is_file() and log.read_bytes().startswith(self._content(spot, files.get(log.name, ""))):
            return None
        return self._theirs(spot, beads, tip, brings=False)

    def bring(self, beads: Path, standing: Standing, theirs: Theirs) -> tuple[str, ...]:
        """Write what others changed in files that are neither log nor projection."""
        spot = Spot(beads)
        tip = self._tip(spot.place, f"refs/heads/{standing.branch}")
        base = self._git.run("merge-base", tip, theirs.commit, at=spot.store).text if tip else ""
        before, after = self._blobs(spot, base) if base else {}, self._blobs(spot, theirs.commit)
        here = {name: _blob_name(_whole(path), theirs.commit) for name, path in _carried(beads).items()}
        kept: list[str] = []
        for name in _segments(after):
            if name not in here:
                make_private(beads / "events")
                write_whole(beads / name, self._content(spot, after[name]))
        for name in sorted(before.keys() | after.keys()):
            if _is_log(name) or name in _OURS_ALONE or name == issues_file(beads).name or not _is_carried(name):
                continue
            if before.get(name) == after.get(name) or here.get(name) == after.get(name):
                continue
            if here.get(name) != before.get(name):
                kept.append(name)
            elif name in after:
                (beads / name).parent.mkdir(parents=True, exist_ok=True)
                write_whole(beads / name, self._content(spot, after[name]))
            else:
                (beads / name).unlink(missing_ok=True)
        return tuple(kept)

    def pull(self, beads: Path, standing: Standing) -> None:
        """Merge the remote's branch into the one checked out."""
        spot = Spot(beads)
        git_here.pull(self._git, spot.place, spot.prefix, standing, self._who(spot.place, ""))

    def push(self, beads: Path, standing: Standing) -> bool:
        """Publish the branch; False when others were faster."""
        spot = Spot(beads)
        ref = f"refs/heads/{standing.branch}"
        merged = self._git.run("config", "--get", f"branch.{standing.branch}.merge", at=spot.place).text
        target = merged if merged and not standing.is_apart else ref
        words = ("push", "--quiet", standing.remote, f"{ref}:{target}")
        # What people pushed on a branch of theirs passes their hooks; a ledger's own branch is none of their business.
        hooks = () if standing.is_apart else (f"core.hooksPath={git_here.hooks(self._git, spot.place)}",)
        at = spot.store if standing.is_apart else spot.place
        done = self._git.run(*words, at=at, settings=hooks, timeout_s=NETWORK_S)
        if done.code and _FASTER.search(done.err):
            return False
        if done.code:
            raise done.failed("git push failed", hint="what is here is committed; sync again")
        return True

    # ---------------------------------------------------------------------------------------------- plumbing

    def _remote(self, place: Place, branch: str, *, is_apart: bool) -> str:
        """Where a branch goes: where it says, else for a branch apart `origin`, or the only one there is."""
        said = self._git.run("config", "--get", f"branch.{branch}.remote", at=place).text if branch else ""
        if said or not is_apart:
            return "" if said == "." else said
        names = self._git.run("remote", at=place).text.split()
        return "origin" if "origin" in names else names[0] if len(names) == 1 else ""

    def _tip(self, place: Place, ref: str) -> str:
        return self._git.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", at=place).text

    def _move(self, spot: Spot, ref: str, to: str, old: str) -> None:
        done = self._git.run("update-ref", "-m", "bd sync", ref, to, old, at=spot.store)
        if done.code:
            raise Conflict(f"{ref} was moved by somebody else", hint="sync again") from done.failed("it did not move")

    def _refuse_checked_out(self, place: Place, branch: str) -> None:
        listed = self._git.run("worktree", "list", "--porcelain", at=place).text
        for entry in listed.split("\n\n"):
            if f"branch refs/heads/{branch}" in entry.splitlines():
                where = entry.splitlines()[0].removeprefix("worktree ")
                raise Refused(
                    f"the branch {shown(branch)} is checked out in {where}",
                    hint=f"git worktree remove {where}; a branch apart needs no checkout",
                )

    def _tree(self, spot: Spot, beads: Path, base: str) -> str:
        """A tree with the ledger's files as they are, over whatever else the branch holds."""
        carried, issues = _carried(beads), issues_file(beads).name
        there = self._blobs(spot, base) if base else {}
        gone = [name for name in there if _is_carried(name, issues) and name not in carried and not _is_log(name)]
        lines = [f"0 {'0' * len(base)}\t{spot.prefix}/{name}" for name in gone]
        for name, path in carried.items():
            data = _whole(path)
            blob = there.get(name, "")
            if not blob or _blob_name(data, blob) != blob:
                lines.append(f"100644 {self._stored(spot, data)}\t{spot.prefix}/{name}")
        if base and not lines:
            return self._must(self._git.run("rev-parse", f"{base}^{{tree}}", at=spot.store)).text
        with self._index() as env:
            if base:
                self._must(self._git.run("read-tree", base, at=spot.store, env=env))
            text = "".join(line + "\0" for line in lines).encode()
            self._must(self._git.run("update-index", "-z", "--index-info", at=spot.store, env=env, stdin=text))
            return self._must(self._git.run("write-tree", at=spot.store, env=env)).text

    @contextmanager
    def _index(self) -> Iterator[dict[str, str]]:
        with tempfile.TemporaryDirectory(prefix="gastown-index-") as room:
            yield {"GIT_INDEX_FILE": str(Path(room) / "index")}

    def _stored(self, spot: Spot, data: bytes) -> str:
        # Without input git would wait for some.
        source = ("--stdin",) if data else (os.devnull,)
        return self._must(self._git.run("hash-object", "-w", "--no-filters", *source, at=spot.store, stdin=data)).text

    def _blobs(self, spot: Spot, commit: str) -> dict[str, str]:
        """The files of a ledger in a commit, by their names within it."""
        listed = self._must(self._git.run("ls-tree", "-r", "-z", commit, f"{spot.prefix}/", at=spot.store)).out
        found: dict[str, str] = {}
        for entry in listed.decode("utf-8", "surrogateescape").split("\0"):
            head, tab, path = entry.partition("\t")
            if tab and head.split()[1] == "blob":
                found[path.removeprefix(f"{spot.prefix}/")] = head.split()[2]
        return found

    def _theirs(self, spot: Spot, beads: Path, commit: str, *, brings: bool = True) -> Theirs:
        """What a commit holds. Segments that are not here are part of the log unless they are brought as they are."""
        files = self._blobs(spot, commit)
        wanted = [name for name in _segments(files) if not brings or (beads / name).is_file()]
        here = [name for name in wanted if (beads / name).is_file()]
        same = {name for name in here if _blob_name(_whole(beads / name), files[name]) == files[name]}
        names = [name for name in (*wanted, "events.jsonl") if name in files and name not in same]
        issues = files.get(issues_file(beads).name, "")
        return Theirs(
            commit, b"\n".join(self._content(spot, files[name]) for name in names), self._content(spot, issues)
        )

    def _content(self, spot: Spot, blob: str) -> bytes:
        if not blob:
            return b""
        return self._must(self._git.run("cat-file", "blob", blob, at=spot.store)).out

    def _pending(self, spot: Spot, beads: Path, tip: str) -> tuple[str, ...]:
        there = self._blobs(spot, tip) if tip else {}
        here = {name: _blob_name(_whole(path), there.get(name, "")) for name, path in _carried(beads).items()}
        return tuple(sorted(name for name, blob in here.items() if there.get(name) != blob))

    def _who(self, place: Place, author: str) -> dict[str, str]:
        """Who commits: as told, else whom git knows, else the ledger itself."""
        if author:
            return identity(author).env
        known = [self._git.run("config", "--get", f"user.{key}", at=place).text for key in ("name", "email")]
        return identity(f"{known[0]} <{known[1]}>" if all(known) else "beads").env

    @staticmethod
    def _must(done: Done) -> Done:
        if done.code:
            raise done.failed("git could not keep the ledger")
        return done


def _whole(path: Path) -> bytes:
    """A file's content; of lines, the whole ones: one that is being written just now goes with the next commit."""
    data = path.read_bytes()
    return data[: data.rfind(b"\n") + 1] if path.suffix == ".jsonl" else data


def _blob_name(data: bytes, like: str) -> str:
    """What git calls a content, in a repository whose names are as long as this one."""
    kind = sha256 if len(like) == 64 else sha1
    return kind(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _segments(files: Mapping[str, str]) -> list[str]:
    return sorted(name for name in files if name.startswith("events/") and name.endswith(".jsonl"))


def _is_log(name: str) -> bool:
    return name == "events.jsonl" or name.startswith("events/")


def _is_carried(name: str, issues: str = "") -> bool:
    return name in _FILES or name == issues or name.split("/", 1)[0] in _FOLDERS


def _carried(beads: Path) -> dict[str, Path]:
    """The files of a ledger that travel, by name."""
    found = {path.name: path for path in sorted(beads.iterdir()) if path.name in _FILES and path.is_file()}
    issues = issues_file(beads)
    if issues.is_file():
        found[issues.name] = issues
    for folder in _FOLDERS:
        for path in sorted((beads / folder).rglob("*")):
            if path.is_file() and not path.name.endswith(".tmp"):
                found[path.relative_to(beads).as_posix()] = path
    if not found:
        raise ToolFailed(f"{beads} holds nothing to carry")
    return found
