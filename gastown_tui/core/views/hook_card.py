"""What hangs on an agent's hook, as the agent reads it: the work, what was said about it, and the next step."""

from __future__ import annotations

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead
from gastown_tui.core.model.ids import Address, BeadId
from gastown_tui.core.model.text import one_line, plain
from gastown_tui.core.model.town import Hook
from gastown_tui.core.rules import hooks
from gastown_tui.core.rules.molecules import worklist

_TEXT_LIMIT = 12_000
"""Longer descriptions are cut; `bd show` has them whole."""


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the work on a hook."""

    bead_id: BeadId
    title: str
    status: str
    waits_for: tuple[BeadId, ...] = ()
    run: str = ""
    """The command that does it, when it has one."""


class HookCard(msgspec.Struct, frozen=True, kw_only=True):
    """The work on one hook."""

    agent: Address
    bead_id: BeadId
    title: str
    status: str
    issue_type: str
    priority: int
    description: str = ""
    acceptance_criteria: str = ""
    design: str = ""
    notes: str = ""
    args: str = ""
    dispatcher: str = ""
    since: str = ""
    assignment_id: str = ""
    interrupted: bool = False
    """In progress for the agent though its hook was let go: begun before, to be finished."""
    steps: tuple[StepLine, ...] = ()

    @property
    def next_step(self) -> StepLine | None:
        """The first step that is open and waits for nothing."""
        return next(
            (step for step in self.steps if step.status not in {"closed", "deferred"} and not step.waits_for), None
        )


def card(town: Town, agent: Address) -> HookCard | None:
    """What hangs on an agent's hook, or is interrupted in progress for it; None when it has nothing to do."""
    hook = town.hook(agent)
    bead = town.find(hook.bead_id) if hook is not None else hooks.interrupted(town, agent)
    if bead is None:
        return None
    return HookCard(
        agent=agent,
        bead_id=bead.id,
        title=bead.title,
        status=bead.state,
        issue_type=bead.kind,
        priority=bead.priority,
        description=bead.description or "",
        acceptance_criteria=bead.acceptance_criteria or "",
        design=bead.design or "",
        notes=bead.notes or "",
        interrupted=hook is None,
        steps=steps(town, bead),
        **_said(hook),
    )


def steps(town: Town, bead: Bead) -> tuple[StepLine, ...]:
    """The pieces of a bead's work, its children and the steps of a molecule poured onto it, in the order to do them."""
    lines = [_step(town, piece) for piece in worklist(town, bead)]
    return tuple(sorted(lines, key=lambda step: step.status != "closed"))


def _step(town: Town, child: Bead) -> StepLine:
    run = child.setting("run")
    return StepLine(
        bead_id=child.id,
        title=child.title,
        status=child.state,
        waits_for=() if child.is_closed else hooks.waits_for(town, child),
        run=run if isinstance(run, str) else "",
    )


def _said(hook: Hook | None) -> dict[str, str]:
    if hook is None:
        return {}
    return {
        "args": hook.args,
        "dispatcher": hook.dispatcher,
        "since": hook.since,
        "assignment_id": hook.assignment_id,
    }


# ---------------------------------------------------------------------------------------------- as text


def short_lines(shown: HookCard) -> list[str]:
    """The card in a few lines, for `gt hook`."""
    lines = [
        f"HOOKED: {shown.bead_id}",
        f"  {one_line(shown.title)}  ({shown.issue_type}, P{shown.priority}, {shown.status})",
    ]
    if shown.args:
        lines.append(f"  args: {one_line(shown.args)}")
    if shown.steps:
        done = sum(step.status == "closed" for step in shown.steps)
        lines.append(f"  steps: {done} of {len(shown.steps)} done")
    lines.append(f"  next: {next_words(shown)}")
    return lines


def next_words(shown: HookCard) -> str:
    """What to do now, in one line."""
    step = shown.next_step
    if step is not None:
        return f"{step.bead_id} {one_line(step.title)} (bd close {step.bead_id} when it is done)"
    waiting = [step for step in shown.steps if step.status != "closed"]
    if waiting:
        names = ", ".join(dict.fromkeys(blocker for step in waiting for blocker in step.waits_for))
        return f"every open step waits ({names}); gt done --exit BLOCKED says so" if names else "gt done"
    return "every step is done; gt done" if shown.steps else f"bd show {shown.bead_id}, do it, commit, gt done"


def long_lines(shown: HookCard) -> list[str]:
    """The card in full, for `gt prime`."""
    lines = short_lines(shown)[:2]
    if shown.dispatcher:
        lines.append(f"  slung by {shown.dispatcher}")
    if shown.interrupted:
        lines.append("  begun before and interrupted: go on where it stopped")
    if shown.args:
        lines += ["", "What was said about it:", _cut(shown.args)]
    for heading, text in (
        ("Description:", shown.description),
        ("Acceptance criteria:", shown.acceptance_criteria),
        ("Design:", shown.design),
        ("Notes:", shown.notes),
    ):
        if text.strip():
            lines += ["", heading, _cut(text)]
    if shown.steps:
        lines += ["", "Steps:", *(_step_line(step) for step in shown.steps)]
    return lines


def _step_line(step: StepLine) -> str:
    mark = "x" if step.status == "closed" else " "
    waits = f"  (after {', '.join(step.waits_for)})" if step.waits_for else ""
    return f"  [{mark}] {step.bead_id}  {one_line(step.title)}{waits}"


def _cut(text: str) -> str:
    clean = plain(text).strip()
    return clean if len(clean) <= _TEXT_LIMIT else f"{clean[:_TEXT_LIMIT]}\n… (cut; bd show has it whole)"
