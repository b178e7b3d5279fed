"""What happens in the demo town: a small package, and the mayor's plan to extend it in two convoys.

Commands are written as people write them. Each may be run again after its worker was killed in the middle.
"""

from __future__ import annotations

from typing import Any

import msgspec

RIG = "tally"
PREFIX = "ta"
CAPACITY = 4
"""Workers at one time."""
NAMES = ("nux", "slit", "toast", "dag", "rictus", "ace", "furiosa", "dementus")
"""Given out in this order; a worker whose work waits to be merged lets another begin."""

REPOSITORY: dict[str, str] = {
    "README.md": "# tally\n\nCounts what is in a text.\n",
    ".gitignore": "__pycache__/\n",
    "tally/__init__.py": '"""Counts what is in a text."""\n',
    "tally/words.py": """\
def count_words(text: str) -> int:
    return len(text.split())
""",
    "tests/__init__.py": "",
    "tests/test_words.py": """\
import unittest

from tally.words import count_words


class Words(unittest.TestCase):
    def test_words_are_split_at_space(self):
        self.assertEqual(count_words("one  two\\nthree"), 3)
""",
}
"""The repository before anybody worked on it, by path."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One bead of the plan."""

    key: str
    title: str
    convoy: str
    description: str = ""
    kind: str = "task"
    priority: int = 2
    needs: tuple[str, ...] = ()
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    steps: tuple[tuple[str, dict[str, Any]], ...] = ()
    """Titles and metadata of child beads, done one after the other."""


CONVOYS: dict[str, str] = {"counting": "Count everything", "reports": "Reports people read"}
"""Titles of the convoys by the key pieces name them with."""


def _talk(*lines: str, pause_s: float = 1.0) -> str:
    """What a command prints while it seems to think."""
    return "{ " + " ".join(f"echo '{line}'; sleep {pause_s};" for line in lines) + " }"


def _steps(*commands: str) -> str:
    """Commands one after the other, as long as they succeed."""
    return " && ".join(commands)


def _function(name: str, body: str, about: str) -> str:
    return f'def {name}(text: str) -> int:\n    """{about}"""\n    return {body}\n'


def _counter(module: str, name: str, body: str, about: str, sample: str, expected: int) -> str:
    """A command that writes a counting function with its test, and runs the tests."""
    test = (
        f"import unittest\n\nfrom tally.{module} import {name}\n\n\n"
        f"class {module.title()}(unittest.TestCase):\n"
        f"    def test_{name}(self):\n        self.assertEqual({name}({sample!r}), {expected})\n"
    )
    return _steps(
        _talk("reading tally/words.py", "looking how its neighbours do it", f"writing tally/{module}.py"),
        _write(f"tally/{module}.py", _function(name, body, about)),
        _write(f"tests/test_{module}.py", test),
        _talk(f"writing tests/test_{module}.py", "running the tests"),
        f"{{python}} -m unittest -q tests.test_{module} 2>&1",
    )


def _write(path: str, text: str) -> str:
    return f"cat > {path} <<'END' &&\n{text}END\ntrue"


_GUIDE = """\
# Guide

tally counts lines, words and characters.
"""

_EXAMPLE = """\
# Example

    $ echo a b | python -m tally
    words       2
"""

_TABLE = '''\
def table(rows: dict[str, int]) -> str:
    """Counts in two columns."""
    width = max(map(len, rows), default=0)
    return "\\n".join(f"{name:<{width}}  {count}" for name, count in rows.items())
'''

_AS_JSON = '''\
import json


def as_json(rows: dict[str, int]) -> str:
    """Counts as one JSON object."""
    return json.dumps(rows, sort_keys=True)
'''

_MARKDOWN = '''\
def markdown(rows: dict[str, int]) -> str:
    """Counts as a Markdown table."""
    lines = [f"| {name} | {count} |" for name, count in rows.items()]
    return "\\n".join(["| what | how many |", "|---|---|", *lines])
'''

_SUMMARY = '''\
from tally.characters import count_characters
from tally.lines import count_lines
from tally.words import count_words


def summary(text: str) -> dict[str, int]:
    """Every count of a text by its name."""
    return {"lines": count_lines(text), "words": count_words(text), "characters": count_characters(text)}
'''

_SUMMARY_TEST = """\
import unittest

from tally.summary import summary


class Summary(unittest.TestCase):
    def test_every_count_is_there(self):
        self.assertEqual(summary("a b\\nc"), {"lines": 2, "words": 3, "characters": 5})
"""

_MAIN = """\
import sys

from tally.summary import summary
from tally.table import table

if __name__ == "__main__":
    print(table(summary(sys.stdin.read())))
"""

_MAIN_TEST = """\
import subprocess
import sys
import unittest


class CommandLine(unittest.TestCase):
    def test_it_counts_what_it_reads(self):
        done = subprocess.run((sys.executable, "-m", "tally"), input="a b", capture_output=True, text=True, check=True)
        self.assertIn("words       2", done.stdout)
"""

PLAN: tuple[Piece, ...] = (
    Piece(
        key="lines",
        title="Count lines",
        convoy="counting",
        priority=1,
        metadata={
            "run": _counter("lines", "count_lines", "len(text.splitlines())", "How many lines a text has.", "a\nb\n", 2)
        },
    ),
    Piece(
        key="reading",
        title="Read files whatever their encoding",
        convoy="counting",
        description="Files that are not UTF-8 can be skipped or read with marks for what is unreadable.",
        metadata={
            "ask": "Some files are not UTF-8. Skip them?",
            "choices": ["yes", "no"],
            "run": _steps(
                _talk("the overseer has decided", "looking for files that are not UTF-8", "writing tally/reading.py"),
                'echo "SKIP_UNREADABLE = \\"$GT_ANSWER\\" == \\"yes\\"" > tally/reading.py',
                "{python} -c 'import tally.reading'",
            ),
        },
    ),
    Piece(
        key="markdown",
        title="Render counts as Markdown",
        convoy="reports",
        description="This one likes to be spoken to before it begins.",
        metadata={
            "wait_for_nudge": True,
            "run": _steps(
                _talk("reading the Markdown rules", "escaping what has to be escaped", "writing tally/markdown.py"),
                _write("tally/markdown.py", _MARKDOWN),
            ),
        },
    ),
    Piece(
        key="table",
        title="Render counts as a table",
        convoy="reports",
        priority=1,
        metadata={
            "run": _steps(
                _talk("measuring columns", "aligning numbers", "writing tally/table.py"),
                _write("tally/table.py", _TABLE),
            )
        },
    ),
    Piece(
        key="characters",
        title="Count characters",
        convoy="counting",
        metadata={
            "run": _counter("characters", "count_characters", "len(text)", "How many characters it has.", "ab c", 4),
            "mail": {
                "to": "mayor",
                "subject": "Characters are counted",
                "body": "Combining marks count one each. Say so in the guide.",
            },
        },
    ),
    Piece(
        key="unique",
        title="Count different words",
        convoy="counting",
        metadata={
            "run": _counter(
                "unique", "count_unique", "len(set(text.split()))", "How many different words it has.", "a b a", 2
            )
        },
    ),
    Piece(
        key="json",
        title="Render counts as JSON",
        convoy="reports",
        metadata={
            "run": _steps(
                _talk("sorting keys", "writing tally/as_json.py", "reading it back"),
                _write("tally/as_json.py", _AS_JSON),
            )
        },
    ),
    Piece(
        key="summary",
        title="One summary of all counts",
        convoy="counting",
        priority=1,
        needs=("lines", "characters"),
        metadata={
            "run": _steps(
                _talk("gathering the counters", "naming them", "running all tests"),
                _write("tally/summary.py", _SUMMARY),
                _write("tests/test_summary.py", _SUMMARY_TEST),
                "{python} -m unittest -q 2>&1",
            )
        },
    ),
    Piece(
        key="command",
        title="A command line: python -m tally",
        convoy="reports",
        priority=1,
        kind="feature",
        needs=("summary", "table"),
        metadata={
            "run": _steps(
                _talk("reading standard input", "writing tally/__main__.py", "trying it"),
                _write("tally/__main__.py", _MAIN),
                _write("tests/test_main.py", _MAIN_TEST),
                "printf 'one two\\nthree' | {python} -m tally",
            )
        },
    ),
    Piece(
        key="guide",
        title="Write the guide",
        convoy="reports",
        needs=("table",),
        steps=(
            (
                "List what can be counted",
                {"run": _steps(_talk("reading every module", "making a list"), "ls tally", _write("GUIDE.md", _GUIDE))},
            ),
            (
                "Show an example",
                {"run": _steps(_talk("trying it out", "copying what it printed"), _write("EXAMPLE.md", _EXAMPLE))},
            ),
        ),
    ),
)
"""The beads in the order the mayor slings them."""

LETTER = """\
Two convoys roll. "Count everything" teaches tally to count lines, characters and different words and to sum them up;
"Reports people read" puts the counts into tables, JSON, Markdown and a command line.

One worker will ask you what to do with unreadable files. One falls silent until somebody nudges it."""
"""What the mayor writes to the overseer once the plan stands."""
