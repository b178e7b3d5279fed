"""What a screen is taken for. Golden screens are drawn as the programs draw them, faint hints and all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from gastown_tui.core.model.outside import Runtime, Screen
from gastown_tui.core.rules.screens import ScreenKind, classify, question
from gastown_tui.core.world.runtimes import TomlRuntimes

PRESETS = {name: TomlRuntimes().find(name) for name in TomlRuntimes().names()}
RULE = "─" * 60
FAINT, INVERSE, PLAIN = "\x1b[2m", "\x1b[7m", "\x1b[0m"


def look(text: str, *, cursor: tuple[int, int] | None = None, in_mode: bool = False, height: int = 30) -> Screen:
    """A screen of some text; without a cursor the program hides it, as programs that draw their own do."""
    lines = text.removeprefix("\n").split("\n")
    lines += [""] * (height - len(lines))
    x, y = cursor or (0, 0)
    return Screen(lines=tuple(lines), cursor_x=x, cursor_y=y, cursor_visible=cursor is not None, in_mode=in_mode)


def at_end(text: str) -> Screen:
    """A screen whose cursor stands right after its last character, as a plain program leaves it."""
    lines = text.removeprefix("\n").split("\n")
    return look(text, cursor=(len(lines[-1]), len(lines) - 1))


def kind(screen: Screen, runtime: str) -> ScreenKind:
    return classify(screen, PRESETS[runtime]).kind


CLAUDE_IDLE = f"""
● Added the check and its test; both pass.

✻ Worked for 1m 12s

{RULE}
❯\u00a0{INVERSE}T{PLAIN}{FAINT}ry "how does parser.py work?"{PLAIN}
{RULE}
  ⏵⏵ bypass permissions on (shift+tab to cycle)"""

CLAUDE_IDLE_EMPTY = f"""
╭─── Claude Code ───╮
│ Welcome back!     │
╰───────────────────╯

{RULE}
❯ {INVERSE} {PLAIN}
{RULE}
  ? for shortcuts"""

CLAUDE_BUSY = f"""
❯ fix the parser

● I'll look at the parser first.

✻ Brewing… (12s · ↓ 1.2k tokens · esc to interrupt)

{RULE}
❯\u00a0
{RULE}
  ⏵⏵ bypass permissions on (shift+tab to cycle)"""

CLAUDE_BUSY_WITHOUT_HINT = f"""
✢ Metamorphosing… (1m 3s · thinking)

{RULE}
❯\u00a0
{RULE}"""

CLAUDE_PERMISSION = f"""
● Bash(npm run build)

{RULE}
 Bash command

   npm run build
   Build the front end

 Do you want to proceed?
 ❯ 1. Yes
   2. Yes, and don't ask again for npm run commands in /src/api
   3. No, and tell Claude what to do differently (esc)

 Esc to cancel · Tab to amend"""

CLAUDE_TRUST_SWAPPED = """
 Accessing workspace:

 /src/api

 Quick safety check: Is this a project you created or one you trust?

   1. Yes, I trust this folder
 ❯ 2. No, exit

 Enter to confirm · Esc to cancel"""

CLAUDE_DRAFT = f"""
{RULE}
❯ please also run the mig{INVERSE} {PLAIN}
{RULE}
  ⏵⏵ bypass permissions on"""

CLAUDE_DRAFT_BELOW = f"""
{RULE}
❯ {INVERSE} {PLAIN}
  and then push it
{RULE}
  ⏵⏵ bypass permissions on"""

CLAUDE_PROSE = f"""
● Here is what I would do next:
  1. Rename the table
  2. Run the migration
  Do you want to proceed? If so, say (y/n).

{RULE}
❯ {INVERSE} {PLAIN}
{RULE}
  ? for shortcuts"""

CODEX_IDLE = f"""
• Ran the tests; 12 pass.


› {FAINT}Write tests for @filename{PLAIN}

  ? for shortcuts        96% context left"""

CODEX_BUSY = f"""
• Working (12s • esc to interrupt)


› {FAINT}Ask Codex to do anything{PLAIN}

  ? for shortcuts        96% context left"""

CODEX_APPROVAL = """
• I want to check the types.

  Would you like to run the following command?

  Reason: the compiler cache lies outside the workspace

  $ npm run build

› 1. Yes, proceed (y)
  2. Yes, and don't ask again for commands that start with `npm run` (p)
  3. No, and tell Codex what to do differently (esc)

  Press enter to confirm or esc to cancel"""

GEMINI_IDLE = """
✦ Done.

╭──────────────────────────────────────────────────────────────╮
│ >   Type your message or @path/to/file                       │
╰──────────────────────────────────────────────────────────────╯
~/src/api (main*)          no sandbox          gemini-2.5-pro (99% context left)"""

GEMINI_BUSY = """
⠏ Counting electrons (esc to cancel, 5s)

╭──────────────────────────────────────────────────────────────╮
│ *   Type your message or @path/to/file                       │
╰──────────────────────────────────────────────────────────────╯"""

GEMINI_CONFIRM = """
╭──────────────────────────────────────────────────────────────╮
│ ?  Shell npm test (Run the tests)                            │
│                                                              │
│ npm test                                                     │
│                                                              │
│ Allow execution of: 'npm'?                                   │
│                                                              │
│ ● 1. Yes, allow once                                         │
│   2. Yes, allow always ...                                   │
│   3. No, suggest changes (esc)                               │
╰──────────────────────────────────────────────────────────────╯
⠏ Waiting for user confirmation..."""

GEMINI_DRAFT = """
╭──────────────────────────────────────────────────────────────╮
│ > run only the slow te                                       │
╰──────────────────────────────────────────────────────────────╯"""


@pytest.mark.parametrize(
    ("runtime", "screen", "expected"),
    [
        ("claude", CLAUDE_IDLE, ScreenKind.IDLE),
        ("claude", CLAUDE_IDLE_EMPTY, ScreenKind.IDLE),
        ("claude", CLAUDE_BUSY, ScreenKind.BUSY),
        ("claude", CLAUDE_BUSY_WITHOUT_HINT, ScreenKind.BUSY),
        ("claude", CLAUDE_PERMISSION, ScreenKind.DIALOG),
        ("claude", CLAUDE_TRUST_SWAPPED, ScreenKind.DIALOG),
        ("claude", CLAUDE_DRAFT, ScreenKind.HALF_TYPED),
        ("claude", CLAUDE_DRAFT_BELOW, ScreenKind.HALF_TYPED),
        ("claude", CLAUDE_PROSE, ScreenKind.IDLE),
        ("codex", CODEX_IDLE, ScreenKind.IDLE),
        ("codex", CODEX_BUSY, ScreenKind.BUSY),
        ("codex", CODEX_APPROVAL, ScreenKind.DIALOG),
        ("gemini", GEMINI_IDLE, ScreenKind.IDLE),
        ("gemini", GEMINI_BUSY, ScreenKind.BUSY),
        ("gemini", GEMINI_CONFIRM, ScreenKind.DIALOG),
        ("gemini", GEMINI_DRAFT, ScreenKind.HALF_TYPED),
    ],
)
def test_golden_screens_are_taken_for_what_they_are(runtime: str, screen: str, expected: ScreenKind) -> None:
    state = classify(look(screen), PRESETS[runtime])
    assert (state.kind, bool(state.reason)) == (expected, True)
    assert state.may_type == (expected is ScreenKind.IDLE)


@pytest.mark.parametrize(
    "screen", [CLAUDE_PERMISSION, CLAUDE_TRUST_SWAPPED, CODEX_APPROVAL, GEMINI_CONFIRM], ids=["1", "2", "3", "4"]
)
@pytest.mark.parametrize("runtime", sorted(PRESETS))
def test_no_dialog_is_ever_typed_into_whatever_runtime_it_is_taken_for(runtime: str, screen: str) -> None:
    assert not classify(look(screen), PRESETS[runtime]).may_type


@pytest.mark.parametrize("screen", [CLAUDE_PERMISSION, CLAUDE_TRUST_SWAPPED, CODEX_APPROVAL, GEMINI_CONFIRM])
def test_a_dialog_that_is_only_partly_drawn_is_not_typed_into(screen: str) -> None:
    rows = screen.removeprefix("\n").split("\n")
    runtime = "claude" if "Claude" in screen or "trust" in screen else "codex" if "Codex" in screen else "gemini"
    for shown in range(1, len(rows) + 1):
        assert not classify(look("\n".join(rows[:shown])), PRESETS[runtime]).may_type


CLAUDE_LIMITED = f"""
❯ go on with the parser

● I'll run the tests first.
  ⎿  You've hit your session limit · resets 3pm (Europe/Berlin)
     /upgrade to increase your usage limit.

{RULE}
❯ {INVERSE} {PLAIN}
{RULE}
  ⏵⏵ bypass permissions on (shift+tab to cycle)"""

CLAUDE_LIMITED_ONCE = f"""
  ⎿  You've hit your session limit · resets 3pm (Europe/Berlin)

❯ continue

● Done: both tests pass.

{RULE}
❯ {INVERSE} {PLAIN}
{RULE}
  ? for shortcuts"""

CLAUDE_LIMIT_CHOICE = f"""
  ⎿  You've hit your weekly limit · resets Oct 9, 5pm

{RULE}
 What do you want to do?

 ❯ 1. Stop and wait for limit to reset
   2. Upgrade your plan

 Enter to confirm · Esc to cancel"""

CLAUDE_LIMIT_IN_PROSE = f"""
● The client now shows "Usage limit reached" when the server answers 429.

{RULE}
❯ {INVERSE} {PLAIN}
{RULE}
  ? for shortcuts"""

CLAUDE_LIMITED_AND_BUSY = CLAUDE_LIMITED.replace("\n\n" + RULE, "\n\n✻ Brewing… (2s · esc to interrupt)\n\n" + RULE, 1)

CODEX_LIMITED = f"""
■ You've hit your usage limit. Upgrade to Pro or try again in 3 hours 5 minutes.


› {FAINT}Ask Codex to do anything{PLAIN}

  ? for shortcuts        96% context left"""

CODEX_REFUSED = f"""
■ exceeded retry limit, last status: 429 Too Many Requests

› {FAINT}Ask Codex to do anything{PLAIN}

  ? for shortcuts"""

GEMINI_LIMITED = """
✕ [API Error: You have exhausted your capacity on this model. Quota exceeded; it will reset after 3h8m.]

╭──────────────────────────────────────────────────────────────╮
│ >   Type your message or @path/to/file                       │
╰──────────────────────────────────────────────────────────────╯
~/src/api (main*)          no sandbox          gemini-2.5-pro"""


@pytest.mark.parametrize(
    ("runtime", "screen", "said"),
    [
        ("claude", CLAUDE_LIMITED, "You've hit your session limit · resets 3pm (Europe/Berlin)"),
        ("codex", CODEX_LIMITED, "You've hit your usage limit. Upgrade to Pro or try again in 3 hours 5 minutes."),
        ("codex", CODEX_REFUSED, "exceeded retry limit, last status: 429 Too Many Requests"),
        (
            "gemini",
            GEMINI_LIMITED,
            "[API Error: You have exhausted your capacity on this model. Quota exceeded; it will reset after 3h8m.]",
        ),
    ],
)
def test_a_program_whose_provider_makes_it_wait_says_so(runtime: str, screen: str, said: str) -> None:
    state = classify(look(screen), PRESETS[runtime])
    assert (state.name, state.notice) == ("rate-limited", said)


def test_a_limit_is_noticed_to_be_over_only_by_trying() -> None:
    assert classify(look(CLAUDE_LIMITED), PRESETS["claude"]).may_type


@pytest.mark.parametrize(
    ("screen", "name"),
    [
        (CLAUDE_LIMITED_ONCE, "idle"),
        (CLAUDE_LIMIT_IN_PROSE, "idle"),
        (CLAUDE_LIMITED_AND_BUSY, "busy"),
        (CLAUDE_LIMIT_CHOICE, "dialog"),
    ],
    ids=["went on since", "only talks about limits", "works again", "asks what to do about it"],
)
def test_no_limit_is_seen_where_there_is_none(screen: str, name: str) -> None:
    assert classify(look(screen), PRESETS["claude"]).name == name


@pytest.mark.parametrize("runtime", sorted(set(PRESETS) - {"shell"}))
def test_every_program_with_a_model_behind_it_can_be_made_to_wait(runtime: str) -> None:
    said = {
        "amp": "Error: Rate limit exceeded, try again in 60s",
        "auggie": "❌ You've reached your monthly limit",
        "claude": "Claude usage limit reached. Your limit will reset at 3pm.",
        "codex": "■ You've hit your usage limit.",
        "copilot": "✗ Sorry, you've hit a rate limit that restricts the number of requests",
        "cursor": "You've hit your usage limit. Switch to Auto or set a spend limit.",
        "gemini": "✕ [API Error: Rate limit exceeded]",
        "opencode": "Too Many Requests: the provider is busy",
    }[runtime]
    assert classify(look(f"some words\n\n{said}\n"), PRESETS[runtime]).name == "rate-limited"


SHELL_IDLE = "· primed as api/polecats/slot0\n· nothing on the hook\ngastown worker ▸ "
SHELL_BUSY = "gastown worker ▸ begin\n· step 1 of 3: make check\nworking: make check"
SHELL_ASKS = "· step 2 of 3\nworking: migrate\n? Run the database migration? (y/n)\nanswer ▸ "
SHELL_ANSWERED = SHELL_ASKS + "y\n· migrated\nworking: make check"


@pytest.mark.parametrize(
    ("screen", "expected"),
    [
        (at_end(SHELL_IDLE), ScreenKind.IDLE),
        (at_end(SHELL_IDLE.rstrip()), ScreenKind.IDLE),
        (at_end(SHELL_IDLE + "hel"), ScreenKind.HALF_TYPED),
        (at_end(SHELL_BUSY), ScreenKind.BUSY),
        (at_end("gastown worker ▸ begin\n· reading the hook\n"), ScreenKind.BUSY),
        (at_end(SHELL_ASKS), ScreenKind.DIALOG),
        (at_end(SHELL_ASKS + "ye"), ScreenKind.DIALOG),
        (at_end(SHELL_ANSWERED), ScreenKind.BUSY),
        (at_end(SHELL_ANSWERED + "\ngastown worker ▸ "), ScreenKind.IDLE),
        (at_end("gastown worker ▸ \nTraceback (most recent call last):\n  boom"), ScreenKind.UNKNOWN),
        (at_end("gastown worker ▸ \nvim, perhaps"), ScreenKind.UNKNOWN),
        (at_end("$ "), ScreenKind.UNKNOWN),
        (at_end("Overwrite the file? [y/N] "), ScreenKind.DIALOG),
        (at_end("[sudo] password for max: "), ScreenKind.DIALOG),
        (at_end("reset the password flow"), ScreenKind.UNKNOWN),
        (look(""), ScreenKind.UNKNOWN),
        (look(SHELL_IDLE, cursor=(17, 2), in_mode=True), ScreenKind.COPY_MODE),
    ],
)
def test_the_shell_worker_is_read_by_its_last_row(screen: Screen, expected: ScreenKind) -> None:
    assert kind(screen, "shell") is expected


def test_a_dead_program_is_dead_whatever_its_last_screen_shows() -> None:
    assert classify(at_end(SHELL_IDLE), PRESETS["shell"], dead=True).kind is ScreenKind.DEAD


@pytest.mark.parametrize(
    ("runtime", "rows", "cursor", "expected"),
    [
        ("opencode", "┃\n┃  \n┃\n┃  Build  Sonnet\n╹▀▀▀▀▀▀▀", (3, 1), ScreenKind.IDLE),
        ("opencode", '┃\n┃  Ask anything... "fix the tests"\n┃\n┃  Build\n╹▀▀▀▀', (3, 1), ScreenKind.IDLE),
        ("opencode", "┃\n┃  half a thou\n┃\n┃  Build\n╹▀▀▀▀", (15, 1), ScreenKind.HALF_TYPED),
        ("opencode", "┃\n┃\n┃  Build\n╹▀▀▀▀", None, ScreenKind.UNKNOWN),
        ("cursor", " ▄▄▄▄▄\n  → Plan, search, build anything\n ▀▀▀▀▀\n  Auto", None, ScreenKind.IDLE),
        ("cursor", " ▄▄▄▄▄\n  → do the thing\n ▀▀▀▀▀\n  Auto", None, ScreenKind.HALF_TYPED),
        ("cursor", "  ctrl+c to stop\n  → Add a follow-up\n  Auto", None, ScreenKind.BUSY),
        ("cursor", "  Run this command?\n  → Run (once) (y)\n    Skip (esc or n)", None, ScreenKind.DIALOG),
        ("copilot", f"{RULE}\n❯ \n{RULE}\n ctrl+c exit", (2, 1), ScreenKind.IDLE),
        ("copilot", "│ Confirm folder trust │\n│ ❯ 1. Yes │\n│   2. No │", None, ScreenKind.DIALOG),
    ],
)
def test_programs_with_a_box_for_an_input_line_need_the_cursor_in_it(
    runtime: str, rows: str, cursor: tuple[int, int] | None, expected: ScreenKind
) -> None:
    assert kind(look(rows, cursor=cursor), runtime) is expected


@pytest.mark.parametrize(
    ("runtime", "screen", "draft"),
    [
        ("claude", look(CLAUDE_DRAFT), "please also run the mig"),
        ("claude", look(CLAUDE_DRAFT_BELOW), "and then push it"),
        ("gemini", look(GEMINI_DRAFT), "run only the slow te"),
        (
            "claude",
            look(f"{RULE}\n❯ first of all{' ' * 20}\n  then the rest\n{RULE}\n  footer"),
            "first of all then the rest",
        ),
        ("codex", look("› half a thought\n  and more\n\n  96% left", cursor=(10, 1)), "half a thought and more"),
        ("shell", at_end(SHELL_IDLE + "hel"), "hel"),
        ("shell", at_end(SHELL_IDLE), ""),
    ],
)
def test_the_whole_draft_is_read(runtime: str, screen: Screen, draft: str) -> None:
    assert classify(screen, PRESETS[runtime]).draft == draft


def test_a_draft_that_runs_on_over_full_rows_is_one_draft() -> None:
    rows = ["gastown worker ▸ " + "x" * 43, "y" * 60, "a" + "日" * 29, "z"]
    screen = structs.replace(look("\n".join(rows), cursor=(1, 3)), width_cells=60)
    state = classify(screen, PRESETS["shell"])
    assert (state.kind, state.draft.replace(" ", "")) == (
        ScreenKind.HALF_TYPED,
        "x" * 43 + "y" * 60 + "a" + "日" * 29 + "z",
    )
    broken = structs.replace(look("\n".join([*rows[:2], "short", "z"]), cursor=(1, 3)), width_cells=60)
    assert classify(broken, PRESETS["shell"]).kind is ScreenKind.UNKNOWN


def test_a_faint_hint_is_no_draft_but_the_same_words_unfaded_are() -> None:
    hint = f"{RULE}\n❯ {FAINT}run the tests{PLAIN}\n{RULE}"
    assert kind(look(hint), "claude") is ScreenKind.IDLE
    assert kind(look(hint.replace(FAINT, "\x1b[1m")), "claude") is ScreenKind.HALF_TYPED
    assert kind(look(hint.replace(FAINT, "\x1b[38;5;2m")), "claude") is ScreenKind.HALF_TYPED
    assert kind(look(hint.replace(FAINT, "\x1b[38;2;2;2;2m")), "claude") is ScreenKind.HALF_TYPED
    assert kind(look(hint.replace(FAINT, "\x1b[2;38;5;246m")), "claude") is ScreenKind.IDLE


@pytest.mark.parametrize(
    ("runtime", "screen", "expected"),
    [
        ("claude", look(CLAUDE_PERMISSION), "Do you want to proceed? npm run build"),
        ("claude", look(CLAUDE_TRUST_SWAPPED), "Is this a project you created or one you trust?"),
        ("codex", look(CODEX_APPROVAL), "Would you like to run the following command? npm run build"),
        ("gemini", look(GEMINI_CONFIRM), "Allow execution of: 'npm'?"),
        ("shell", at_end(SHELL_ASKS), "Run the database migration? (y/n)"),
        ("shell", at_end("Overwrite the file? [y/N] "), "Overwrite the file? [y/N]"),
        ("claude", look(CLAUDE_IDLE), ""),
        ("shell", at_end(SHELL_ANSWERED), ""),
        ("shell", look(""), ""),
    ],
)
def test_a_question_is_told_in_one_line(runtime: str, screen: Screen, expected: str) -> None:
    asked = question(screen.lines, PRESETS[runtime])
    assert asked.endswith(expected) if expected else asked == ""
    assert classify(screen, PRESETS[runtime]).question == asked


def test_a_runtime_without_patterns_is_never_typed_into() -> None:
    nothing_known = Runtime(name="x", command="x")
    assert classify(at_end("> "), nothing_known).kind is ScreenKind.UNKNOWN


SCRAPS = st.sampled_from(
    [
        SHELL_IDLE,
        SHELL_ASKS,
        CLAUDE_IDLE,
        CODEX_APPROVAL,
        "\x1b[",
        "\x1b]0;x",
        "│",
        "❯",
        "1. ",
        "\n",
        "?",
        "\x1b[2m",
        "é🚀",
    ]
)


@settings(max_examples=200)
@given(st.lists(SCRAPS | st.text(max_size=20), max_size=12), st.integers(0, 60), st.booleans())
def test_no_screen_whatever_upsets_the_judgement(parts: list[str], cursor_y: int, visible: bool) -> None:
    screen = Screen(lines=tuple("".join(parts).split("\n")), cursor_y=cursor_y, cursor_visible=visible)
    for runtime in PRESETS.values():
        state = classify(screen, runtime)
        assert (state.question != "") <= (state.kind is ScreenKind.DIALOG)
