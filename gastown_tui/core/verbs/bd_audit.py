"""A diary of what models were asked and answered, beside the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.model.ids import shown
from gastown_tui.core.model.times import stamp
from gastown_tui.core.ports import Hands
from gastown_tui.core.verbs.beads import Said, beads_dir
from gastown_tui.core.verbs.declare import Arg, Needs, Receipt, Suggest, verb

_FILE = "interactions.jsonl"
_LIMIT_BYTES = 512 * 1024 * 1024
_TEXTS = ("kind", "issue_id", "model", "prompt", "response", "error", "tool_name")


@verb("bd audit record", group="beads", needs=Needs.LEDGER, compact_errors=True)
def record(
    hands: Hands,
    *,
    kind: Annotated[str, Arg("What it was: llm_call, tool_call, …")] = "",
    model: Annotated[str, Arg("Which model")] = "",
    prompt: Annotated[str, Arg("What it was asked; - reads standard input", long_text=True)] = "",
    response: Annotated[str, Arg("What it answered", long_text=True)] = "",
    issue_id: Annotated[str, Arg("The bead it was about", metavar="ID", suggest=Suggest.BEAD)] = "",
    tool_name: Annotated[str, Arg("Which tool")] = "",
    exit_code: Annotated[int | None, Arg("What the tool exited with")] = None,
    error: Annotated[str, Arg("What went wrong")] = "",
    stdin: Annotated[bool, Arg("Read the whole entry as JSON from standard input")] = False,
) -> Receipt:
    """Note what a model or a tool was asked and answered, in `.beads/interactions.jsonl`."""
    given = {"kind": kind, "issue_id": issue_id, "model": model, "prompt": prompt, "response": response}
    entry: dict[str, Any] = given | {"error": error, "tool_name": tool_name, "exit_code": exit_code}
    if stdin:
        entry |= _from_stdin(hands)
    if not entry["kind"]:
        raise BadInput("--kind is required", hint="such as --kind llm_call")
    return _added(hands, entry, ("kind",))


@verb("bd audit label", group="beads", needs=Needs.LEDGER, compact_errors=True)
def label(
    hands: Hands,
    entry: Annotated[str, Arg("The id of an entry", metavar="ENTRY")],
    *,
    label: Annotated[str, Arg("good, bad, or a word of your own")],
    reason: Annotated[str, Arg("Why")] = "",
) -> Receipt:
    """Say whether an entry of the diary was good."""
    if entry not in _ids(hands):
        raise NotFound(f"there is no entry {shown(entry)}", hint=f"see {beads_dir(hands) / _FILE}")
    said = {"kind": "label", "parent_id": entry, "label": label, "reason": reason}
    return _added(hands, said, ("label", "parent_id"))


def _added(hands: Hands, entry: dict[str, Any], told: tuple[str, ...]) -> Said:
    entry_id = f"int-{hands.mint.nonce() % 2**32:08x}"
    head = {"id": entry_id, "kind": entry["kind"], "created_at": stamp(hands.clock.now()), "actor": hands.actor}
    whole = head | {key: value for key, value in entry.items() if value not in (None, "") and key not in head}
    hands.files.append_line(beads_dir(hands) / _FILE, msgspec.json.encode(whole).decode())
    return Said(plain=entry_id, value={"id": entry_id} | {key: entry[key] for key in told})


def _from_stdin(hands: Hands) -> dict[str, Any]:
    text = hands.files.read_text(Path("/dev/stdin"), limit_bytes=4_000_000)
    try:
        found = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"standard input is not a JSON object: {error}") from error
    known = {*_TEXTS, "exit_code", "extra"}
    if unknown := sorted(set(found) - known):
        raise BadInput(f"an entry has no field {shown(unknown[0])}", hint=f"fields: {', '.join(sorted(known))}")
    if wrong := [key for key in _TEXTS if not isinstance(found.get(key, ""), str)]:
        raise BadInput(f"{wrong[0]} must be text")
    return found


def _ids(hands: Hands) -> set[str]:
    try:
        text = hands.files.read_text(beads_dir(hands) / _FILE, limit_bytes=_LIMIT_BYTES)
    except NotFound:
        return set()
    found: set[str] = set()
    for line in text.splitlines():
        try:
            found.add(msgspec.json.decode(line, type=dict[str, Any]).get("id", ""))
        except (msgspec.DecodeError, RecursionError):
            continue
    return found
