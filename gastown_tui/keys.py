"""The room's keys: what is no verb stands in one table here; verbs bring their own. Hints, help and docs follow."""

from __future__ import annotations

import msgspec
from textual.binding import Binding


class RoomKey(msgspec.Struct, frozen=True):
    """One key and what it does."""

    id: str
    """Stable name, for remapping in `keys.toml`."""
    keys: str
    """Textual's names, separated by commas."""
    action: str
    label: str
    """One word for the hint line."""
    about: str
    shown: str = ""
    """How people write the key, where it differs."""
    place: str = "everywhere"

    @property
    def key(self) -> str:
        """The key as people write it."""
        return self.shown or self.keys.split(",")[0]


ROOM_KEYS: tuple[RoomKey, ...] = (
    RoomKey("room.next", "full_stop", "next", "next", "Go to the most urgent thing that needs you", "."),
    RoomKey("room.peek", "p", "peek", "peek", "Look at the selected agent's screen, large; again to go back"),
    RoomKey("room.attach", "a", "attach", "attach", "Type into the selected agent's screen right here"),
    RoomKey("room.attach_full", "A", "attach_full", "", "Hand the whole terminal to the selected agent's session"),
    RoomKey("room.reply", "r", "reply", "", "Answer the selected question or message"),
    RoomKey("room.beads", "b", "beads", "beads", "Beads where the agents stand; again for the agents"),
    RoomKey("room.why", "w", "why", "why", "Show the evidence behind the selected agent's status"),
    RoomKey("room.snooze", "z", "snooze", "", "Hide the selected row of Needs you for a quarter of an hour"),
    RoomKey("room.filter", "slash", "filter", "filter", "Filter the focused list; ! inverts a word", "/"),
    RoomKey("room.command", "colon", "command", "command", "Type any verb, as after gt", ":"),
    RoomKey("room.palette", "ctrl+p", "palette", "", "Find any verb by its name", "ctrl-p"),
    RoomKey("room.help", "question_mark", "help", "help", "Every key and every verb", "?"),
    RoomKey("room.copy", "y", "copy", "", "Copy the id of the selected row"),
    RoomKey("room.zoom", "plus", "zoom", "", "Give the focused pane the whole screen; again to go back", "+"),
    RoomKey(
        "room.pane", "1,2,3,4,5,6,7", "pane", "", "Go to a pane: needs, convoys, mail, feed, agents, live, beads", "1-7"
    ),
    RoomKey("room.tab", "tab", "app.focus_next", "", "Go to the next pane"),
    RoomKey("room.back_tab", "shift+tab", "app.focus_previous", "", "Go to the pane before", "shift-tab"),
    RoomKey("room.back", "escape", "step_back", "", "Close what is open; drop the filter", "esc"),
    RoomKey("room.theme", "ctrl+t", "theme", "", "Choose a theme", "ctrl-t"),
    RoomKey("room.quit", "q,ctrl+q", "quit_room", "", "Leave the room; agents live on"),
)
"""Keys of the room itself, in the order help lists them."""

OTHER_KEYS: tuple[RoomKey, ...] = (
    RoomKey("list.move", "j,k", "", "", "Move by a row; arrows do the same", "j k", place="lists"),
    RoomKey("list.ends", "g,G", "", "", "First and last row", "gg G", place="lists"),
    RoomKey("list.half", "ctrl+d,ctrl+u", "", "", "Half a screen down and up", "ctrl-d ctrl-u", place="lists"),
    RoomKey("list.open", "enter", "", "", "Open the row, or run what an empty list offers", place="lists"),
    RoomKey("list.mark", "space", "", "", "Mark the row; v marks a range", place="lists"),
    RoomKey("needs.answer", "1-9", "", "", "Give the numbered answer", place="a question"),
    RoomKey(
        "live.leave",
        "ctrl+right_square_bracket,f12",
        "",
        "",
        "Stop typing into the agent",
        "ctrl-] F12",
        place="attached",
    ),
    RoomKey("live.scroll", "k,j", "", "", "Scroll back and forward; G returns to now", "k j G", place="live pane"),
    RoomKey("form.next", "enter", "", "", "Next field; on the last one, submit", place="forms"),
    RoomKey("form.submit", "ctrl+s", "", "", "Submit", "ctrl-s", place="forms"),
)
"""Keys of single widgets, told here for help."""


HINTS = (".", "s", "p", "n", "a", "m", "b", "w", "/", ":", "?")
"""Keys that stand in the line at the bottom, the most useful first."""


def verb_keys() -> tuple[RoomKey, ...]:
    """The keys verbs bring along. Loads every module of verbs."""
    from gastown_tui.core import verbs

    return tuple(
        RoomKey(f"verb.{verb.name}", verb.keys, f"verb('{verb.name}')", verb.name.split(" ")[0], verb.about)
        for verb in verbs.every()
        if verb.keys
    )


def key_rows() -> tuple[RoomKey, ...]:
    """Every key, for help and docs."""
    return (*ROOM_KEYS, *verb_keys(), *OTHER_KEYS)


def hints() -> tuple[RoomKey, ...]:
    """The keys of the bottom line, in its order."""
    by_key = {each.key: each for each in (*ROOM_KEYS, *verb_keys())}
    return tuple(by_key[key] for key in HINTS if key in by_key)


def bindings(keys: tuple[RoomKey, ...] = ROOM_KEYS) -> list[Binding]:
    """Keys as Textual bindings; their ids let people remap them."""
    made: list[Binding] = []
    for each in keys:
        if each.action == "pane":
            digits = each.keys.split(",")
            made.extend(Binding(d, f"pane({d})", each.about, id=f"{each.id}.{d}", show=False) for d in digits)
        else:
            made.append(Binding(each.keys, each.action, each.about, id=each.id, show=False, tooltip=each.about))
    return made
