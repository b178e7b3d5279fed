"""What should hold before work is handed over."""

from __future__ import annotations

from typing import Annotated, Any

from gastown_tui.core.model.outside import RunOutcome
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import care
from gastown_tui.core.verbs.beads import Said, beads_dir, beads_here, config
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb

_KEY = "preflight."
_TIMEOUT_S = 1800.0
_GIT = 'changes="$(git status --porcelain -- "$BD_BEADS" 2>/dev/null)" && test -z "$changes"'
_PAGE = """Before you hand work over:

  [ ] what you worked on is closed, or says how far it is
  [ ] what you found on the way is filed
  [ ] the ledger is sound: bd doctor
  [ ] the ledger is committed and shared: bd sync
{own}
bd preflight --check looks. Commands of your own: bd config set preflight.tests "make test"
"""


@verb("bd preflight", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def preflight(hands: Hands, *, check: Annotated[bool, Arg("Look whether it holds")] = False) -> Receipt:
    """Say what should hold before work is handed over; with --check, look.

    Settings `preflight.NAME` hold commands of your own; each must exit with 0.
    """
    own = {key.removeprefix(_KEY): command for key, command in config(hands).items() if key.startswith(_KEY)}
    if not check:
        return Said(plain=_PAGE.format(own="".join(f"  [ ] {name}: {command}\n" for name, command in own.items())))
    rows = [_finished(hands), _sound(hands), _shared(hands)]
    rows += [_run(hands, name, command) for name, command in own.items()]
    failed = [row for row in rows if not row["passed"]]
    lines = [f"{'✓' if row['passed'] else '✗'} {row['name']}: {row['output']}" for row in rows]
    summary = f"{len(rows) - len(failed)} of {len(rows)} checks passed"
    value = {"checks": rows, "passed": not failed, "summary": summary}
    return Said(plain="\n".join([*lines, "", summary]), value=value, exit_code=1 if failed else 0)


def _row(name: str, passed: bool, output: str, command: str) -> dict[str, Any]:
    return {"name": name, "passed": passed, "output": output, "command": command}


def _finished(hands: Hands) -> dict[str, Any]:
    beads = beads_here(hands, hands.ledger.read())
    mine = [bead.id for bead in beads if bead.assignee == hands.actor and bead.state in {"in_progress", "hooked"}]
    said = f"still in progress: {', '.join(mine[:10])}" if mine else "nothing of yours is in progress"
    return _row("Work finished", not mine, said, "bd list --status in_progress")


def _sound(hands: Hands) -> dict[str, Any]:
    town = hands.ledger.read()
    bad = [each.message for each in care.examine(town, beads_here(hands, town)) if each.status == "error"]
    return _row("Ledger sound", not bad, "; ".join(bad) or "no errors", "bd doctor")


def _shared(hands: Hands) -> dict[str, Any]:
    home = hands.ledger.home / hands.ledger.here
    if hands.commands.run("git rev-parse --git-dir", cwd=home, timeout_s=_TIMEOUT_S).outcome is not RunOutcome.PASS:
        return _row("Ledger committed", True, "there is no git repository here", "bd sync")
    done = hands.commands.run(_GIT, cwd=home, timeout_s=_TIMEOUT_S, env={"BD_BEADS": str(beads_dir(hands))})
    is_clean = done.outcome is RunOutcome.PASS
    said = "committed" if is_clean else "it is not, or git cannot tell: bd sync"
    return _row("Ledger committed", is_clean, said, "bd sync")


def _run(hands: Hands, name: str, command: str) -> dict[str, Any]:
    done = hands.commands.run(command, cwd=hands.ledger.home / hands.ledger.here, timeout_s=_TIMEOUT_S)
    passed = done.outcome is RunOutcome.PASS
    last = (done.tail.strip().splitlines() or [""])[-1]
    return _row(name, passed, "passed" if passed else last or done.reason, command)
