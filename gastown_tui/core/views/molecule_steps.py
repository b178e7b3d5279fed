"""The steps of one molecule as they run: in the order of their doing, each with its state, who does it and how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from gastown_tui.core.fold import Town
from gastown_tui.core.model.bead import Bead, parent_of
from gastown_tui.core.model.ids import BeadId
from gastown_tui.core.model.text import one_line, plain
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.rules import hooks
from gastown_tui.core.rules.molecules import ORDERING, Anatomy, is_free, step_name
from gastown_tui.core.rules.readiness import FAILURE_WORDS
from gastown_tui.core.views.ages import Ages
from gastown_tui.core.views.bead_list import look_of
from gastown_tui.core.views.tones import Tone

StepWords: TypeAlias = dict[BeadId, str]
"""A word for each step, in the order they can be done."""

LOOKS: dict[str, tuple[str, Tone]] = {
    "done": ("✓", Tone.DIM),
    "skipped": ("⊘", Tone.DIM),
    "failed": ("✗", Tone.AMBER),
    "running": ("◐", Tone.GOOD),
    "stopped": ("■", Tone.AMBER),
    "ready": ("○", Tone.INK),
    "gate": ("◇", Tone.AMBER),
    "blocked": ("●", Tone.AMBER),
    "waits": ("·", Tone.DIM),
    "part": ("▾", Tone.DIM),
}
"""Glyph and tone of every state of a step. `stopped`: begun, but
whoever did it let go of the work; `waits`: for other steps; `blocked`: for something outside; `gate`: at one;
`part`: a step that holds others."""


_OUTSIDE = {"gate", "blocked"}
_NAMED = 2
_GATES = {"human": "a person", "timer": "a timer", "bead": "the bead", "mail": "mail", "condition": "this:"}


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """One step."""

    step_id: BeadId
    name: str
    """What it is called in its formula."""
    title: str
    depth: int
    """How many steps hold it."""
    state: str
    glyph: str
    tone: Tone
    agent: str
    took: str
    """How long it took, or has been running; empty before it began."""
    note: str = ""
    """What it waits for; of one that holds others, how many are done."""

    @property
    def key(self) -> str:
        """Its bead's id."""
        return self.step_id


def words_of(town: Town, anatomy: Anatomy) -> StepWords:
    """A word for each step of a molecule; those that hold others have none."""
    begun = "stopped" if halted(town, anatomy.root) else "running"
    return {step.id: _word(town, anatomy, step, begun) for step in anatomy.in_order()}


def halted(town: Town, root: Bead) -> Bead | None:
    """The molecule, or what it was poured onto, when somebody let go of it unfinished; None while it may go on."""
    above = parent_of(root)
    beads = (root, None if above is None else town.find(above))
    return next((bead for bead in beads if bead is not None and bead.state in {"blocked", "deferred"}), None)


def _word(town: Town, anatomy: Anatomy, step: Bead, begun: str) -> str:
    if step.is_closed:
        return _ended(step)
    if step.state in {"in_progress", "hooked"}:
        return begun
    if step.state in {"blocked", "deferred"}:
        return "blocked"
    if _waits_inside(anatomy, step):
        return "waits"
    if is_free(town, step):
        return "ready"
    if gates_of(town, step):
        return "gate"
    waits = hooks.waits_for(town, step)
    return "waits" if not waits or any(each in anatomy.steps for each in waits) else "blocked"


def _ended(step: Bead) -> str:
    reason = (step.close_reason or "").lower()
    if reason.startswith("skipped"):
        return "skipped"
    return "failed" if any(word in reason for word in FAILURE_WORDS) else "done"


def _waits_inside(anatomy: Anatomy, step: Bead) -> bool:
    """Whether another step must be done first; told cheaply, for there may be thousands."""
    before = (anatomy.steps.get(edge.depends_on_id) for edge in step.needs if edge.type == "blocks")
    return any(other is not None and not other.is_closed for other in before)


def gates_of(town: Town, step: Bead) -> list[Bead]:
    """The closed gates a step stands at, and those of what holds it."""
    found: list[Bead] = []
    at: Bead | None = step
    seen: set[BeadId] = set()
    while at is not None and at.id not in seen:
        seen.add(at.id)
        others = (town.find(edge.depends_on_id) for edge in at.needs if edge.type in ORDERING)
        found += [gate for gate in others if gate is not None and gate.kind == "gate" and not gate.is_closed]
        above = parent_of(at)
        at = town.find(above) if above is not None else None
    return found


# ---------------------------------------------------------------------------------------------- as a tree


class StepRows:
    """The steps of a molecule as a tree: siblings in the order of their doing.

    Rows are made when they are asked for, on any thread: only what is frozen is kept.

    Attributes:
        order: Ids from top to bottom.
        words: A word for each.
    """

    def __init__(
        self, town: Town, anatomy: Anatomy, words: StepWords, ages: Ages, whose: Callable[[Bead], str]
    ) -> None:
        self._steps = dict(anatomy.steps)
        self._below = {bead_id: tuple(anatomy.below(bead_id)) for bead_id in (anatomy.root.id, *anatomy.steps)}
        self._root_id = anatomy.root.id
        self._ages = ages
        self._whose = whose
        self._outside = {each: _outside(town, anatomy.steps[each]) for each, word in words.items() if word in _OUTSIDE}
        self.words = words
        self._depth: dict[BeadId, int] = {}
        self.order = tuple(self._walk())

    def _walk(self) -> Iterator[BeadId]:
        place = {bead_id: number for number, bead_id in enumerate(self.words)}
        for bead_id in reversed(self._steps):
            # What holds others comes before what it holds, so from the back every part's place is known.
            places = [place[each] for each in self._below[bead_id] if each in place]
            if places:
                place[bead_id] = min(places)
        last = len(place)
        front = [(self._root_id, -1)]
        while front:
            bead_id, depth = front.pop()
            if depth >= 0:
                self._depth[bead_id] = depth
                yield bead_id
            inner = sorted(self._below[bead_id], key=lambda each: place.get(each, last))
            front += [(each, depth + 1) for each in reversed(inner)]

    def __iter__(self) -> Iterator[StepRow]:
        return (self.row(each) for each in self.order)

    def find(self, bead_id: str) -> StepRow | None:
        """One step, where there is one of that id."""
        return self.row(bead_id) if bead_id in self._depth else None

    def row(self, step_id: str) -> StepRow:
        """One step."""
        bead_id = BeadId(step_id)
        step = self._steps[bead_id]
        state = self.words.get(bead_id, "part")
        glyph, tone = LOOKS[state]
        return StepRow(
            step_id=bead_id,
            name=step_name(step),
            title=one_line(step.title),
            depth=self._depth[bead_id],
            state=state,
            glyph=glyph,
            tone=tone,
            agent=self._whose(step) if state in {"done", "running", "stopped", "failed"} else step.assignee or "",
            took=took(step, self._ages) if state != "part" else "",
            note=self._note(step, state),
        )

    def _note(self, step: Bead, state: str) -> str:
        if state == "part":
            inner = self._leaves(step.id)
            return f"{sum(self.words[each] in {'done', 'skipped', 'failed'} for each in inner)}/{len(inner)}"
        if state == "waits":
            before = (self._steps.get(edge.depends_on_id) for edge in step.needs if edge.type in ORDERING)
            return _listed([_called(other) for other in before if other is not None and not other.is_closed])
        return self._outside.get(step.id, "")

    def _leaves(self, bead_id: BeadId) -> list[BeadId]:
        front, found = [bead_id], []
        while front:
            at = front.pop()
            inner = self._below[at]
            front += inner
            if not inner and at in self.words:
                found.append(at)
        return found


def _called(step: Bead) -> str:
    """What a step is called among others: its name, but the title of one that was made by a loop or an expansion."""
    name = step_name(step)
    return one_line(step.title) if "." in name and name != step.id else name


def _listed(names: Sequence[str]) -> str:
    return f"for {', '.join(names[:_NAMED])}{' …' if len(names) > _NAMED else ''}" if names else ""


def _outside(town: Town, step: Bead) -> str:
    """What a step waits for that is no step: a gate, or work elsewhere."""
    if gates := gates_of(town, step):
        return f"for {gate_words(gates[0])}"
    return _listed(hooks.waits_for(town, step))


def gate_words(gate: Bead) -> str:
    """What a gate waits for."""
    kind = gate.await_type or "human"
    return f"{_GATES.get(kind, kind)} {one_line(gate.await_id or '')}".strip()


def took(step: Bead, ages: Ages) -> str:
    """How long a step took, or for how long it has been running."""
    began = moment(step.started_at)
    if began is None:
        return ""
    if step.is_closed:
        ended = moment(step.closed_at)
        return age_text(ended - began) if ended is not None else ""
    return ages.text(step.started_at) if step.state in {"in_progress", "hooked"} else ""


# ---------------------------------------------------------------------------------------------- one step


class StepPage(msgspec.Struct, frozen=True, kw_only=True):
    """One step to be read."""

    step_id: BeadId
    title: str
    facts: tuple[tuple[str, str], ...]
    """What is known of it, each with a word for what that is."""
    texts: tuple[tuple[str, str], ...]
    """What it says: instructions, its command, how it ended, remarks; each under a heading."""


def step_page(town: Town, step: Bead, ages: Ages, agent: str, *, root: Bead | None = None) -> StepPage:
    """What a step asks for and what became of it; where its molecule was let go of, why."""
    let_go = halted(town, root) if root is not None and step.state in {"in_progress", "hooked"} else None
    facts = [("status", look_of(step.state).word), ("step", step_name(step)), ("from", step.source_location or "")]
    facts += [
        ("by", agent if step.started_at or step.is_closed else ""),
        ("began", _ago(ages, step.started_at)),
        ("ended", _ago(ages, step.closed_at)),
    ]
    facts += [("took", took(step, ages) if step.is_closed else "")]
    facts += [("waits for", ", ".join(hooks.waits_for(town, step)) if not step.is_closed else "")]
    run = step.setting("run")
    texts = [
        ("why it stopped", let_go.notes or "" if let_go is not None else ""),
        ("how it ended", step.close_reason or "" if step.is_closed else ""),
        ("instructions", step.description or ""),
        ("acceptance", step.acceptance_criteria or ""),
        ("run", run if isinstance(run, str) else ""),
        ("asks", str(step.setting("ask") or "")),
        ("notes", step.notes or ""),
        *((f"{one_line(each.author)} said", each.text) for each in step.comments or ()),
    ]
    return StepPage(
        step_id=step.id,
        title=one_line(step.title),
        facts=tuple((word, one_line(value)) for word, value in facts if value),
        texts=tuple((heading, plain(text).strip()) for heading, text in texts if text.strip()),
    )


def _ago(ages: Ages, at: str | None) -> str:
    return f"{ages.text(at)} ago" if at else ""
