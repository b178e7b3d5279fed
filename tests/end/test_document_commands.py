"""Every command line of the five documents, in their order: typed as it stands, or with the reason why it is not."""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gastown_tui.core.wiring import tmux_socket
from tests.end.documents_town import PATIENT, Terminal, filed, person_with_commands
from tests.places import a_repository, git
from tests.ports.tmux_server import eventually, processes_in

pytestmark = [pytest.mark.tmux, pytest.mark.slow]

NOT_TYPED = {
    "go install github.com/steveyegge/gastown/cmd/gt@latest": "installs another implementation",
    "brew install gastown": "installs another implementation",
    "npm install -g @anthropic/gastown": "installs another implementation",
    'export PATH="$PATH:$HOME/go/bin"': "is for that other implementation",
    "go build -o gt ./cmd/gt": "builds another implementation",
    "go test ./...": "tests another implementation",
    "claude --resume": "needs a model",
    "open http://localhost:8080": "needs a browser",
    "gt dashboard --port 8080": "the room in a browser is not there yet; gt says so",
    "gt completion bash > /usr/local/etc/bash_completion.d/gt": "writes outside the test; typed with another folder",
    "source <(gt completion zsh)": "needs zsh; its text is written below",
    'gt completion zsh > "${fpath[1]}/_gt"': "needs zsh; typed with another folder",
    "tmux attach -t polecat-myproject-slot0": "inside the town's tmux it nests; gt attach myproject/slot0 goes there",
}
"""The short list."""

IN_A_TERMINAL = {
    "gt mayor attach": b"\x02d",
    "gt witness attach": b"\x02d",
    "gt attach myproject/slot0": b"\x02d",
    "gt shutdown": b"y\n",
}
"""What hands the terminal over or asks something, and the keys that answer it."""

FIRST = """
go install github.com/steveyegge/gastown/cmd/gt@latest
brew install gastown
npm install -g @anthropic/gastown
gt install ~/gt
cd ~/gt
gt rig add myproject --remote=https://github.com/you/myproject.git
gt spawn --issue myproject-123
gt status
gt rig list
gt mail inbox
gt peek <worker>
gt nudge <worker>
go build -o gt ./cmd/gt
go test ./...
"""
SECOND = """
go install github.com/steveyegge/gastown/cmd/gt@latest
export PATH="$PATH:$HOME/go/bin"
gt install ~/gt --git
cd ~/gt
gt rig add myproject https://github.com/you/repo.git
gt crew add <yourname> --rig myproject
cd myproject/crew/<yourname>
cd ~/gt
gt start
gt mayor attach
gt convoy create "Feature X" issue-123 issue-456 --notify --human
gt sling issue-123 myproject
gt convoy list
gt agents
gt prime
gt convoy create "Fix bugs" issue-123
claude --resume
gt status
gt witness attach
gt convoy status <id>
gt convoy create "name" <issues>
bd ready
bd list --status=in_progress
gt mail inbox
gt mail send <addr> -s "..." -m "..."
gt peek <agent>
gt doctor
gt doctor --fix
gt dashboard --port 8080
open http://localhost:8080
source <(gt completion bash)
gt completion bash > /usr/local/etc/bash_completion.d/gt
gt completion bash > ~/completions/gt
source <(gt completion zsh)
gt completion zsh > "${fpath[1]}/_gt"
gt completion zsh > ~/completions/_gt
gt completion fish > ~/.config/fish/completions/gt.fish
gt shutdown
"""
THIRD = """
bd create --title="Feature X" --type=feature --priority=2
bd ready
bd show <bead>
bd dep add <issue> <depends-on>
gt hook
gt sling <bead> <rig>
gt convoy list
gt convoy create "name" <issues>
gt mail inbox
gt mail send <addr> -s "Subject" -m "Message"
gt prime
gt status
gt rig add <name> <url>
gt crew add <name> --rig <rig>
cd myproject/crew/<yourname>
echo 'timeout 30' > login.txt
git status
git add <files>
bd sync
git commit -m "..."
git push
gt mail send mayor/ -s "🤝 HANDOFF: <brief>" -m "<context>"
bd close <bead>
cd ~/gt
gt polecat list myproject
gt attach myproject/slot0
tmux attach -t polecat-myproject-slot0
bd hook
"""


class Typist:
    """A person who types the documents' lines one after the other, with names of their own for what stands in <>."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        source = a_repository(folder / "source", {"login.txt": "timeout 1\n"})
        config = folder / "gitconfig"
        config.write_text(f'[url "file://{folder}/you/"]\n\tinsteadOf = https://github.com/you/\n')
        for name in ("myproject", "repo"):
            git(folder, "clone", "--quiet", "--bare", str(source), str(folder / "you" / f"{name}.git"))
        self.shell = person_with_commands(folder).at(folder, GIT_CONFIG_GLOBAL=str(config))
        for place in ("completions", ".config/fish/completions"):
            (folder / place).mkdir(parents=True)
        self.typed: list[str] = []
        self.names: dict[str, str] = {"<yourname>": "max", "<name>": "second", "<rig>": "myproject"}

    @property
    def root(self) -> Path:
        return self.folder / "gt"

    def types(self, lines: str) -> None:
        """Type lines; each has to succeed, but for the short list."""
        for line in lines.strip().splitlines():
            if line not in NOT_TYPED:
                self._line(line)

    def _line(self, line: str) -> None:
        spelled = line
        for name, meant in sorted(self.names.items(), key=lambda pair: -len(pair[0])):
            spelled = spelled.replace(name, meant)
        left = re.findall(r"<[a-z-]+>", spelled.replace("<brief>", "").replace("<context>", ""))
        assert not left, f"{line} is typed with {left} in it"
        if spelled.startswith("cd "):
            self.shell = self.shell.at(
                (self.shell.cwd / spelled[3:].replace("~", str(self.folder))).resolve(strict=True)
            )
        elif spelled in IN_A_TERMINAL:
            in_a_terminal(self.shell, spelled, IN_A_TERMINAL[spelled])
        else:
            self.shell(spelled)
        self.typed.append(line)
        if line.startswith("gt install"):
            self._prepare()

    def _prepare(self) -> None:
        """What the documents leave to Claude Code is played by a program that waits."""
        (self.root / "runtimes").mkdir()
        (self.root / "runtimes" / "patient.toml").write_text(PATIENT)
        in_town = self.shell.at(self.root)
        in_town("gt config set runtime patient")
        in_town("gt config set daemon.beat_s 0.2")

    def files(self, *titles: str) -> list[str]:
        """Beads of the project."""
        place = self.shell.at(self.root / "myproject")
        return [filed(place(f'bd create --title="{title}" --type=task')) for title in titles]

    def close(self) -> None:
        """Put the town to rest; nothing of it may go on running."""
        self.shell.at(self.root)("gt shutdown --now --yes", fails=True)
        if (socket := tmux_socket(self.root)).exists():
            subprocess.run(["tmux", "-S", str(socket), "kill-server"], check=False, capture_output=True)
        eventually(lambda: not processes_in(self.folder), within_s=60)


def in_a_terminal(shell: Terminal, line: str, keys: bytes) -> None:
    """Type a line in a terminal of its own, give it keys once it shows something, and see it end well."""
    ours, theirs = os.openpty()
    env = shell.env | {"TERM": "xterm-256color"}
    running = subprocess.Popen(
        ["bash", "-c", line], cwd=shell.cwd, env=env, 
        stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=lambda: os.login_tty(theirs),
    )  # fmt: skip
    os.close(theirs)
    shown, deadline = b"", time.monotonic() + 60
    try:
        while running.poll() is None and time.monotonic() < deadline:
            if select.select([ours], [], [], 0.2)[0]:
                with suppress(OSError):
                    shown += os.read(ours, 65536)
            elif shown:
                os.write(ours, keys)
        assert running.poll() == 0, f"$ {line}\n{shown.decode(errors='replace')}"
    finally:
        running.kill()
        running.wait()
        os.close(ours)


@pytest.fixture
def typist(tmp_path: Path) -> Iterator[Typist]:
    typist = Typist(tmp_path)
    yield typist
    typist.close()


def up_to(lines: str, line: str) -> tuple[str, str]:
    """The lines before and from one on, for what has to be known by then."""
    before, sign, after = lines.partition(f"\n{line}\n")
    assert sign, line
    return before + "\n", f"\n{line}\n{after}"


def test_the_first_documents_lines(typist: Typist) -> None:
    setting_up, working = up_to(FIRST, "gt spawn --issue myproject-123")
    typist.types(setting_up)
    [bead] = typist.files("Fix login timeout")
    typist.names |= {"myproject-123": bead, "<worker>": "slot0"}
    typist.types(working)
    assert f"HOOKED: {bead}" in typist.shell.at(typist.root)("gt hook myproject/slot0")


def test_the_second_documents_lines(typist: Typist) -> None:
    setting_up, working = up_to(SECOND, "gt start")
    typist.types(setting_up)
    first, second = typist.files("Fix login timeout", "Fix logout")
    typist.names |= {
        "issue-123": first, "issue-456": second, "<issues>": f"{first} {second}", "<id>": "1", "<addr>": "mayor/",
        "<agent>": "mayor",
    }  # fmt: skip
    typist.types(working)
    assert (typist.root / ".git").is_dir(), "gt install --git makes a repository"
    assert "rests" in typist.shell.at(typist.root)("gt status")
    assert all((typist.folder / "completions" / name).stat().st_size for name in ("gt", "_gt"))
    refused = typist.shell.at(typist.root)("gt dashboard --port 8080", fails=True)
    assert "is not built yet" in refused


def test_the_third_documents_lines(typist: Typist) -> None:
    setting_up, _ = up_to(SECOND, "gt start")
    typist.types(setting_up)
    typist.typed.clear()
    one, two, three = typist.files("Add login", "Add logout", "Already done")
    typist.names |= {
        "<issue> <depends-on>": f"{one} {two}", "bd close <bead>": f"bd close {three}", "<bead>": two,
        "<issues>": f"{one} {two}", "<addr>": "mayor/", "<files>": "login.txt",
        "gt rig add <name> <url>": "gt rig add other https://github.com/you/myproject.git",
    }  # fmt: skip
    typist.shell = typist.shell.at(typist.root / "myproject", TMUX="")
    before, after = up_to(THIRD, "gt rig add <name> <url>")
    typist.types(before)
    typist.shell = typist.shell.at(typist.root)
    typist.types(after)
    assert git(typist.folder / "you" / "repo.git", "show", "main:login.txt") == "timeout 30"


def test_every_line_of_the_short_list_stands_in_a_document() -> None:
    lines = {line for text in (FIRST, SECOND, THIRD) for line in text.strip().splitlines()}
    assert set(NOT_TYPED) <= lines and all(NOT_TYPED.values())
