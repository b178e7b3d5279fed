"""From a path to hands: who acts, which home, where tmux listens, and nothing loaded that is not used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gastown_tui.core.errors import BadInput, NotFound
from gastown_tui.core.wiring import create_ledger, open_hands, tmux_socket
from gastown_tui.core.world.settings_file import set_setting
from tests.ledgers import created, put

HEAVY = {"textual", "rich", "libtmux", "watchdog", "tomlkit", "tomllib", "asyncio", "subprocess", "psutil", "hashlib"}


def a_town(root: Path) -> Path:
    create_ledger(root, "hq")
    (root / "mayor").mkdir()
    (root / "settings.toml").write_text('# ours\nname = "T" # the name\n')
    return root


@pytest.mark.parametrize(
    ("said", "env", "actor"),
    [
        ("max", {"BD_ACTOR": "a"}, "max"),
        (None, {"BD_ACTOR": "a", "BEADS_ACTOR": "b", "GT_ROLE": "mayor"}, "a"),
        (None, {"BEADS_ACTOR": "b", "GT_ROLE": "mayor"}, "b"),
        (None, {"GT_ROLE": "api/witness", "USER": "u"}, "api/witness"),
        (None, {"USER": "u"}, "overseer"),
        ("  ", {"BD_ACTOR": ""}, "overseer"),
    ],
)
def test_who_acts_in_a_town(tmp_path: Path, said: str | None, env: dict[str, str], actor: str) -> None:
    assert open_hands(a_town(tmp_path), actor=said, env=env, cwd=tmp_path).actor == actor


@pytest.mark.parametrize(
    ("env", "config", "actor"),
    [
        ({"USER": "u"}, "", "u"),
        ({}, "", "unknown"),
        ({"USER": "u"}, '[user]\n\tname = "Ada L"\n\temail = a@b\n[alias]\n\tx\n', "Ada L"),
        ({"USER": "u", "GIT_AUTHOR_NAME": "G"}, "[user]\nname = Ada\n", "G"),
        ({"USER": "u"}, "not a config [", "u"),
    ],
)
def test_who_acts_on_a_lone_ledger(tmp_path: Path, env: dict[str, str], config: str, actor: str) -> None:
    create_ledger(tmp_path, "gt")
    (tmp_path / ".gitconfig").write_text(config)
    assert open_hands(tmp_path, env={"HOME": str(tmp_path), **env}, cwd=tmp_path).actor == actor


def test_hands_open_without_a_home_and_say_so_when_the_ledger_is_touched(tmp_path: Path) -> None:
    hands = open_hands(None, env={}, cwd=tmp_path)
    assert hands.mint.nonce() != hands.mint.nonce()
    with pytest.raises(NotFound, match=r"no \.beads directory"):
        hands.ledger.read()
    with pytest.raises(NotFound):
        _ = hands.sessions.socket
    assert hands.ledger.warnings() == ()


def test_only_the_environment_verbs_may_read_is_passed_on(tmp_path: Path) -> None:
    env = {"GT_ROLE": "mayor", "BD_ACTOR": "x", "TMUX": "t", "SECRET_TOKEN": "s", "AWS_KEY": "k"}
    assert set(open_hands(None, env=env, cwd=tmp_path).env) == {"GT_ROLE", "BD_ACTOR", "TMUX"}


def test_ids_are_fresh_and_assignments_rise(tmp_path: Path) -> None:
    mint = open_hands(None, env={}, cwd=tmp_path).mint
    assignments = [mint.assignment_id() for _ in range(200)]
    assert assignments == sorted(set(assignments))
    assert len({mint.mail_id() for _ in range(200)}) == 200
    assert mint.nudge_id().startswith("ndg-") and mint.escalation_id().startswith("esc-")


def test_tmux_listens_inside_the_town_unless_the_path_is_too_long(tmp_path: Path) -> None:
    assert tmux_socket(Path("/srv/town")) == Path("/srv/town/.beads/local/tmux.sock")
    far = tmp_path / ("long" * 25)
    far.mkdir()
    socket = tmux_socket(far)
    assert len(str(socket)) < 90
    assert socket == tmux_socket(far) != tmux_socket(tmp_path / ("lomg" * 25))


def test_a_command_that_reads_the_ledger_loads_no_room_no_tmux_and_no_toml_writer(tmp_path: Path) -> None:
    put(create_ledger(tmp_path, "gt"), created("gt-1"))
    program = (
        "import sys; from pathlib import Path; from gastown_tui.core.wiring import open_hands\n"
        "bead = open_hands(Path(sys.argv[1]), env={}, cwd=Path(sys.argv[1])).ledger.read().bead('gt-1')\n"
        f"print(bead.id, sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "gt-1 []\n"


# -------------------------------------------------------------------------------------------------- settings


def test_setting_a_key_keeps_what_people_wrote_around_it(tmp_path: Path) -> None:
    file = a_town(tmp_path) / "settings.toml"
    hands = open_hands(tmp_path, env={}, cwd=tmp_path)
    hands.files.set_setting(file, "health.quiet_s", "30")
    hands.files.set_setting(file, "runtime", "shell")
    hands.files.set_setting(file, "roles.mayor", "codex")
    text = file.read_text()
    assert text.startswith('# ours\nname = "T" # the name\n')
    settings = hands.ledger.read().settings
    assert (settings.health.quiet_s, settings.runtime, settings.roles) == (30, "shell", {"mayor": "codex"})


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("nonsense", "1", "unknown key 'nonsense'"),
        ("health.nonsense", "1", "unknown key 'nonsense'"),
        ("health.quiet_s", "soon", "health.quiet_s: Expected 'int'"),
        ("health..quiet_s", "1", "is not a setting"),
        ("name.first", "x", "holds a value"),
        ("rigs.api.gate", "x", "unknown key 'rigs'"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, key: str, value: str, words: str
) -> None:
    file = a_town(tmp_path) / "settings.toml"
    before = file.read_bytes()
    with pytest.raises(BadInput) as caught:
        set_setting(file, key, value)
    assert words in caught.value.message
    assert file.read_bytes() == before


def test_a_rigs_settings_stand_in_its_own_file(tmp_path: Path) -> None:
    a_town(tmp_path)
    (tmp_path / "api").mkdir()
    text = set_setting(tmp_path / "api/settings.toml", "gate", "make test && true")
    assert text == 'gate = "make test && true"\n'
    with pytest.raises(BadInput, match="unknown key 'runtimes'"):
        set_setting(tmp_path / "api/settings.toml", "runtimes", "x")


@pytest.mark.parametrize("text", ["[", "\x00", "a = " + "[" * 5000, "# " + "x" * 300_000])
def test_a_file_that_is_no_settings_is_bad_input(tmp_path: Path, text: str) -> None:
    (a_town(tmp_path) / "settings.toml").write_text(text)
    with pytest.raises(BadInput, match=r"settings\.toml"):
        _ = open_hands(tmp_path, env={}, cwd=tmp_path).ledger.read().settings
