"""The text of the git hooks that keep a ledger's files in step with git."""

from __future__ import annotations

from shlex import quote

HOOKS = ("pre-commit", "post-merge", "post-checkout", "post-rewrite")
_MARK = "# A hook of gastown-tui, written by `bd hooks install`; it may be overwritten by it."
_BODY = """#!/bin/sh
{mark}
if [ -x "$0.old" ]; then "$0.old" "$@" || exit $?; fi
[ -x {python} ] || exit 0
{python} -c {program} hooks run {name} >/dev/null || true
"""
_STAGE = """git add --update -- {prefix} 2>/dev/null || true
"""


def hook_text(name: str, *, python: str, root: str, prefix: str) -> str:
    """A hook: the project's own first, if there was one, then ours, which never fails what git is doing.

    Args:
        name: One of `HOOKS`.
        python: The interpreter.
        root: The directory the package lies in.
        prefix: Where the ledger lies in the repository; what git tracks of it goes into the commit being made.
    """
    program = (
        f"import sys; sys.path.append({root!r}); from gastown_tui.__main__ import leave, main; "
        'leave(main(["--batch", "bd", *sys.argv[1:]], prog="bd"))'
    )
    body = _BODY.format(mark=_MARK, python=quote(python), program=quote(program), name=name)
    return body + (_STAGE.format(prefix=quote(prefix)) if name == "pre-commit" else "")


def is_hook_of_ours(text: str) -> bool:
    """Whether a hook was written by us."""
    return _MARK in text.splitlines()[:3]
