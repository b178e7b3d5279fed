"""What each pane of the home screen lists: which rows of a reading, in which columns, under which title."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

import msgspec

from gastown_tui.core.views import filtering
from gastown_tui.core.views.home import HomeView
from gastown_tui.widgets import rows
from gastown_tui.widgets.columns import Column
from gastown_tui.widgets.lines import Line
from gastown_tui.widgets.pieces import Piece


class Pane(msgspec.Struct, frozen=True, kw_only=True):
    """One titled list."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Callable[[HomeView], tuple[Any, ...]]
    lines: Callable[[tuple[Any, ...], tzinfo | None], Sequence[Line]]
    note: Callable[[HomeView], str]
    """What stands on the right of its header when no filter is on."""
    empty: str = ""
    fills: str = ""
    """The verb that fills it when it is empty."""
    follows: bool = False
    keeps_cursor: bool = False

    def offer(self) -> tuple[Piece, ...]:
        """What stands in the empty list; Enter runs the verb."""
        words = (Piece(f"{self.empty} ", "dim"),) if self.empty else ()
        return (*words, Piece(f"{self.fills} ⏎", "brass", self.fills)) if self.fills else words

    def kept(self, view: HomeView, filter_text: str) -> tuple[Any, ...]:
        """The rows that pass a filter."""
        every = self.rows(view)
        terms = filtering.parse(filter_text)
        return tuple(row for row in every if filtering.matches(terms, _words(row))) if terms else every


CONVOYS = Pane(
    name="convoys",
    title="Convoys",
    columns=rows.CONVOY_COLUMNS,
    rows=lambda view: view.convoys,
    lines=lambda kept, _zone: rows.convoy_lines(kept),
    note=lambda view: _convoys_note(view),
    empty="No convoys yet.",
    fills="convoy create",
)
MAIL = Pane(
    name="mail",
    title="Mail",
    columns=rows.MAIL_COLUMNS,
    rows=lambda view: view.mail,
    lines=lambda kept, _zone: rows.mail_lines(kept),
    note=lambda view: f"{view.status.mail} unread" if view.status.mail else "all read",
    empty="No mail.",
    fills="mail send",
)
FEED = Pane(
    name="feed",
    title="Feed",
    columns=rows.FEED_COLUMNS,
    rows=lambda view: view.feed,
    lines=rows.FeedLines,
    note=lambda view: "live",
    empty="Nothing has happened yet.",
    follows=True,
)
AGENTS = Pane(
    name="agents",
    title="Agents",
    columns=rows.AGENT_COLUMNS,
    rows=lambda view: view.agents,
    lines=lambda kept, _zone: rows.agent_lines(kept),
    note=lambda view: f"{len(view.agents)} · who needs you first",
    empty="Nobody works here yet.",
    fills="rig add",
    keeps_cursor=True,
)
LISTS: dict[str, Pane] = {pane.name: pane for pane in (CONVOYS, MAIL, FEED, AGENTS)}
"""The titled lists; Needs you and the live screen are panes of their own kind."""

PANE_NAMES = ("needs", "convoys", "mail", "feed", "agents", "live")
"""Every pane by the digit that goes to it."""


def _convoys_note(view: HomeView) -> str:
    rolling = sum(row.state != "landed" for row in view.convoys)
    return f"{rolling} rolling · {view.landed_today} landed today"


def _words(row: object) -> dict[str, str]:
    """A row's fields as words for a filter; a group of agents goes by `rig` too."""
    fields = {name: str(getattr(row, name)) for name in row.__struct_fields__}  # type: ignore[attr-defined]
    if "group" in fields:
        fields["rig"] = fields["group"]
    return fields
