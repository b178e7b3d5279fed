"""What outside text must be before git may see it: refs, URLs, identities."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.model.ids import shown

_BAD_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|^[/.-]|[/.]$|^@$")
"""What git's own check-ref-format refuses, and a leading dash, which git would take for an option."""
_COMMIT = re.compile(r"[0-9a-f]{4,64}")
_FULL_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")
_SCP = re.compile(r"(?:[^@/:\s-][^@/:\s]*@)?[A-Za-z0-9\[][^/\s:]*:(?!//).+")
_SCHEMES = frozenset({"https", "http", "ssh", "git", "file"})
_NAME_AND_MAIL = re.compile(r"\s*([^<>]+?)\s*<([^<>\s]+)>\s*")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f<>\"\\]+")


def check_ref(name: str) -> str:
    """Return a ref, branch or abbreviated commit name that git accepts and cannot mistake for an option.

    Raises:
        BadInput: git would refuse it.
    """
    if not name or len(name.encode("utf-8", "surrogateescape")) > 240 or _BAD_REF.search(name):
        raise BadInput(
            f"{shown(name)} cannot be a branch or ref name",
            hint="use letters, digits, dashes and slashes, such as polecat/slot0/gt-4f2",
        )
    return name


def check_branch(name: str) -> str:
    """Return a branch name without `refs/heads/`.

    Raises:
        BadInput: git would refuse it, or it is HEAD.
    """
    if check_ref(name) == "HEAD" or name.startswith("refs/"):
        raise BadInput(f"{shown(name)} cannot be a branch name", hint="give the branch's short name")
    return name


def is_commit(text: str) -> bool:
    """Whether text is a commit's full id."""
    return _FULL_COMMIT.fullmatch(text) is not None


def may_be_commit(text: str) -> bool:
    """Whether text could be a commit's id, possibly cut short."""
    return _COMMIT.fullmatch(text) is not None


def ref_part(text: str) -> str:
    """Text bent into one safe component of a ref name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "unnamed"


def check_url(url: str) -> str:
    """Return the URL git should use; a local path comes back absolute.

    Raises:
        BadInput: it is an option, names a transport that runs programs, or is no directory of a repository.
        NotFound: it is a local path and nothing is there.
    """
    if not url.strip() or url != url.strip() or any(ord(c) < 32 or ord(c) == 127 for c in url):
        raise BadInput(f"{shown(url)} is not a repository", hint="give a URL or a path without spaces around it")
    if url.startswith("-"):
        raise BadInput(f"{shown(url)} is an option, not a repository", hint="write ./ before a path that begins so")
    if _HELPER.match(url):
        raise BadInput(f"{shown(url)} names a transport that runs programs", hint="use https, ssh, git or a local path")
    if scheme := _SCHEME.match(url):
        if scheme[1].lower() not in _SCHEMES:
            raise BadInput(f"{shown(url)} uses an unknown transport", hint=f"use one of {', '.join(sorted(_SCHEMES))}")
        host = url[scheme.end() :].split("/", 1)[0].rpartition("@")[2]
        if host.startswith("-"):
            raise BadInput(f"{shown(url)} has an option for a host")
        return url
    path = Path(url).expanduser()
    if path.exists():
        return _check_repository(path, url)
    if _SCP.fullmatch(url):
        return url
    raise NotFound(f"there is no repository at {shown(url)}", hint="give a URL, or the path of a repository")


def _check_repository(path: Path, url: str) -> str:
    """The absolute path of a local repository, bare or not."""
    path = path.resolve()
    if path.is_dir() and ((path / ".git").exists() or ((path / "objects").is_dir() and (path / "HEAD").is_file())):
        return str(path)
    if path.is_file() and path.suffix == ".bundle":
        return str(path)
    raise BadInput(f"{shown(url)} is not a git repository", hint="give its top directory, or run git init there first")


class Identity(msgspec.Struct, frozen=True):
    """Who a commit is by."""

    name: str
    email: str

    @property
    def env(self) -> dict[str, str]:
        """The variables that make git record it as author and committer, whatever the machine is configured to."""
        return {
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": self.email,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": self.email,
        }


def identity(author: str) -> Identity:
    """Read `Name <mail>`; a plain name or an agent's address gets a mail address that goes nowhere.

    Raises:
        BadInput: nothing usable is left of the name.
    """
    if whole := _NAME_AND_MAIL.fullmatch(author):
        name, email = _UNSAFE.sub(" ", whole[1]).strip(), _UNSAFE.sub("", whole[2])
    else:
        name = _UNSAFE.sub(" ", author).strip()
        email = f"{ref_part(name.replace('/', '.')).replace('-', '.').lower()}@gastown.invalid"
    if not name.strip(" .,:;'"):
        raise BadInput(f"{shown(author)} cannot be the author of a commit", hint="give a name, or Name <mail>")
    return Identity(name, email)


TOWN = Identity("Gas Town", "town@gastown.invalid")
"""The town itself, for commits that only keep things safe."""
