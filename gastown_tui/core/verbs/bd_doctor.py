"""Whether the records are sound, and repairs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, GastownError, LedgerDamaged, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.times import stamp
from gastown_tui.core.ports import Hands, LinesFound, Verified
from gastown_tui.core.rules import bead_deletion, care
from gastown_tui.core.verbs import lines_told
from gastown_tui.core.verbs.bd_setup import BD_VERSION
from gastown_tui.core.verbs.beads import Said, beads_dir, beads_here, ledgers_for
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb
from gastown_tui.core.views import bead_text


@verb("bd doctor", group="beads", needs=Needs.LEDGER, aliases=("bd validate", "doctor"), compact_errors=True)
def doctor(
    hands: Hands,
    path: Annotated[Path | None, Arg("Somewhere else", suggest=Suggest.PATH)] = None,
    *,
    fix: Annotated[bool, Arg("Repair what can be repaired")] = False,
    dry_run: Annotated[bool, Arg("With --fix: only say what would be done")] = False,
    checks: Annotated[tuple[str, ...], Arg("Only these: orphans, duplicates, pollution, conflicts", split=True)] = (),
    fix_all: Annotated[bool, Arg("The same as --fix", hidden=True)] = False,
    check: Annotated[str, Arg("Only this: pollution or validate")] = "",
    clean: Annotated[bool, Arg("With --check pollution: delete what is found")] = False,
    yes: Annotated[bool, Arg("Do not ask", flags=("--yes", "-y"))] = False,
    output: Annotated[
        Path | None, Arg("Write the report to a file as JSON", flags=("--output", "-o"), suggest=Suggest.PATH)
    ] = None,
    check_health: Annotated[bool, Arg("Say nothing unless something is wrong")] = False,
    server: Annotated[bool, Arg("Accepted to be refused: there is no server", hidden=True)] = False,
    migration: Annotated[str, Arg("Accepted; nothing needs migrating", choices=("", "pre", "post"), hidden=True)] = "",
    source: Annotated[
        str, Arg("Accepted; the log is the source", choices=("auto", "jsonl", "db"), hidden=True)
    ] = "auto",
    deep: Annotated[bool, Arg("Accepted; every check is deep", hidden=True)] = False,
    interactive: Annotated[
        bool, Arg("Accepted; --dry-run shows what --fix would do", flags=("--interactive", "-i"), hidden=True)
    ] = False,
    fix_child_parent: Annotated[bool, Arg("Accepted; --fix does it", hidden=True)] = False,
    force: Annotated[bool, Arg("Accepted", hidden=True)] = False,
    perf: Annotated[bool, Arg("Accepted", hidden=True)] = False,
    gastown: Annotated[bool, Arg("Accepted", hidden=True)] = False,
) -> Receipt:
    """See whether the records are sound, and repair what can be repaired.

    Every log is read again and synced; where writing was refused after a failed sync it goes on afterwards.
    """
    del migration, source, deep, interactive, fix_child_parent, force, perf, gastown
    if server:
        raise BadInput("no database server is used here", hint="bd doctor looks at the files themselves")
    if check not in {"", "pollution", "validate"}:
        raise BadInput(f'unknown check "{check[:40]}"', hint="pollution or validate")
    if path is not None:
        hands = hands.elsewhere(path)
    if check == "pollution":
        return detect_pollution(hands, clean=clean, yes=yes)
    log = _log(hands)
    if (fix or fix_all) and not dry_run:
        take_away_bad_edges(hands)
        _respell(hands)
    town = hands.ledger.read()
    found = [*log, *_files(hands, town), *care.examine(town, beads_here(hands, town))]
    if checks:
        words = {"orphans": ("orphaned", "parent"), "duplicates": ("duplicate",), "conflicts": ("conflict",)}
        wanted = [word for each in checks for word in words.get(each, (each,))]
        found = [each for each in found if any(word in each.name.lower() for word in wanted)]
    ok = all(each.status != "error" for each in found)
    rows = [_row(each) for each in found]
    value: dict[str, Any] = {
        "path": str(hands.ledger.home),
        "checks": rows,
        "overall_ok": ok,
        "cli_version": BD_VERSION,
        "timestamp": stamp(hands.clock.now()),
    }
    if output is not None:
        hands.files.write_text(
            hands.cwd / output, f"{msgspec.json.format(msgspec.json.encode(value), indent=2).decode()}\n"
        )
    lines = _lines(each for each in found if not check_health or each.status == "error")
    return Said(plain="\n".join(lines), value=value, exit_code=0 if ok else 1)


def _lines(found: Iterable[care.Finding]) -> list[str]:
    marks = {"ok": "✓", "warning": "⚠", "error": "✗"}
    lines: list[str] = []
    for each in found:
        lines.append(f"{marks[each.status]} {each.name}: {each.message}")
        lines += [f"    {one_line(detail, 160)}" for detail in each.detail[:10]]
        lines += [f"    … and {len(each.detail) - 10} more"] if len(each.detail) > 10 else []
        lines += [f"    Fix: {each.fix}"] if each.fix else []
    return lines


def _log(hands: Hands) -> list[care.Finding]:
    """Read every log again, and let writing go on after a failed sync."""
    try:
        seen = hands.ledger.verify()
    except LedgerDamaged as error:
        return [care.Finding(name="Log", status="error", message=error.message, fix=error.hint)]
    except GastownError as error:
        return [care.Finding(name="Log", status="warning", message=f"it could not be synced: {error.message}")]
    detail = (*seen.damaged, *([f"{seen.ahead} ledgers are dated ahead"] if seen.ahead else ()))
    message = f"{seen.events} events, read again and synced"
    if seen.kept:
        message += f"; {seen.kept} damaged lines were put aside before and are passed over"
    fix = "what cannot be read is passed over and nothing else is lost" if seen.damaged else ""
    if any("conflict marker" in each for each in seen.damaged):
        fix = "bd resolve-conflicts .beads/events.jsonl takes git's markers out"
    status: Literal["ok", "warning"] = "warning" if detail else "ok"
    return [care.Finding(name="Log", status=status, message=message, detail=detail, fix=fix), *_projections(seen)]


def _projections(seen: Verified) -> list[care.Finding]:
    if not seen.behind:
        return []
    message = "what other programs read is behind the log, as after a full disk; nothing is lost"
    fix = "make room; bd rebuild-projections brings it up, and so does the next change"
    return [care.Finding(name="Projections", status="warning", message=message, detail=seen.behind, fix=fix)]


def _row(finding: care.Finding) -> dict[str, Any]:
    row: dict[str, Any] = {"name": finding.name, "status": finding.status, "message": finding.message}
    if finding.detail:
        row["detail"] = "; ".join(finding.detail[:50])
    if finding.fix:
        row["fix"] = finding.fix
    return row


def _beside(found: LinesFound) -> list[care.Finding]:
    """A word about a database whose beads may be newer than the file's."""
    if "Dolt" not in found.database:
        return []
    message = f"{found.database} lies beside {found.file.name}; what it holds and the file does not is not seen here"
    fix = f"bd export -o {found.file}, with the program that keeps it"
    return [care.Finding(name="Database", status="warning", message=message, fix=fix)]


def _integrity(hands: Hands, found: LinesFound) -> care.Finding:
    head, *further = lines_told.as_text(msgspec.structs.replace(found, put_aside=()))
    unread = [each for each in hands.ledger.warnings() if not each.startswith(f"{found.file}: ")]
    if not unread and not further:
        return care.Finding(name="JSONL Integrity", status="ok", message=f"every line could be read: {head}")
    fix = ""
    if found.quarantined or not found.duplicates:
        message = f"some lines cannot be read: {head}"
    else:
        message = f"some beads are there more than once, as after a merge by git: {head}"
        fix = "nothing is lost and the next change writes the file anew; bd rebuild-projections does it now"
    return care.Finding(name="JSONL Integrity", status="warning", message=message, detail=(*further, *unread), fix=fix)


def _put_aside(found: LinesFound) -> list[care.Finding]:
    """What was put aside before is safe, and no reason to worry."""
    if not found.put_aside:
        return []
    message = lines_told.as_text(found)[-1].strip()
    detail = ("they are safe there, one to a line with its reason; taking that file away dismisses them",)
    return [care.Finding(name="Quarantine", status="ok", message=message, detail=detail)]


def _files(hands: Hands, town: Town) -> list[care.Finding]:
    state, found = town.ledgers[hands.ledger.here], hands.ledger.inspect(hands.ledger.here)
    findings = [
        care.Finding(name="Installation", status="ok", message=f"{beads_dir(hands)} with {len(state.beads)} beads"),
        _integrity(hands, found),
        *_put_aside(found),
        *_beside(found),
    ]
    unknown = state.registers.unknown_events
    if unknown:
        message = f"{unknown} events are of types this version does not know; they are kept"
        findings.append(care.Finding(name="Unknown Events", status="warning", message=message))
    return findings


def take_away_bad_edges(hands: Hands) -> int:
    """Take away edges that lead nowhere or make a child wait for its parent; return how many."""
    town = hands.ledger.read()
    bad = _bad_edges(town, beads_here(hands, town))
    if not bad:
        return 0

    def decide(now: Town) -> tuple[Entry, ...]:
        return tuple(
            Entry(e.DependencyRemoved(bead_id=bead_id, depends_on_id=target), now.ledger_of(bead_id))
            for bead_id, target in _bad_edges(now, beads_here(hands, now))
        )

    hands.ledger.record(decide, actor=hands.actor, ledgers=ledgers_for(town, [bead_id for bead_id, _ in bad]))
    return len(bad)


def _respell(hands: Hands) -> None:
    """Give edges the type that is meant where another program spelled it otherwise."""
    town = hands.ledger.read()
    found = care.misspelled(bead for bead in beads_here(hands, town) if bead.status != "tombstone")
    if not found:
        return
    facts = [
        (bead_id, fact)
        for bead_id, target, _, meant in found
        for fact in (
            e.DependencyRemoved(bead_id=bead_id, depends_on_id=target),
            e.DependencyAdded(bead_id=bead_id, depends_on_id=target, dependency_type=meant),
        )
    ]
    hands.ledger.record(
        lambda now: tuple(Entry(fact, now.ledger_of(bead_id)) for bead_id, fact in facts),
        actor=hands.actor,
        ledgers=ledgers_for(town, [bead_id for bead_id, *_ in found]),
    )


def _bad_edges(town: Town, beads: list[Bead]) -> list[tuple[BeadId, BeadId]]:
    living = [bead for bead in beads if bead.status != "tombstone"]
    return list(dict.fromkeys([*care.dangling(town, living), *care.deadlocks(living)]))


@verb("bd repair-deps", group="beads", needs=Needs.LEDGER, compact_errors=True)
def repair_deps(hands: Hands, *, fix: Annotated[bool, Arg("Take them away")] = False) -> Receipt:
    """Find dependencies that lead nowhere."""
    town = hands.ledger.read()
    found = care.dangling(town, [bead for bead in beads_here(hands, town) if bead.status != "tombstone"])
    rows = [{"issue_id": bead_id, "depends_on_id": target} for bead_id, target in found]
    value: dict[str, Any] = {"orphans_found": len(rows), "orphans": rows}
    if fix:
        value["fixed"] = take_away_bad_edges(hands) if found else 0
    lines = [f"  {bead_id} → {target}" for bead_id, target in found]
    head = f"⚠ {len(rows)} orphaned dependencies" if rows else "✓ No orphaned dependencies"
    return Said(plain="\n".join([head, *lines]), value=value)


@verb("bd detect-pollution", group="beads", needs=Needs.LEDGER, hidden=True, compact_errors=True)
def detect_pollution(
    hands: Hands,
    *,
    clean: Annotated[bool, Arg("Delete them")] = False,
    yes: Annotated[bool, Arg("Do not ask", flags=("--yes", "-y"))] = False,
) -> Receipt:
    """Find beads that look left over from tests."""
    town = hands.ledger.read()
    found = care.pollution(beads_here(hands, town))
    if not found:
        return Said(plain="No test pollution detected!", value={"issues": [], "polluted_count": 0})
    rows = [
        {
            "id": each.bead.id,
            "title": each.bead.title,
            "score": each.score,
            "reasons": list(each.reasons),
            "created_at": each.bead.created_at,
        }
        for each in found
    ]
    high = sum(each.score >= 0.9 for each in found)
    value: dict[str, Any] = {
        "high_confidence": high,
        "issues": rows,
        "medium_confidence": len(found) - high,
        "polluted_count": len(found),
    }
    lines = [f"⚠ {len(found)} beads look left over from tests:"]
    lines += [f"  {each.bead.id}: {bead_text.title(each.bead)} ({each.score:.0%})" for each in found]
    if clean:
        if not yes:
            raise Refused("detect-pollution --clean deletes beads", hint="--yes says yes")
        ids = [each.bead.id for each in found]
        hands.ledger.record(
            lambda now: bead_deletion.delete(now, bead_deletion.plan_deletion(now, ids), reason="test pollution"),
            actor=hands.actor,
            ledgers=ledgers_for(town, ids),
        )
        value["deleted"] = len(ids)
        lines.append(f"✓ Deleted {len(ids)} beads")
    return Said(plain="\n".join(lines), value=value)


@verb("bd migrate", group="beads", needs=Needs.LEDGER, mutates=False, hidden=True, compact_errors=True)
def migrate(
    hands: Hands,
    words: Annotated[tuple[str, ...], Arg("Which migration; none is needed", hidden=True)] = (),
    *,
    inspect: Annotated[bool, Arg("Say what there is")] = False,
    dry_run: Annotated[bool, Arg("Accepted", hidden=True)] = False,
    cleanup: Annotated[bool, Arg("Accepted", hidden=True)] = False,
    update_repo_id: Annotated[bool, Arg("Accepted", hidden=True)] = False,
    yes: Annotated[bool, Arg("Accepted", flags=("--yes", "-y"), hidden=True)] = False,
    to_dolt: Annotated[bool, Arg("Accepted to be refused: there is no such backend", hidden=True)] = False,
    to_sqlite: Annotated[bool, Arg("Accepted to be refused: there is no such backend", hidden=True)] = False,
) -> Receipt:
    """Say that nothing needs migrating: every version's records are read as they are."""
    del dry_run, cleanup, update_repo_id, yes
    if to_dolt or to_sqlite or words[:1] == ("dolt",):
        raise GastownError("there is one backend, files beside the code", hint="bd export writes what others import")
    if not inspect:
        return Said(plain="✓ Nothing to migrate", value={"status": "current", "current_version": BD_VERSION})
    count = sum(1 for bead in beads_here(hands, hands.ledger.read()) if bead.status != "tombstone")
    state = {"config": {}, "db_exists": True, "issue_count": count, "missing_config": [], "schema_version": BD_VERSION}
    value = {"current_state": state, "invariants_to_check": [], "registered_migrations": [], "warnings": []}
    return Said(plain=f"{count} issues, nothing to migrate", value=value)
