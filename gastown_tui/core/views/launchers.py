"""The text of the launchers `gt` and `bd`, and of shell completions."""

from __future__ import annotations

PROGRAMS = ("gt", "bd")
_MARK = "# A launcher of gastown-tui, written by its `shims` verb; it may be overwritten by it."
_SHEBANG_LIMIT = 120
_BODY = """{mark}
import sys

sys.path.append({root!r})

from gastown_tui.__main__ import leave, main

if __name__ == "__main__":
    leave(main([{words}, *sys.argv[1:]], prog={name!r}))
"""

_ZSH = """#compdef gt bd gastown-tui
_gastown_tui() {
    local -a found
    found=("${(@f)$(gt completion words -- "${words[1]:t}" "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    compadd -a found
}
compdef _gastown_tui gt bd gastown-tui
"""

_BASH = """# bash completion for gt, bd and gastown-tui
_gastown_tui() {
    local IFS=$'\\n'
    COMPREPLY=($(gt completion words -- "${COMP_WORDS[0]##*/}" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _gastown_tui gt bd gastown-tui
"""

_FISH = """# fish completion for gt, bd and gastown-tui
function __gastown_tui_words
    set -l line (commandline -opc) (commandline -ct)
    gt completion words -- (basename $line[1]) $line[2..-1] 2>/dev/null
end
for program in gt bd gastown-tui
    complete -c $program -f -a '(__gastown_tui_words)'
end
"""


def launcher_text(name: str, *, python: str, root: str) -> str:
    """The script that runs a program's verbs with one interpreter and one copy of the package.

    Args:
        name: `gt` or `bd`.
        python: The interpreter.
        root: The directory the package lies in, for when the interpreter would not find it by itself.
    """
    words = '"--batch", "bd"' if name == "bd" else '"--batch"'
    body = _BODY.format(mark=_MARK, root=root, words=words, name=name)
    if len(python) <= _SHEBANG_LIMIT and not any(c.isspace() for c in python):
        return f"#!{python}\n{body}"
    # A path that cannot stand behind #! is run through sh; to Python the line is a string.
    return f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n{body}"


def is_ours(text: str) -> bool:
    """Whether a file is a launcher written by us."""
    return _MARK in text.splitlines()[:6]


def completion_script(shell: str) -> str:
    """The completion script of a shell; each asks `gt completion words` what may follow."""
    return {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[shell].rstrip("\n")
