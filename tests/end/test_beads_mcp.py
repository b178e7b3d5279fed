"""Somebody else's client: the MCP server for beads from the package index, unmodified, driving our `bd`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from gastown_tui.core.views.launchers import launcher_text
from tests.ledgers import corpus
from tests.places import surroundings

ROOT = Path(__file__).parents[2]
INSTALL_TIMEOUT_S = 300

DRIVER = """
import asyncio, json, sys
from fastmcp import Client
from fastmcp.exceptions import ToolError
from beads_mcp.server import mcp

async def main():
    calls = json.loads(sys.stdin.read())
    said = []
    async with Client(mcp) as client:
        said.append(sorted(tool.name for tool in await client.list_tools()))
        for name, arguments in calls:
            arguments = {key: fill(value, said) for key, value in arguments.items()}
            try:
                if name == "resource":
                    found = await client.read_resource(arguments["uri"])
                    said.append(found[0].text)
                    continue
                result = await client.call_tool(name, arguments)
                texts = [each.text for each in result.content if hasattr(each, "text")]
                found = result.structured_content or (texts[0] if texts else None)
                said.append(found["result"] if isinstance(found, dict) and set(found) == {"result"} else found)
            except ToolError as error:
                said.append({"failed": str(error)})
    print(json.dumps(said))

def fill(value, said):
    # "$3.id" is the id in the third answer.
    if isinstance(value, list):
        return [fill(each, said) for each in value]
    if isinstance(value, str) and value.startswith("$"):
        place, _, key = value[1:].partition(".")
        found = said[int(place)]
        for piece in key.split("."):
            found = found[int(piece)] if isinstance(found, list) else found[piece]
        return found
    return value

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def client_python(request: pytest.FixtureRequest) -> Path:
    """An interpreter that has the client, in an environment of its own that outlives the run."""
    said = os.environ.get("GASTOWN_BEADS_MCP_PYTHON")
    if said:
        return Path(said)
    folder = Path(request.config.cache.mkdir("beads-mcp")) / f"venv-{sys.version_info[0]}.{sys.version_info[1]}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "beads-mcp"]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S)
        except (subprocess.SubprocessError, OSError) as error:
            said = str(getattr(error, "stderr", "") or error)
            pytest.skip(f"beads-mcp cannot be had: {said.strip().splitlines()[-1] if said.strip() else error}")
        (folder / "complete").touch()
    return python


class Driven:
    """The client, working in one directory."""

    def __init__(self, python: Path, home: Path) -> None:
        self.home = home
        self._python = python
        self._bd = home.parent / "bin" / "bd"
        self._bd.parent.mkdir()
        self._bd.write_text(launcher_text("bd", python=sys.executable, root=str(ROOT)))
        self._bd.chmod(0o755)
        self.env = surroundings(HOME=str(home.parent), PWD=str(home), BEADS_PATH=str(self._bd), BEADS_ACTOR="robot")

    def bd(self, *words: str) -> Any:
        """What `bd` itself says, as JSON."""
        done = subprocess.run(
            [self._bd, *words, "--json"], cwd=self.home, env=self.env, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    def __call__(self, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
        """The client's answers to calls of its tools; the first is the list of its tools."""
        done = subprocess.run(
            [self._python, "-c", DRIVER],
            cwd=self.home,
            env=self.env,
            input=json.dumps(calls),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        answers: list[Any] = json.loads(done.stdout.splitlines()[-1])
        return answers


@pytest.fixture
def driven(client_python: Path, tmp_path: Path) -> Driven:
    """The client in an empty directory."""
    home = tmp_path / "project"
    home.mkdir()
    return Driven(client_python, home)


def unfailed(answers: list[Any]) -> list[Any]:
    """The answers, none of which may be a failure."""
    failures = [answer for answer in answers if isinstance(answer, dict) and "failed" in answer]
    assert failures == []
    return answers


def rows(answer: Any) -> list[Any]:
    """The beads of an answer that lists some, whole or cut short by the client."""
    listed: list[Any] = answer["preview"] if isinstance(answer, dict) else answer
    return listed


@pytest.mark.slow
def test_the_client_does_a_whole_piece_of_work(driven: Driven) -> None:
    home = str(driven.home)
    answers = driven(
        ("context", {"action": "set", "workspace_root": home}),  # 1
        ("context", {"action": "init", "prefix": "mcp"}),  # 2
        ("create", {"title": "Epic <one>", "issue_type": "epic", "priority": 1, "description": "why"}),  # 3
        ("create", {"title": "Second", "labels": ["a", "b"], "deps": ["$3.id"], "description": "x"}),  # 4
        ("create", {"title": "Third", "assignee": "max", "id": "mcp-33", "external_ref": "gh-1", "design": "d"}),  # 5
        ("dep", {"issue_id": "mcp-33", "depends_on_id": "$4.id", "dep_type": "blocks"}),  # 6
        ("dep", {"issue_id": "mcp-33", "depends_on_id": "$3.id", "dep_type": "related"}),  # 7
        ("ready", {"limit": 5}),  # 8
        ("blocked", {}),  # 9
        ("list", {"status": "open", "labels": ["a"]}),  # 10
        ("show", {"issue_id": "mcp-33"}),  # 11
        ("claim", {"issue_id": "$4.id"}),  # 12
        ("update", {"issue_id": "mcp-33", "priority": 0, "notes": "n", "title": "Third!"}),  # 13
        ("comment", {"issue_id": "mcp-33", "text": "said"}),  # 14
        ("comments", {"issue_id": "mcp-33"}),  # 15
        ("note", {"issue_id": "mcp-33", "text": "noted"}),  # 16
        ("close", {"issue_id": "$4.id", "reason": "done"}),  # 17
        ("reopen", {"issue_ids": ["$4.id"], "reason": "not done"}),  # 18
        ("stats", {}),  # 19
        ("admin", {"action": "validate"}),  # 20
        ("admin", {"action": "repair"}),  # 21
        ("admin", {"action": "schema"}),  # 22
        ("admin", {"action": "debug"}),  # 23
        ("admin", {"action": "migration"}),  # 24
        ("admin", {"action": "pollution"}),  # 25
        ("context", {"action": "show"}),  # 26
        ("discover_tools", {}),  # 27
        ("get_tool_info", {"tool_name": "ready"}),  # 28
        ("resource", {"uri": "beads://quickstart"}),  # 29
        ("close", {"issue_id": "mcp-zz"}),  # 30
    )
    unfailed(answers[:30])
    driven_tools = {
        "context", "create", "dep", "ready", "blocked", "list", "show", "claim", "update", "comment", "comments",
        "note", "close", "reopen", "stats", "admin", "discover_tools", "get_tool_info",
    }  # fmt: skip
    assert set(answers[0]) == driven_tools, "the client has tools nobody drives here"
    second = answers[4]["id"]
    assert {bead["id"] for bead in rows(answers[8])} == {answers[3]["id"], second}
    assert [bead["id"] for bead in rows(answers[9])] == ["mcp-33"]
    assert [bead["id"] for bead in rows(answers[10])] == [second]
    assert "no issue found matching" in answers[30]["failed"]
    [bead] = driven.bd("show", "mcp-33")
    assert (bead["title"], bead["priority"], bead["notes"]) == ("Third!", 0, "n\nnoted")
    assert {(each["id"], each["dependency_type"]) for each in bead["dependencies"]} == {
        (second, "blocks"),
        (answers[3]["id"], "related"),
    }
    [reopened] = driven.bd("show", second)
    assert (reopened["status"], reopened["assignee"], reopened["parent"]) == ("open", "robot", answers[3]["id"])
    assert answers[19]["summary"]["total_issues"] == 3 and answers[22]["schema"]["schema_version"]
    assert rows(answers[15])[0]["text"] == "said" and "bd ready" in answers[29]


@pytest.mark.slow
@pytest.mark.skipif(not corpus(), reason="the corpus of public ledgers is not here")
@pytest.mark.parametrize("file", corpus(), ids=lambda file: file.name)
def test_the_client_reads_and_changes_a_real_ledger(driven: Driven, file: Path) -> None:
    (driven.home / ".beads").mkdir()
    (driven.home / ".beads" / "issues.jsonl").write_bytes(file.read_bytes())
    beads = {bead["id"]: bead for bead in driven.bd("list", "--all", "--limit", "0") if bead["status"] != "tombstone"}
    by_type: dict[str, str] = {}
    for bead in beads.values():
        for edge in bead.get("dependencies", ()):
            by_type.setdefault(edge["type"], bead["id"])
    open_beads = [bead for bead in driven.bd("list", "--limit", "0") if not bead.get("pinned")]
    shown = [*by_type.values(), open_beads[0]["id"]]
    answers = driven(
        ("context", {"action": "set", "workspace_root": str(driven.home)}),
        ("list", {"limit": 100}),
        ("ready", {"limit": 100}),
        ("blocked", {}),
        ("stats", {}),
        ("admin", {"action": "schema"}),
        ("admin", {"action": "repair"}),
        ("admin", {"action": "pollution"}),
        *(("show", {"issue_id": each}) for each in shown),
        ("create", {"title": "From the client", "description": "x"}),
        ("update", {"issue_id": open_beads[0]["id"], "notes": "from the client"}),
    )
    unfailed(answers)
    assert driven.bd("show", open_beads[0]["id"])[0]["notes"] == "from the client"
