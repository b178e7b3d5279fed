"""How well work goes: completion, throughput, propulsion, verification; all from events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from gastown_tui.core import events as e
from gastown_tui.core.events import Event
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import evaluation
from gastown_tui.core.verbs.bd_events import Since, events_since
from gastown_tui.core.verbs.beads import Said
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb


@verb("bd eval completion", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def completion(hands: Hands, *, since: Since = "") -> Receipt:
    """Say what part of the work that ended was done."""
    return _said(_completion(_events(hands, since)))


@verb("bd eval throughput", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def throughput(hands: Hands, *, since: Since = "") -> Receipt:
    """Say how much work is closed an hour and how long it takes."""
    return _said(_throughput(_events(hands, since)))


@verb("bd eval gupp", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def gupp(hands: Hands, *, since: Since = "") -> Receipt:
    """Say how soon agents run what hangs on their hooks."""
    return _said(_gupp(_events(hands, since)))


@verb("bd eval verify-accuracy", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def verify_accuracy(hands: Hands, *, since: Since = "") -> Receipt:
    """Say how often gates passed, failed, and could not be run."""
    return _said(_gates(_events(hands, since)))


@verb("bd eval report", group="beads", needs=Needs.LEDGER, mutates=False, compact_errors=True)
def report(
    hands: Hands,
    *,
    since: Since = "",
    output: Annotated[Path | None, Arg("Write it to a file", flags=("--output", "-o"), suggest=Suggest.PATH)] = None,
) -> Receipt:
    """Say all of it, as Markdown."""
    events = _events(hands, since)
    parts = {
        "Completion": _completion(events),
        "Throughput": _throughput(events),
        "Propulsion": _gupp(events),
        "Gates": _gates(events),
    }
    lines = ["# Evaluation", "", f"{len(events)} events"]
    for title, value in parts.items():
        lines += ["", f"## {title}", "", *(f"- {line}" for line in _rows(value))]
    text = "\n".join(lines)
    if output is not None:
        hands.files.write_text(hands.cwd / output, text + "\n")
        return Said(plain=f"✓ Wrote {output}", value={"output_file": str(output)})
    return Said(plain=text, value={title.lower(): value for title, value in parts.items()})


def _events(hands: Hands, since: str) -> list[Event]:
    """Of every ledger of the town where one stands in none of its rigs."""
    here = hands.ledger.here
    names = [here] if here else list(hands.ledger.read().ledgers)
    found = [event for name in names for event in events_since(hands, since, name)]
    return sorted(found, key=lambda event: event.event_id)


def _completion(events: list[Event]) -> dict[str, Any]:
    found = evaluation.completion(events)
    return {
        "created": found.created,
        "done": found.done,
        "failed": found.failed,
        "abandoned": found.abandoned,
        "reopened": found.reopened,
        "completion_rate": round(found.rate, 4),
    }


def _throughput(events: list[Event]) -> dict[str, Any]:
    found = evaluation.throughput(events)
    return {
        "closed": found.closed,
        "merged": found.merged,
        "hours": round(found.hours, 2),
        "closed_per_hour": round(found.per_hour, 2),
        "median_lead_hours": round(found.lead_hours, 3),
    }


def _gupp(events: list[Event]) -> dict[str, Any]:
    found = evaluation.propulsion(events)
    return {
        "hooked": found.hooked,
        "answered": found.answered,
        "median_response_s": round(found.median_s, 2),
        "violations": list(found.slow),
    }


def _gates(events: list[Event]) -> dict[str, Any]:
    outcomes = [event.fact.outcome for event in events if isinstance(event.fact, e.MergeGated)]
    judged = [outcome for outcome in outcomes if outcome in {"pass", "fail"}]
    return {
        "gates_run": len(outcomes),
        "passed": outcomes.count("pass"),
        "failed": outcomes.count("fail"),
        "infrastructure": outcomes.count("infrastructure"),
        "pass_rate": round(judged.count("pass") / len(judged), 4) if judged else 1.0,
    }


def _said(value: dict[str, Any]) -> Said:
    return Said(plain="\n".join(_rows(value)), value=value)


def _rows(value: dict[str, Any]) -> list[str]:
    shown = {key: (", ".join(each) or "none") if isinstance(each, list) else each for key, each in value.items()}
    return [f"{key.replace('_', ' ')}: {each}" for key, each in shown.items()]
