"""Rescue: every non-ignored byte of a worktree under a ref, without the worktree noticing.

Works on a copy of the index, so a stale index lock is no obstacle and nothing staged is disturbed. The rescued commit's
tree is the files as they lie on disk, unfiltered. Its parents are what else would be lost with the worktree: the head,
what was staged and differs, the sides of unresolved conflicts, the commits an unfinished operation remembers, and
commits only the head's own history still knows.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from gastown_tui.core.errors import ToolFailed
from gastown_tui.core.world.git_names import TOWN, check_ref, is_commit
from gastown_tui.core.world.git_places import administration, find_commit, find_place
from gastown_tui.core.world.git_run import Done, Git, Place

_AS_IT_LIES = ("core.autocrlf=false", "core.safecrlf=false", "core.attributesFile=/dev/null", "core.splitIndex=false")
"""Settings that keep git from changing bytes on their way in."""
_REMEMBERED = (
    *("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "ORIG_HEAD", "MERGE_AUTOSTASH", "BISECT_HEAD"),
    *("rebase-merge/orig-head", "rebase-merge/onto", "rebase-merge/autostash", "rebase-merge/amend"),
    *("rebase-merge/stopped-sha", "rebase-apply/orig-head", "rebase-apply/autostash", "rebase-apply/abort-safety"),
    *("sequencer/head", "sequencer/abort-safety"),
)
"""Files in a git directory that name commits of an unfinished, or the last finished, operation."""
_SHARED_REFS = ("--branches", "--tags", "--remotes", "--glob=refs/rescue")
_RETRIES = 3
"""How often a snapshot is taken anew when files vanish under it."""


class Snapshot(msgspec.Struct, frozen=True):
    """What a worktree held at one moment, as objects of its repository."""

    tree: str
    parents: tuple[str, ...]


def rescue(git: Git, path: Path, ref: str) -> str:
    """Put every non-ignored byte of the worktree at `path` under a ref; see `ports.Worktrees.rescue`."""
    place = find_place(path)
    return "" if place is None else rescue_place(git, place, ref)


def rescue_missing(git: Git, bare: Path, path: Path, ref: str) -> str:
    """Rescue what the shared repository still knows of a worktree whose files are gone: its head and its index."""
    record = administration(bare, path)
    if record is None or not (record / "HEAD").is_file() or not (record / "commondir").is_file():
        return ""
    return rescue_place(git, Place(record, None, bare), ref)


def rescue_place(git: Git, place: Place, ref: str) -> str:
    """Record a snapshot under a ref and return its commit, read back from the ref.

    A ref that exists already keeps what it held: the old commit becomes a parent of the new one.

    Raises:
        ToolFailed: it could not be saved.
    """
    check_ref(ref)
    try:
        snapshot = take(git, place)
    except OSError as broken:
        raise ToolFailed(f"{place.tree or place.git_dir} could not be rescued: {broken}", hint=_KEPT) from broken
    earlier = find_commit(git, place, ref)
    commit = _commit(git, place, snapshot, earlier)
    if commit != earlier:
        done = git.run(
            *("update-ref", "--create-reflog", "-m", "rescue", ref, commit, earlier or "0" * len(commit)),
            at=place,
            env=TOWN.env,
        )
        if done.code:
            raise done.failed(f"the rescue of {place.tree or place.git_dir} could not be recorded", hint=_KEPT)
    if find_commit(git, place, ref) != commit:
        raise ToolFailed(f"{ref} does not stand at the rescued commit {commit}", hint=_KEPT)
    return commit


_KEPT = "nothing was removed; free disk space, check permissions and repeat"


def take(git: Git, place: Place) -> Snapshot:
    """Write a worktree's files, staged contents and remembered commits as objects. The worktree is only read."""
    head = find_commit(git, place, "HEAD")
    with index_copy(place) as env:
        draft = _Draft(git, place, env)
        staged, conflicts = draft.staged(head)
        tree = draft.files() if place.tree is not None else staged or _tree_of(git, place, head) or draft.nothing()
    parents = [head, *conflicts]
    if staged and staged != tree and staged != _tree_of(git, place, head):
        parents.insert(1, _aside(git, place, staged, head, "Staged"))
    parents += _remembered(git, place, head)
    return Snapshot(tree, tuple(dict.fromkeys(commit for commit in parents if commit)))


@contextmanager
def index_copy(place: Place) -> Iterator[dict[str, str]]:
    """A throw-away copy of a worktree's index; yields the variables that make git use it."""
    with tempfile.TemporaryDirectory(prefix="gastown-rescue-", dir=place.git_dir) as room:
        index = Path(room) / "index"
        with suppress(FileNotFoundError):
            # The copy keeps the time of the original, by which git tells which entries it may trust.
            shutil.copy2(place.git_dir / "index", index)
        yield {"GIT_INDEX_FILE": str(index)}


class _Draft:
    """The working copy of an index, and the acts on it."""

    def __init__(self, git: Git, place: Place, env: dict[str, str]) -> None:
        self._git = git
        self._place = place
        self._env = env | {"GIT_ATTR_NOSYSTEM": "1"}
        self._index = Path(env["GIT_INDEX_FILE"])
        self._settings: tuple[str, ...] = _AS_IT_LIES

    def run(self, *args: str, stdin: bytes = b"") -> Done:
        return self._git.run(*args, at=self._place, stdin=stdin, env=self._env, settings=self._settings)

    def need(self, *args: str, stdin: bytes = b"") -> bytes:
        done = self.run(*args, stdin=stdin)
        if done.code:
            raise done.failed(f"{self._place.tree or self._place.git_dir} could not be rescued", hint=_KEPT)
        return done.out

    def staged(self, head: str) -> tuple[str, tuple[str, ...]]:
        """The tree of what is staged; while conflicts are unresolved, a commit for each side of the index instead."""
        if not self._index.exists():
            return "", ()
        listed = self.run("ls-files", "-v", "-s", "-z")
        if listed.code:
            # An unreadable index is no reason to lose the files.
            self._index.unlink(missing_ok=True)
            return "", ()
        sides: dict[bytes, list[bytes]] = {}
        blind: list[bytes] = []
        for entry in filter(None, listed.out.split(b"\0")):
            facts, _, path = entry.partition(b"\t")
            tag, mode, blob, stage = facts.split(b" ")
            sides.setdefault(stage, []).append(b"%s %s\t%s\0" % (mode, blob, path))
            if tag == b"S" or tag.islower():
                blind.append(path)
        tree = ""
        conflicts: tuple[str, ...] = ()
        if sides.keys() <= {b"0"}:
            tree = self.need("write-tree").decode().strip()
        else:
            conflicts = tuple(self._side(stage, entries, head) for stage, entries in sorted(sides.items()))
        self._open_eyes(blind)
        return tree, conflicts

    def _side(self, stage: bytes, entries: list[bytes], head: str) -> str:
        index = self._index.with_name("side-" + stage.decode())
        env = {"GIT_INDEX_FILE": str(index)}
        for args, stdin in ((("update-index", "-z", "--index-info"), b"".join(entries)), (("write-tree",), b"")):
            done = self._git.run(*args, at=self._place, stdin=stdin, env=env)
            if done.code:
                raise done.failed(f"the unresolved conflicts of {self._place.git_dir} could not be rescued", hint=_KEPT)
        name = {b"1": "Common base of", b"2": "Our side of", b"3": "Their side of"}.get(stage, "Staged beside")
        return _aside(self._git, self._place, done.text, head, f"{name} unresolved conflicts")

    def _open_eyes(self, blind: list[bytes]) -> None:
        """Make git look at files it was told to overlook, where they exist."""
        top = self._place.tree
        there = [path for path in blind if top is not None and os.path.lexists(top / os.fsdecode(path))]
        if there:
            for flag in ("--no-assume-unchanged", "--no-skip-worktree"):
                self.need("update-index", flag, "-z", "--stdin", stdin=b"\0".join(there) + b"\0")

    def nothing(self) -> str:
        """The empty tree."""
        return self.need("mktree").decode().strip()

    def files(self) -> str:
        """The tree of the files as they lie, ignored ones and repositories within left out."""
        self._disarm_filters()
        for attempt in range(1, _RETRIES + 1):
            try:
                within = self.repositories_within()
                self.need("add", "-A", "--", ".", *(f":(exclude,top,literal){os.fsdecode(path)}" for path in within))
                self._restore_bytes()
                return self.need("write-tree").decode().strip()
            except ToolFailed:
                if attempt == _RETRIES:
                    raise
        raise AssertionError

    def repositories_within(self) -> list[bytes]:
        """Untracked repositories inside the worktree; git would record only where they stand."""
        others = self.need("ls-files", "-o", "-z", "--exclude-standard").split(b"\0")
        return [path.rstrip(b"/") for path in others if path.endswith(b"/")]

    def _disarm_filters(self) -> None:
        """Switch off configured clean filters: they may fail, and they change bytes."""
        listed = self._git.run("config", "--name-only", "-z", "--get-regexp", r"^filter\..*", at=self._place)
        names = {key.rpartition(".")[0] for key in listed.out.decode("utf-8", "surrogateescape").split("\0") if key}
        switched = (f"{name}.{key}" for name in sorted(names) for key in ("clean=", "process=", "required=false"))
        self._settings = (*_AS_IT_LIES, *switched)

    def _restore_bytes(self) -> None:
        """Where attributes made git convert a changed file (line ends, encodings), record its bytes as they lie."""
        ruled = self.need("ls-files", "-z", "--", ":(top,glob)**/.gitattributes")
        if not ruled and not (self._place.common / "info" / "attributes").exists():
            return
        top = self._place.tree or Path()
        blobs: dict[bytes, tuple[bytes, bytes]] = {}
        for path, mode, blob in self._changed():
            with suppress(FileNotFoundError):
                if mode.startswith(b"100") and stat.S_ISREG((top / os.fsdecode(path)).lstat().st_mode):
                    blobs[path] = (mode, blob)
        if not blobs:
            return
        asked = b"".join(_c_quoted(path) + b"\n" for path in blobs)
        raw = self.need("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=asked).split()
        fixed = b"".join(
            b"%s %s\t%s\0" % (mode, now, path)
            for (path, (mode, blob)), now in zip(blobs.items(), raw, strict=True)
            if now != blob
        )
        if fixed:
            self.need("update-index", "-z", "--index-info", stdin=fixed)

    def _changed(self) -> list[tuple[bytes, bytes, bytes]]:
        """Path, mode and blob of every entry that differs from the head."""
        if not find_commit(self._git, self._place, "HEAD"):
            entries = filter(None, self.need("ls-files", "-s", "-z").split(b"\0"))
            split = (entry.partition(b"\t") for entry in entries)
            return [(path, *facts.split(b" ")[:2]) for facts, _, path in split]  # type: ignore[misc]
        words = self.need("diff-index", "--cached", "-z", "--raw", "--no-renames", "--no-abbrev", "HEAD").split(b"\0")
        facts = zip(words[0::2], words[1::2], strict=False)
        return [(path, fact.split(b" ")[1], fact.split(b" ")[3]) for fact, path in facts]


def embedded(git: Git, place: Place) -> bool:
    """Whether a worktree holds repositories of its own, whose history no rescue of the worktree can carry."""
    if place.tree is None:
        return False
    top = os.fsencode(place.tree)
    found = [
        os.path.relpath(folder, top)
        for folder, folders, files in os.walk(top)
        if folder != top and (b".git" in folders or b".git" in files)
    ]
    if not found:
        return False
    ignored = git.run("check-ignore", "-z", "--stdin", at=place, stdin=b"\0".join(found) + b"\0")
    return ignored.code not in (0, 1) or len(found) > ignored.out.count(b"\0")


def _remembered(git: Git, place: Place, head: str) -> list[str]:
    """Tips of the commits that only this worktree's operations, own refs and head history know."""
    named = [_hex_words(place.git_dir / name) for name in _REMEMBERED]
    own = git.run("for-each-ref", "--format=%(objectname)", "refs/bisect", "refs/worktree", "refs/rewritten", at=place)
    unfinished = {commit for commits in named for commit in commits} | set(own.text.split())
    history = {commit for commit in _reflog(place.git_dir / "logs" / "HEAD") if commit not in unfinished}
    tips = _tips(git, place, unfinished - {head}, head, ())
    return tips + _tips(git, place, history - {head}, head, (*_SHARED_REFS, *tips))


def _tips(git: Git, place: Place, commits: set[str], head: str, known: tuple[str, ...]) -> list[str]:
    """The newest of some commits, those left out that the head or anything known reaches."""
    if not commits:
        return []
    known = (head, *known) if head else known
    wanted = "".join(f"{commit}\n" for commit in sorted(commits)).encode()
    walk = ("rev-list", "--parents", "--ignore-missing", "--stdin", "--not", *known)
    done = git.run(*walk, at=place, stdin=wanted)
    if done.code:
        raise done.failed(f"the history of {place.tree or place.git_dir} could not be read", hint=_KEPT)
    lines = [line.split() for line in done.text.splitlines()]
    older = {parent for line in lines for parent in line[1:]}
    return [line[0] for line in lines if line[0] not in older]


def _reflog(file: Path) -> set[str]:
    """Every commit a worktree's head ever stood at, as far as its log goes back."""
    with suppress(FileNotFoundError):
        lines = file.read_bytes().splitlines()
        words = {word.decode("ascii", "replace") for line in lines for word in line.split(b" ", 2)[:2]}
        return {word for word in words if is_commit(word) and word.strip("0")}
    return set()


def _hex_words(file: Path) -> list[str]:
    with suppress(OSError):
        return [word for word in file.read_text("ascii", "replace").split() if is_commit(word)]
    return []


def _tree_of(git: Git, place: Place, commit: str) -> str:
    return git.text("rev-parse", f"{commit}^{{tree}}", at=place, doing="the head could not be read") if commit else ""


def _aside(git: Git, place: Place, tree: str, head: str, title: str) -> str:
    """A commit that only carries a tree along."""
    return _commit_tree(git, place, tree, (head,) if head else (), f"{title}\n")


def _commit(git: Git, place: Place, snapshot: Snapshot, earlier: str) -> str:
    """The commit of a snapshot; the head itself, or what the ref holds already, when they say the same."""
    known = [commit for commit in (earlier, *snapshot.parents[:1]) if commit]
    for commit in known:
        same = _tree_of(git, place, commit) == snapshot.tree
        if same and not _tips(git, place, set(snapshot.parents), commit, ()) and (commit == earlier or not earlier):
            return commit
    where = place.tree or place.git_dir
    message = f"Rescue {where.parent.name}/{where.name}\n\nRestore with: git restore --source=<this commit> -- .\n"
    return _commit_tree(git, place, snapshot.tree, (*snapshot.parents, *known[:1]), message)


def _commit_tree(git: Git, place: Place, tree: str, parents: tuple[str, ...], message: str) -> str:
    flags = [word for parent in dict.fromkeys(parents) for word in ("-p", parent)]
    done = git.run("commit-tree", tree, *flags, "-F", "-", at=place, stdin=message.encode(), env=TOWN.env)
    if done.code:
        raise done.failed(f"{place.tree or place.git_dir} could not be rescued", hint=_KEPT)
    return done.text


def _c_quoted(path: bytes) -> bytes:
    """A path as git reads it from lines, where newlines and quotes must be escaped."""
    if b"\n" not in path and not path.startswith(b'"'):
        return path
    return b'"' + path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
