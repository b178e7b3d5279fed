"""Leaving work by one of the four exits, and questions to the overseer on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, Conflict, Refused, TimedOut
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER, Role, parts
from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.outside import WorktreeFact
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.town import Hook, Mail
from gastown_tui.core.ports import Hands
from gastown_tui.core.rules import addresses, dispatch, hooks, mailing
from gastown_tui.core.rules.exits import SEVERITIES, Exit, Leaving, check, leave, left_already, parse_exit
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb
from gastown_tui.core.verbs.landing import land_finished
from gastown_tui.core.verbs.waking import home_of, rescue_ref, runtime_of, target_of

_LISTED = 10
_ANSWER_POLL_S = 0.5


class Left(Receipt, frozen=True, kw_only=True):
    """How an assignment ended."""

    agent: Address
    bead_id: str
    exit: str
    merge_request: str = ""
    branch: str = ""
    commit: str = ""
    pieces: tuple[str, ...] = ()
    blocker: str = ""
    again: bool = False
    """It had ended so before; nothing was changed."""

    def text(self) -> str:
        """What became of the bead, in a line or two."""
        if self.again:
            return f"{self.bead_id} was left by {self.exit} already; end this session"
        if self.merge_request:
            outcome = f"pushed {self.branch} at {self.commit[:12]}, merge request {self.merge_request} queued"
        elif self.blocker:
            outcome = f"it waits for {self.blocker}"
        elif self.pieces:
            outcome = f"split into {', '.join(self.pieces)}"
        else:
            outcome = "the overseer was told" if self.exit == Exit.ESCALATE else "closed, nothing to merge"
        return f"{self.exit} {self.bead_id}: {outcome}"


@verb(group="work", aliases=("polecat done",))
def done(
    hands: Hands,
    *,
    exit_: Annotated[
        str, Arg("how the work ends", flags=("--exit", "--status"), choices=tuple(Exit), metavar="EXIT")
    ] = "COMPLETED",
    blocker: Annotated[str, Arg("BLOCKED: the bead in the way, or words to file one", suggest=Suggest.BEAD)] = "",
    piece: Annotated[tuple[str, ...], Arg("REFACTOR: the title of one piece", metavar="TITLE")] = (),
    note: Annotated[str, Arg("what the next reader must know", flags=("--note", "-m"), long_text=True)] = "",
    severity: Annotated[str, Arg("ESCALATE: how bad it is", choices=SEVERITIES)] = "high",
    review_only: Annotated[bool, Arg("COMPLETED with nothing to merge: the work was looking")] = False,
    commit: Annotated[str, Arg("commit what is uncommitted with this message first", metavar="MESSAGE")] = "",
) -> Left:
    """End your assignment by one of the four exits.

    COMPLETED pushes the branch, queues its merge request and leaves the bead in review until it is merged. BLOCKED
    files what is in the way, REFACTOR splits the bead into pieces, ESCALATE hands it to the overseer. Each lets go of
    the hook. Saying it again after a crash goes on where it stopped.

    Raises:
        Refused: there is nothing to finish, nothing committed, or something uncommitted.
        Conflict: the assignment is no longer yours.
    """
    agent = addresses.speaker(hands.actor)
    leaving = Leaving(
        exit=parse_exit(exit_),
        agent=agent,
        assignment_id=_assignment(hands, agent),
        note=note,
        blocker=blocker,
        pieces=piece,
        severity=severity,
        nonce=hands.mint.nonce(),
        mail_id=hands.mint.mail_id(),
        escalation_id=hands.mint.escalation_id(),
    )
    check(leaving)
    town = hands.ledger.read()
    bead_id = hands.env.get("GT_BEAD", "")
    if left_already(town, agent, bead_id, leaving.assignment_id, leaving.exit):
        return Left(agent=agent, bead_id=bead_id, exit=leaving.exit.value, again=True)
    hook = hooks.current(town, agent, leaving.assignment_id)
    leaving = _with_work(hands, town, hook, leaving, review_only=review_only, message=commit)
    ledger = town.ledger_of(hook.bead_id)
    recorded = hands.ledger.record(
        lambda now: leave(now, leaving), actor=hands.actor, ledgers=tuple(dict.fromkeys(("", ledger)))
    )
    if any(isinstance(event.fact, e.BeadClosed) for event in recorded.events):
        land_finished(hands, recorded.town)
    return _told(leaving, hook, [event.fact for event in recorded.events])


def _assignment(hands: Hands, agent: Address) -> str:
    """The assignment a session was started for; nothing when somebody else's session speaks."""
    return hands.env.get("GT_ASSIGNMENT", "") if hands.env.get("GT_ROLE", "") == agent else ""


def _told(leaving: Leaving, hook: Hook, facts: list[e.Fact]) -> Left:
    filed = [fact for fact in facts if isinstance(fact, e.BeadCreated)]
    requests = [fact.mr_id for fact in facts if isinstance(fact, e.MergeRequested | e.MergeRequeued)]
    edges = [fact.depends_on_id for fact in facts if isinstance(fact, e.DependencyAdded)]
    return Left(
        agent=leaving.agent,
        bead_id=hook.bead_id,
        exit=leaving.exit.value,
        merge_request=requests[0] if requests else "",
        branch=leaving.branch,
        commit=leaving.commit,
        pieces=tuple(fact.bead_id for fact in filed) if leaving.exit is Exit.REFACTOR else (),
        blocker=edges[0] if edges else "",
    )


# ---------------------------------------------------------------------------------------------- the work itself


def _with_work(hands: Hands, town: Town, hook: Hook, leaving: Leaving, *, review_only: bool, message: str) -> Leaving:
    """The wish with the branch and the commit that hold the work, pushed and verified; refuses what would lose any."""
    from msgspec.structs import replace

    rig = town.rig_of(hook.bead_id)
    place = _workplace(hands, town, leaving.agent)
    if rig is None or place is None:
        return leaving
    target = target_of(town, rig)
    looked = hands.worktrees.look(place, target=f"origin/{target}")
    if not looked.exists:
        if leaving.exit is not Exit.COMPLETED or review_only:
            return leaving
        raise Refused(f"{place} is gone; there is nothing to push", hint="gt unsling lets go of the bead")
    if message and looked.changed:
        hands.worktrees.commit_all(place, message, author=leaving.agent, expect_top=place)
        looked = hands.worktrees.look(place, target=f"origin/{target}")
    branch = dispatch.branch_of(leaving.agent, hook.bead_id)
    if leaving.exit is Exit.COMPLETED:
        _check_complete(looked, review_only=review_only, target=target)
        if review_only:
            return leaving
        commit = hands.worktrees.push(place, branch=branch)
        return replace(leaving, branch=branch, commit=commit, target=target)
    return _kept(hands, leaving, hook, place, looked, branch)


def _workplace(hands: Hands, town: Town, agent: Address) -> Path | None:
    """The worktree an agent commits in; None for those who write no code."""
    if parts(agent).role not in {Role.POLECAT, Role.CREW}:
        return None
    known = town.agent(agent)
    return Path(known.worktree) if known is not None and known.worktree else home_of(hands, agent)


def _check_complete(looked: WorktreeFact, *, review_only: bool, target: str) -> None:
    if looked.operation:
        raise Refused(f"a {looked.operation} is under way in the worktree", hint="finish or abort it first")
    if looked.changed:
        listed = ", ".join(looked.changed[:_LISTED])
        more = f" and {len(looked.changed) - _LISTED} more" if len(looked.changed) > _LISTED else ""
        raise Refused(f"not committed: {listed}{more}", hint='commit it, or gt done --commit "message" does')
    if not looked.ahead and not review_only:
        raise Refused(
            f"nothing is committed beyond {target}", hint="commit the work; --review-only when there is none to merge"
        )
    if looked.ahead and review_only:
        raise Refused(
            f"{looked.ahead} commits would be left behind by --review-only", hint="gt done without it merges them"
        )


def _kept(hands: Hands, leaving: Leaving, hook: Hook, place: Path, looked: WorktreeFact, branch: str) -> Leaving:
    """Unfinished work put where the next worker finds it: commits on the branch, the rest under a rescue ref."""
    from msgspec.structs import replace

    if looked.changed or looked.operation:
        ref = rescue_ref(leaving.agent, hook.bead_id, hands.clock.now())
        saved = hands.worktrees.rescue(place, ref)
        fact = e.WorktreeRescued(agent=leaving.agent, path=str(place), ref=ref, commit=saved, reason=leaving.exit.value)
        hands.ledger.record(lambda _: [e.Entry(fact)], actor=hands.actor)
        note = f"{leaving.note}\nUncommitted work is kept under {ref}.".strip()
        leaving = replace(leaving, note=note)
    if not looked.ahead or looked.operation:
        return leaving
    return replace(leaving, branch=branch, commit=hands.worktrees.push(place, branch=branch))


# ---------------------------------------------------------------------------------------------- questions


class Asked(Receipt, frozen=True, kw_only=True):
    """A question the overseer sees, and the answer when it was waited for."""

    agent: Address
    question: str
    answer: str = ""

    def text(self) -> str:
        """The answer alone, so that a script can use it."""
        return self.answer or "Asked. gt mail inbox shows the answer once there is one."


@verb(group="talk")
def ask(
    hands: Hands,
    question: Annotated[str, Arg("what the overseer is asked", long_text=True)],
    *,
    choice: Annotated[tuple[str, ...], Arg("one possible answer", metavar="WORD")] = (),
    wait: Annotated[bool, Arg("wait for the answer and print it")] = False,
    timeout: Annotated[float, Arg("give up waiting after so many seconds; 0 never", metavar="SECONDS")] = 0.0,
) -> Asked:
    """Ask the overseer a question.

    Raises:
        BadInput: there is no question.
        TimedOut: no answer came in time; the question stays.
    """
    agent, line = addresses.speaker(hands.actor), one_line(question, 500)
    if not line:
        raise BadInput("ask what?", hint='gt ask "May I delete the old table?" --choice yes --choice no')
    if agent == OVERSEER:
        raise Refused("the overseer is the one who is asked", hint="gt mail send AGENT writes to an agent")

    def decide(town: Town) -> list[e.Entry]:
        hook = town.hook(agent)
        asked = e.AgentAsked(
            agent=agent,
            question=line,
            bead_id=hook.bead_id if hook else "",
            choices=tuple(one_line(word, 80) for word in choice if word.strip()),
        )
        return [e.Entry(asked)]

    recorded = hands.ledger.record(decide, actor=hands.actor)
    answer = _await_answer(hands, agent, recorded.events[-1].timestamp, timeout) if wait else ""
    return Asked(agent=agent, question=line, answer=answer)


def _await_answer(hands: Hands, agent: Address, since: str, timeout_s: float) -> str:
    deadline = hands.clock.monotonic() + timeout_s
    while (mail := _answer_since(hands.ledger.read(), agent, since)) is None:
        if timeout_s and hands.clock.monotonic() >= deadline:
            raise TimedOut(f"no answer within {timeout_s:g}s", hint="the question stays; gt mail inbox has the answer")
        hands.clock.sleep(_ANSWER_POLL_S)
    opened = mailing.opened(mail, agent)
    hands.ledger.record(lambda _: opened, actor=hands.actor)
    return mail.body


def _answer_since(town: Town, agent: Address, since: str) -> Mail | None:
    found = (mail for mail in mailing.in_box(town, agent) if mail.type == "answer" and mail.timestamp >= since)
    return next(found, None)


class Answered(Receipt, frozen=True, kw_only=True):
    """An answer on its way."""

    agent: Address
    answer: str
    message_id: str

    def text(self) -> str:
        """One line."""
        return f"Answered {self.agent}: {self.answer}"


@verb(group="talk")
def answer(
    hands: Hands,
    agent: Annotated[str, Arg("whose question", suggest=Suggest.AGENT)],
    text: Annotated[str, Arg("the answer, or the number of a choice", long_text=True)],
) -> Answered:
    """Answer an agent's question; it gets the answer as mail.

    Raises:
        Conflict: the agent asks nothing, or somebody answered already.
        BadInput: there is no answer.
    """
    words = text.strip()
    if not words:
        raise BadInput("an answer needs words", hint='gt answer AGENT "yes"')
    me, message_id = addresses.speaker(hands.actor), hands.mint.mail_id()
    town = hands.ledger.read()
    here = addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)
    who = addresses.resolve(town, agent, here=here)

    def decide(now: Town) -> list[e.Entry]:
        known = now.agent(who)
        if known is None or known.state != "asking":
            raise Conflict(f"{who} asks nothing now", hint="gt mail send or gt nudge says something unasked")
        letter = mailing.Letter(
            message_id=message_id,
            sender=me,
            to=(who,),
            subject=f"Answer: {one_line(known.question, 150)}",
            body=_meant(words, known.choices),
            type="answer",
            priority="high",
            bead_id=known.bead_id if now.find(known.bead_id) else "",
        )
        told = e.AgentAnswered(agent=who, answer=_meant(words, known.choices))
        return [e.Entry(told), *mailing.send(now, letter)]

    recorded = hands.ledger.record(decide, actor=hands.actor)
    said = next(event.fact.answer for event in recorded.events if isinstance(event.fact, e.AgentAnswered))
    if runtime_of(hands, recorded.town, who).needs_model:
        from gastown_tui.core.verbs import talk

        talk.ring(hands, who, f"Answer to your question: {one_line(said, 300)}")
    return Answered(agent=who, answer=said, message_id=message_id)


def _meant(words: str, choices: tuple[str, ...]) -> str:
    """The choice a number stands for, else the words."""
    if words.isdecimal() and 0 < int(words) <= len(choices):
        return choices[int(words) - 1]
    return words
