"""Pages of text about bd itself."""

from __future__ import annotations

from typing import Annotated

from gastown_tui.core.errors import NotFound
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.beads import Said, beads_dir
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb

_QUICKSTART = """bd: work as records that need one another, kept in files beside the code

SET UP
  bd init                          make a .beads here
  bd init --prefix api             ids become api-<hash>

FILE WORK
  bd create "Fix login bug"
  bd create "Add auth" -p 0 -t feature -d "Sign in with a passkey"
  bd create --title="Fix login timeout" --type=bug --priority=1

LOOK
  bd ready                         what can be started now
  bd list                          everything unfinished
  bd list --status=in_progress     what is being worked on
  bd show api-4f2                  one bead with its neighbours
  bd search login                  words in titles and descriptions

ORDER
  bd dep add api-4f2 api-9ab       4f2 waits for 9ab
  bd dep add api-4f2 api-epic      on an epic: 4f2 becomes its child
  bd dep tree api-4f2              what it needs, all the way down
  bd blocked                       what waits, and for what

WORK
  bd update api-4f2 --claim        yours, in progress; one winner
  bd comments add api-4f2 "half of it is in"
  bd close api-4f2 --reason "Fixed in the session handler"

KEEP
  bd sync                          commit the ledger, pull, push
  bd doctor                        see whether all is well

Every command takes --json. bd COMMAND --help says more about one."""

_PRIME = """# Working with beads

Work is tracked as beads: records with a type, a priority and dependencies. They outlive your session; your memory of
this conversation does not. File what you find instead of keeping it in mind.

## Each time

1. `bd ready` shows work nothing blocks. Take one: `bd update ID --claim`.
2. `bd show ID` is the whole assignment: description, design, acceptance criteria, neighbours.
3. Work. What you discover on the way becomes a bead of its own:
   `bd create "Title" -t bug --deps discovered-from:ID -d "what and why"`.
4. `bd close ID --reason "what was done"`. `--suggest-next` names what that made ready.
5. Before you stop: `bd sync`.

## Commands

- Find: `bd ready`, `bd list --status=open`, `bd search WORDS`, `bd blocked`
- File: `bd create "Title" -t bug|feature|task|epic|chore -p 0-4 -d "…"`
- Order: `bd dep add ISSUE DEPENDS-ON`; on an epic it makes a child
- Change: `bd update ID --status in_progress`, `--priority 1`, `--append-notes "…"`
- Say: `bd comments add ID "…"`
- Many at once: `bd close ID ID ID`

Priorities are 0-4 (0 most urgent), never words. Add `--json` when a program reads the answer."""

_PRIME_SHORT = """# Beads
`bd ready` → `bd update ID --claim` → work → `bd close ID --reason "…"`; found something: `bd create "Title" -d "…"
--deps discovered-from:ID`. `bd show ID` is the assignment. Before you stop: `bd sync`."""

_HUMAN = """The few commands a person needs:

  bd ready                what can be started
  bd list                 everything unfinished
  bd show ID              one bead
  bd create "Title"       file one
  bd close ID             done
  bd search WORDS         find one
  gastown-tui             the same in a control room

bd --help lists the rest."""

_THANKS = "Thank you to everybody who files a bead instead of keeping it in mind."


@verb("bd quickstart", group="beads", needs=Needs.NOTHING, mutates=False, compact_errors=True)
def quickstart(hands: Hands) -> Receipt:
    """Show how to begin."""
    return Said(plain=_QUICKSTART)


@verb("bd onboard", group="beads", needs=Needs.NOTHING, mutates=False, compact_errors=True)
def onboard(hands: Hands) -> Receipt:
    """Print the lines an agents' instruction file needs."""
    from gastown_tui.core.rules.instructions import TEXT

    return Said(plain=f"Add this to the instructions your agents read (AGENTS.md, CLAUDE.md, …):\n\n{TEXT}")


@verb("bd human", group="beads", needs=Needs.NOTHING, mutates=False, compact_errors=True)
def human(hands: Hands) -> Receipt:
    """Name the few commands a person needs."""
    return Said(plain=_HUMAN)


@verb("bd thanks", group="beads", needs=Needs.NOTHING, mutates=False, hidden=True, compact_errors=True)
def thanks(hands: Hands) -> Receipt:
    """Say thank you."""
    return Said(plain=_THANKS)


@verb("bd prime", group="beads", needs=Needs.NOTHING, mutates=False, compact_errors=True)
def prime(
    hands: Hands,
    *,
    full: Annotated[bool, Arg("The long text")] = False,
    mcp: Annotated[bool, Arg("The short text")] = False,
    stealth: Annotated[bool, Arg("Nothing about git")] = False,
    export: Annotated[bool, Arg("The shipped text, whatever PRIME.md says")] = False,
) -> Receipt:
    """Tell an agent how work is tracked here.

    Silent where there is no ledger; `.beads/PRIME.md` replaces the text.
    """
    try:
        own = beads_dir(hands) / "PRIME.md"
    except NotFound:
        return Said()
    if not export and hands.files.exists(own):
        return Said(plain=hands.files.read_text(own).rstrip("\n"))
    text = _PRIME_SHORT if mcp and not full else _PRIME
    if stealth:
        text = "\n".join(line for line in text.splitlines() if "bd sync" not in line)
    return Said(plain=text)
