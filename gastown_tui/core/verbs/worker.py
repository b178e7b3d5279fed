"""The worker without a model: it wakes, reads its hook, runs the commands of its steps, commits, reports and exits.

It may be killed at any line. What is committed or closed is not done again: the next session finds the commit by its
subject and the answer, the nudge and the letter in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable

from gastown_tui.core import events as e
from gastown_tui.core.errors import Conflict, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import Role, parts
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.outside import Run
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.town import Hook
from gastown_tui.core.ports import Hands, Terminal
from gastown_tui.core.rules import addresses
from gastown_tui.core.verbs.assignment import LOOK_S, Assignment, Gone
from gastown_tui.core.verbs.declare import Receipt, verb
from gastown_tui.core.verbs.prime import prime
from gastown_tui.core.verbs.waking import home_of

PROMPT = "gastown worker ▸ "
STEP_TIMEOUT_S = 3600.0
RECORD_WAIT_S = 5.0
FAREWELL_S = 0.8
"""How long the last words stay on the screen."""


class WorkerEnded(Receipt, frozen=True, kw_only=True):
    """How a worker's session ended."""

    agent: Address
    outcome: str

    def text(self) -> str:
        """One line."""
        return f"{self.agent}: {self.outcome}"


@verb("worker run", group="agents", hidden=True)
def run(hands: Hands) -> WorkerEnded:
    """Be the worker of this session: do what hangs on the hook, without a model.

    Raises:
        Refused: there is no terminal, or a person asks for it.
    """
    agent = addresses.speaker(hands.actor)
    if hands.terminal is None or parts(agent).role is Role.OVERSEER:
        raise Refused("a worker runs in a session of its own", hint="gt sling BEAD RIG --runtime shell starts one")
    return WorkerEnded(agent=agent, outcome=Worker(hands, agent, hands.terminal).live())


class Worker:
    """One session of a worker."""

    def __init__(self, hands: Hands, agent: Address, terminal: Terminal) -> None:
        self.hands = hands
        self.agent = agent
        self.terminal = terminal
        self.place = home_of(hands, agent)

    def live(self) -> str:
        """Work until the hook is empty; a role that stands by waits for more."""
        self._await_record()
        woke = prime(self.hands).state or "normal"
        self.terminal.say(f"{self.agent}, a worker without a model ({woke})")
        try:
            while True:
                hook = self._town().hook(self.agent)
                if hook is not None:
                    outcome = self._assignment(hook)
                    if parts(self.agent).role is Role.POLECAT:
                        self.hands.clock.sleep(FAREWELL_S)
                        return outcome
                elif parts(self.agent).role is Role.POLECAT:
                    return "nothing on the hook"
                self._stand_by(lambda: self._town().hook(self.agent) is not None)
        except EOFError:
            return "its terminal is gone"

    def _await_record(self) -> None:
        """Until whoever started this session has said so: what it says first would otherwise be overtaken by that."""
        me = self.hands.env.get("GT_SESSION", "")
        deadline = self.hands.clock.monotonic() + RECORD_WAIT_S
        while me and self.hands.clock.monotonic() < deadline:
            known = self._town().agent(self.agent)
            if known is not None and known.incarnation == me:
                return
            self.hands.clock.sleep(0.02)

    def _assignment(self, hook: Hook) -> str:
        try:
            return Assignment(self, hook).carry_out()
        except Gone:
            self.terminal.say(f"· {hook.bead_id} was taken off the hook")
            return "its work was taken off the hook"
        except Conflict as error:
            self.terminal.say(f"· {error.message}")
            return error.message

    def _town(self) -> Town:
        return self.hands.ledger.read()

    # ------------------------------------------------------------------------------------------ at the prompt

    def _stand_by(self, is_over: Callable[[], bool]) -> None:
        """Wait at the prompt; typed lines are run. Ends when the world says so."""
        self.terminal.prompt(PROMPT)
        while not is_over():
            if self._heard(self._typed()) is not None:
                self.terminal.prompt(PROMPT)

    def wait_for_word(self) -> str:
        """Wait, silently, until somebody nudges or types something; the words heard."""
        self.terminal.prompt(PROMPT)
        while True:
            heard = self._heard(self._typed())
            if heard:
                return heard
            if heard is not None:
                self.terminal.prompt(PROMPT)

    def _typed(self) -> str | None:
        try:
            return self.terminal.read_line(LOOK_S)
        except KeyboardInterrupt:
            return ""

    def _heard(self, line: str | None) -> str | None:
        """Act on a typed line: a nudge is heard, anything else is a command. None when nothing was typed."""
        if not line:
            return line
        if line.startswith("#"):
            self.terminal.say(f"· heard: {line.lstrip('# ')}")
            self.note(f"heard: {one_line(line.lstrip('# '), 120)}")
            return line.lstrip("# ")
        self.command(line, prefix="")
        return line

    def command(self, command: str, *, prefix: str, env: dict[str, str] | None = None) -> Run:
        """Run a command in the worktree, its output on the terminal as it comes."""
        return self.hands.commands.run(
            command,
            cwd=self.place,
            timeout_s=STEP_TIMEOUT_S,
            env={**self._identity(), **(env or {})},
            on_line=lambda line: self.terminal.say(prefix + line),
        )

    def _identity(self) -> dict[str, str]:
        """What commands must know of the session they run in, and what it finds them by once it is gone."""
        return {key: value for key, value in self.hands.env.items() if key.startswith(("GT_", "BD_", "BEADS_"))}

    def note(self, words: str, bead_id: str = "") -> None:
        """Say in the ledger what is being done."""
        self.record(e.AgentWorking(agent=self.agent, bead_id=bead_id, note=words))

    def record(self, *facts: e.Fact) -> None:
        """Record facts of the town's own ledger."""
        self.hands.ledger.record(lambda _: [Entry(fact) for fact in facts], actor=self.hands.actor)
