"""The room's keys: what is no verb stands in one table here; verbs bring their own. Hints, help and docs follow."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from textual.binding import Binding, BindingType


class RoomKey(msgspec.Struct, frozen=True):
    """One key and what it does."""

    id: str
    """Stable name, for remapping in `keys.toml`."""
    keys: str
    """Textual's names, separated by commas."""
    action: str
    """What the app does; empty for keys that belong to one widget."""
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
    RoomKey(
        "room.attach_full", "A", "attach_full", "whole", "Hand the whole terminal to the agent; ctrl-b d comes back"
    ),
    RoomKey("room.reply", "r", "reply", "reply", "Answer the selected question or message"),
    RoomKey("room.archive", "e", "archive", "archive", "Put messages away; say that an escalation is seen to"),
    RoomKey("place.home", "0", "place('home')", "home", "Go to the first screen, from any place"),
    RoomKey("place.beads", "b", "place('beads')", "beads", "Every bead, as a list and on a board"),
    RoomKey("place.molecules", "M", "place('molecules')", "molecules", "Workflows as they run, step by step"),
    RoomKey(
        "place.formulas", "F", "place('formulas')", "formulas", "Every formula: read it, cook it, pour it by a form"
    ),
    RoomKey("room.graph", "D", "graph", "graph", "Draw what the selected bead waits for and what waits for it"),
    RoomKey("room.why", "w", "why", "why", "Show the evidence behind the selected agent's status"),
    RoomKey("room.snooze", "z", "snooze", "snooze", "Hide the row of Needs you for a quarter of an hour"),
    RoomKey("room.filter", "slash", "filter", "filter", "Filter the focused list; ! inverts a word", "/"),
    RoomKey("room.command", "colon", "command", "command", "Type any verb, as after gt", ":"),
    RoomKey("room.palette", "ctrl+p", "palette", "palette", "Find any verb by its name", "ctrl-p"),
    RoomKey("room.help", "question_mark", "help", "help", "Every key and every verb", "?"),
    RoomKey("room.copy", "y", "copy", "copy", "Copy the id of the selected row"),
    RoomKey("room.zoom", "plus", "zoom", "zoom", "Give the focused pane the whole screen; again to go back", "+"),
    RoomKey("room.pane", "1,2,3,4,5,6", "pane", "", "Go to a pane: needs, convoys, mail, feed, agents, live", "1-6"),
    RoomKey("room.tab", "tab", "app.focus_next", "", "Go to the next pane"),
    RoomKey("room.back_tab", "shift+tab", "app.focus_previous", "", "Go to the pane before", "shift-tab"),
    RoomKey("room.back", "escape", "step_back", "back", "Close what is open; drop the filter", "esc"),
    RoomKey("room.theme", "ctrl+t", "theme", "theme", "Choose a theme", "ctrl-t"),
    RoomKey("room.quit", "q,ctrl+q", "quit", "quit", "Leave the room; agents live on"),
)
"""Keys of the room itself, in the order help lists them."""

PLACE_KEYS: tuple[RoomKey, ...] = (
    RoomKey("beads.board", "b", "bead_board", "board", "The board for the list; again for the list", "", "beads"),
    RoomKey(
        "beads.order", "o", "bead_order", "order", "Another order of the list, other columns of the board", "", "beads"
    ),
    RoomKey("beads.backwards", "O", "bead_backwards", "", "The same order the other way round", "", "beads"),
    RoomKey("beads.create", "c", "bead_create", "create", "File a bead", "", "beads"),
    RoomKey("beads.edit", "e", "bead_edit", "edit", "Edit the bead: title, fields, labels, texts", "", "beads"),
    RoomKey("beads.close", "x", "bead_ask('close')", "close", "Close the beads, and say why", "", "beads"),
    RoomKey("beads.reopen", "R", "bead_ask('reopen')", "reopen", "Open closed beads again", "", "beads"),
    RoomKey("beads.claim", "i", "bead_claim", "claim", "Take the beads: yours, in progress", "", "beads"),
    RoomKey("beads.priority", "P", "bead_ask('priority')", "priority", "Set the priority of the beads", "", "beads"),
    RoomKey("beads.status", "S", "bead_ask('status')", "status", "Set the status of the beads", "", "beads"),
    RoomKey("beads.assign", "at", "bead_ask('assign')", "assign", "Say whose work the beads are", "@", "beads"),
    RoomKey("beads.label", "number_sign", "bead_ask('label')", "labels", "Add labels or take them away", "#", "beads"),
    RoomKey("beads.defer", "d", "bead_defer", "put off", "Put the beads off, or take them back", "", "beads"),
    RoomKey(
        "beads.needs",
        "greater_than_sign",
        "bead_needs('add')",
        "waits for",
        "Let it wait for another bead",
        ">",
        "beads",
    ),
    RoomKey(
        "beads.frees", "less_than_sign", "bead_needs('remove')", "", "Let it no longer wait for a bead", "<", "beads"
    ),
    RoomKey("beads.comment", "C", "bead_comment", "comment", "Say something about the bead", "", "beads"),
    RoomKey(
        "beads.delete", "X", "bead_delete", "", "Delete the beads for good; asks, and shows what is lost", "", "beads"
    ),
    RoomKey("beads.undo", "z", "bead_undo", "undo", "Take the last change of beads back", "", "beads"),
    RoomKey("beads.back", "backspace", "bead_back", "", "Back along the beads one came by", "⌫", "beads"),
    RoomKey("formulas.pour", "p", "pour", "pour", "Pour it: a form of its own variables", "", "formulas"),
    RoomKey("formulas.sling", "s", "pour_and_sling", "sling", "Pour it for an agent or a rig", "", "formulas"),
    RoomKey("formulas.cook", "c", "cook", "cook", "Cook it: its steps as they would be poured", "", "formulas"),
    RoomKey("molecules.step", "c", "close_step", "step done", "Close the step, begin the next", "", "molecules"),
    RoomKey("molecules.gate", "o", "open_gate", "open gate", "Let go what a gate holds back", "", "molecules"),
    RoomKey("molecules.bond", "B", "bond", "bond", "Put a formula or another molecule to it", "", "molecules"),
    RoomKey("molecules.squash", "S", "squash", "squash", "Condense it to a digest; asks first", "", "molecules"),
    RoomKey("molecules.burn", "X", "burn", "burn", "Discard it; asks, and shows what is lost", "", "molecules"),
    RoomKey("graph.deeper", "plus,equals_sign", "graph_depth(1)", "deeper", "Draw what is further away", "+", "graph"),
    RoomKey("graph.nearer", "minus", "graph_depth(-1)", "nearer", "Draw only what is nearer", "-", "graph"),
    RoomKey(
        "graph.why", "c", "graph_why", "why not", "Only what it waits for, all of it; again for the rest", "", "graph"
    ),
    RoomKey("graph.bead", "o", "graph_open", "bead", "See the bead itself", "", "graph"),
    RoomKey("graph.zoom", "f", "zoom", "", "Give the drawing the whole screen; again to go back", "", "graph"),
)
"""Keys of single places, each with the name of its place; where a room's key is the same, the place's wins there."""

WIDGET_KEYS: tuple[RoomKey, ...] = (
    RoomKey("list.move", "j,k", "", "", "Move by a row; arrows do the same", "j k", place="lists"),
    RoomKey("list.ends", "g,G", "", "", "First and last row", "gg G", place="lists"),
    RoomKey("list.half", "ctrl+d,ctrl+u", "", "", "Half a screen down and up", "ctrl-d ctrl-u", place="lists"),
    RoomKey("list.page", "pagedown,pageup", "", "", "A screen down and up", "pgdn pgup", place="lists"),
    RoomKey("list.open", "enter", "", "open", "Open the row, or run what an empty list offers", "⏎", "lists"),
    RoomKey("list.mark", "space,v", "", "mark", "Mark the row; v marks a range", "space v", "lists"),
    RoomKey("graph.walk", "h,l", "", "", "Along a line to what comes before or after", "h l", place="graph"),
    RoomKey("graph.climb", "j,k", "", "", "To the next below or above", "j k", place="graph"),
    RoomKey("graph.choose", "enter", "", "around", "Draw what is around it; on the middle, see the bead", "⏎", "graph"),
    RoomKey(
        "page.links",
        "left_square_bracket,right_square_bracket",
        "",
        "links",
        "To the link before or the next",
        "[ ]",
        "a bead's page",
    ),
    RoomKey("board.sides", "h,l", "", "", "To the column beside; arrows do the same", "h l", "the board"),
    RoomKey("needs.answer", "", "", "", "Give the answer with that number or letter", "1-9 y n", place="a question"),
    RoomKey("live.scroll", "k,j,G", "", "", "Scroll back and forward; G returns to now", "k j G", place="live screen"),
    RoomKey(
        "live.leave",
        "ctrl+right_square_bracket,f12",
        "",
        "leaves; every other key is the agent's",
        "Stop typing into it",
        "ctrl-] F12",
        "attached",
    ),
    RoomKey("form.next", "enter", "", "", "Take what is chosen; next field, and on the last one submit", place="forms"),
    RoomKey("form.choose", "down,up", "", "", "Choose among what is offered", "↓ ↑", place="forms"),
    RoomKey("form.submit", "ctrl+s", "", "", "Submit", "ctrl-s", place="forms"),
    RoomKey("form.options", "ctrl+o", "", "", "Show every option", "ctrl-o", place="forms"),
    RoomKey("line.complete", "tab,up,down", "", "", "Complete; recall earlier lines", "tab ↑ ↓", place="command line"),
)
"""Keys of single widgets, told here for help."""

HINTS = (".", "s", "p", "n", "a", "m", "w", "/", ":", "?")
"""Keys that stand in the line at the bottom, the most useful first."""

PANE_HINTS: dict[str, tuple[str, ...]] = {
    "needs": ("r", "n", "a", "w", "z", "e", ".", ":", "?"),
    "mail": ("⏎", "r", "e", "m", ".", "/", ":", "?"),
    "convoys": ("⏎", "y", ".", "s", "/", ":", "?"),
    "feed": ("⏎", "/", "y", ".", "s", ":", "?"),
    "beads beads": ("⏎", "/", "b", "o", "e", "c", "x", "s", "P", "@", "#", "space v", "D", "z", ":", "?"),
    "beads board": ("⏎", "/", "b", "o", "e", "c", "x", "s", "P", "S", "space v", "D", "z", ":", "?"),
    "beads bead": ("⏎", "[ ]", "e", "x", ">", "C", "s", "D", "esc", ":", "?"),
    "typing": ("ctrl-] F12",),
    "live": ("a", "A", "p", "n", "w", ".", ":", "?"),
    "formulas": ("⏎", "p", "s", "c", "y", "/", "esc", ":", "?"),
    "molecules molecules": ("⏎", "s", "p", "a", "o", "S", "X", "B", "D", "/", ":", "?"),
    "molecules": ("⏎", "c", "o", "p", "a", "D", "s", "S", "X", "esc", "/", "?"),
    "graph": ("⏎", "c", "+", "-", "o", "s", "y", "esc", "?"),
}
"""The same for panes of the home screen, for other places, and for panes of those (`place pane`)."""


def verb_keys() -> tuple[RoomKey, ...]:
    """The keys verbs bring along. Loads every module of verbs."""
    from gastown_tui.core import verbs

    return tuple(
        RoomKey(f"verb.{verb.name}", verb.keys, f"verb('{verb.name}')", verb.name.split(" ")[0], verb.about)
        for verb in verbs.records()
        if verb.keys
    )


def key_rows(changed: Mapping[str, str] | None = None) -> tuple[RoomKey, ...]:
    """Every key, for help and docs."""
    return remapped((*ROOM_KEYS, *PLACE_KEYS, *verb_keys(), *WIDGET_KEYS), changed or {})


def hints(rows: Iterable[RoomKey], *names: str, place: str = "") -> tuple[RoomKey, ...]:
    """The keys of the bottom line, in its order.

    Args:
        rows: Every key as it stands.
        names: What the line may be called in `PANE_HINTS`; the first that is there.
        place: Where we are; its own keys win, those of other places do not count.
    """
    as_shipped = {each.id: each.key for each in (*ROOM_KEYS, *PLACE_KEYS, *WIDGET_KEYS)}
    elsewhere = {each.place for each in PLACE_KEYS} - {place}
    by_key: dict[str, RoomKey] = {}
    for each in sorted(rows, key=lambda each: each.place != place):
        if each.label and each.place not in elsewhere:
            by_key.setdefault(as_shipped.get(each.id, each.key), each)
    shown = next((PANE_HINTS[name] for name in names if name in PANE_HINTS), HINTS)
    return tuple(by_key[key] for key in shown if key in by_key)


def places(rows: Iterable[RoomKey]) -> tuple[RoomKey, ...]:
    """The keys that lead from place to place; none while there is only one."""
    found = tuple(each for each in rows if each.action.startswith("place("))
    return found if len(found) > 1 else ()


def bindings_of(place: str) -> list[BindingType]:
    """The keys of one place, for its `BINDINGS`; what they do is the app's to do."""
    own = (msgspec.structs.replace(each, action=f"app.{each.action}") for each in PLACE_KEYS if each.place == place)
    return [*bindings(own)]


def bindings(rows: Iterable[RoomKey] = ROOM_KEYS) -> list[Binding]:
    """Keys as Textual bindings; their ids let people remap them."""
    made: list[Binding] = []
    for each in rows:
        if each.action == "pane":
            digits = each.keys.split(",")
            made.extend(Binding(d, f"pane({d})", each.about, id=f"{each.id}.{d}", show=False) for d in digits)
        elif each.action:
            made.append(Binding(each.keys, each.action, each.about, id=each.id, show=False, tooltip=each.about))
    return made


# ---------------------------------------------------------------------------------------------- the person's own keys


def keys_file() -> Path:
    """Where people put their own keys: lines such as `"room.next" = "N"`."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "gastown" / "keys.toml"


def load(file: Path) -> tuple[dict[str, str], str]:
    """The keys people changed, by id, and what is wrong with their file; both empty when there is none."""
    import tomllib

    try:
        with file.open("rb") as opened:
            found = tomllib.load(opened)
    except FileNotFoundError:
        return {}, ""
    except (OSError, tomllib.TOMLDecodeError) as error:
        return {}, f"{file}: {error}"
    known = {each.id for each in (*ROOM_KEYS, *PLACE_KEYS, *verb_keys())}
    wrong = sorted(name for name, keys in found.items() if name not in known or not isinstance(keys, str))
    changed = {name: keys for name, keys in found.items() if name not in wrong}
    return changed, f"{file}: no key is called {', '.join(wrong)}" if wrong else ""


def remapped(rows: Iterable[RoomKey], changed: Mapping[str, str]) -> tuple[RoomKey, ...]:
    """The table with people's own keys in it."""
    return tuple(
        msgspec.structs.replace(each, keys=changed[each.id], shown="") if each.id in changed else each for each in rows
    )
