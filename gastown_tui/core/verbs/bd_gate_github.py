"""Gates that GitHub decides, asked through its own program `gh`."""

from __future__ import annotations

from typing import Annotated, Any

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, GastownError, ToolFailed
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.outside import RunOutcome
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import epoch_ns, stamp
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import gates
from gastown_tui.core.verbs.beads import Said, act_on, beads_here
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, verb

_TIMEOUT_S = 60.0
_VIEW = {
    "gh:run": 'gh run view "$BD_AWAIT" --json status,conclusion,name',
    "gh:pr": 'gh pr view "$BD_AWAIT" --json state,title',
}
_LIST = (
    'gh run list ${BD_BRANCH:+--branch "$BD_BRANCH"} --limit "$BD_LIMIT" '
    "--json databaseId,workflowName,name,headBranch,createdAt,status"
)


def ask(hands: Hands, gate: Bead) -> gates.Verdict:
    """What GitHub says about a gate.

    Raises:
        GastownError: `gh` is missing, or could not tell.
    """
    kind = gate.await_type or ""
    number = (gate.await_id or "").lstrip("#")
    answer = _gh(hands, _VIEW[kind], BD_AWAIT=number)
    return gates.judge_run(answer) if kind == "gh:run" else gates.judge_pull_request(answer)


@verb("bd gate discover", group="beads", needs=Needs.LEDGER, compact_errors=True)
def discover(
    hands: Hands,
    *,
    dry_run: Annotated[bool, Arg("Only say what was found", flags=("--dry-run", "-n"))] = False,
    branch: Annotated[str, Arg("Only this branch; otherwise the one checked out", flags=("--branch", "-b"))] = "",
    limit: Annotated[int, Arg("Look at so many runs", flags=("--limit", "-l"))] = 10,
    max_age: Annotated[str, Arg("Runs no older than this: 30m, 2h", flags=("--max-age", "-a"))] = "30m",
) -> Receipt:
    """Find the runs that gates wait for by the name of a workflow, and note their numbers."""
    if branch.startswith("-") or not 0 < limit <= 1000:
        raise BadInput("--branch must be a branch, and --limit between 1 and 1000")
    oldest = (epoch_ns(stamp(hands.clock.now())) or 0) - gates.parse_timeout(max_age)
    open_gates = [b for b in beads_here(hands, hands.ledger.read()) if b.await_type == "gh:run" and not b.is_closed]
    taken = {number for gate in open_gates if (number := gate.await_id or "").isdecimal()}
    unmatched = [gate for gate in open_gates if not (gate.await_id or "").isdecimal()]
    if not unmatched:
        return Said(plain="No gates wait for a run to be found.", value={"discovered": 0, "matches": []})
    branch = branch or _gh(hands, "git rev-parse --abbrev-ref HEAD 2>/dev/null || true").strip()
    runs = gates.read_runs(_gh(hands, _LIST, BD_BRANCH=branch, BD_LIMIT=str(limit)))
    matches: list[dict[str, Any]] = []
    for gate in sorted(unmatched, key=lambda each: each.created_at):
        run = gates.run_for(gate, runs, taken, not_before=oldest)
        if run is not None:
            taken.add(str(run.database_id))
            matches.append(
                {"gate_id": gate.id, "run_id": str(run.database_id), "workflow": run.workflow_name or run.name}
            )
            if not dry_run:
                _note(hands, gate, str(run.database_id))
    lines = [
        f"{'Would match' if dry_run else '✓'} {m['gate_id']}: run {m['run_id']} ({m['workflow']})" for m in matches
    ]
    lines.append(f"Discovered {len(matches)} of {len(unmatched)} runs")
    return Said(plain="\n".join(lines), value={"discovered": len(matches), "matches": matches, "dry_run": dry_run})


def _note(hands: Hands, gate: Bead, number: str) -> None:
    def rule(town: Town, bead: Bead) -> tuple[Entry, ...]:
        fact = e.BeadUpdated(bead_id=bead.id, changes={"await_id": number})
        return (Entry(fact, town.ledger_of(bead.id)),)

    act_on(hands, (gate.id,), rule)


def _gh(hands: Hands, command: str, **env: str) -> str:
    """What a fixed command printed; values go by environment."""
    lines: list[str] = []
    home = hands.ledger.home / hands.ledger.here
    done = hands.commands.run(command, cwd=home, timeout_s=_TIMEOUT_S, env=env, on_line=lines.append)
    if done.outcome is RunOutcome.PASS:
        return "\n".join(lines)
    if done.code == 127:
        raise GastownError("the program gh is not installed", hint="it is GitHub's own: https://cli.github.com")
    raise ToolFailed(f"gh failed: {one_line(done.tail, 200) or done.reason}", code=done.code, stderr=done.tail)
