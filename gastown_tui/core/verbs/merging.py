"""The merge queue by hand: look, retry, hold, release, reject."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from gastown_tui.core.ports import Decide, Hands
from gastown_tui.core.rules import merging
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb
from gastown_tui.core.views.lane import Lane, LaneRow, lane, lane_text, row, row_text

Request = Annotated[str, Arg("merge request, its bead or its branch", suggest=Suggest.MERGE)]


class Queues(Receipt, frozen=True, kw_only=True):
    """The queues as they stand."""

    lanes: tuple[Lane, ...]
    now: datetime

    def text(self) -> str:
        """A block for each rig."""
        return lane_text(self.lanes, self.now)

    def data(self) -> Any:
        """A list of lanes, each with its rows."""
        return msgspec.to_builtins(self.lanes)


class Status(Receipt, frozen=True, kw_only=True):
    """One request."""

    row: LaneRow
    now: datetime
    done: str = ""
    """What was just done to it."""

    def text(self) -> str:
        """One line after an act, all facts otherwise."""
        return f"{self.row.id} {self.done}" if self.done else row_text(self.row, self.now)

    def data(self) -> Any:
        """The request as in the list."""
        return msgspec.to_builtins(self.row)


@verb("mq list", group="merge", mutates=False)
def list_(
    hands: Hands,
    rig: Annotated[str, Arg("rig; all of them when none is named", suggest=Suggest.RIG)] = "",
    *,
    all_: Annotated[bool, Arg("also what was merged or rejected", flags=("--all", "-a"))] = False,
) -> Queues:
    """Show the merge queue in the order it is worked off.

    Raises:
        NotFound: there is no such rig.
    """
    town, now = hands.ledger.read(), hands.clock.now()
    rigs = [town.rig(rig).name] if rig else list(town.rigs())
    return Queues(lanes=tuple(lane(town, name, now, closed=all_) for name in rigs), now=now)


@verb("mq status", group="merge", mutates=False)
def status(hands: Hands, request: Request) -> Status:
    """Show one merge request in full.

    Raises:
        NotFound: there is none.
    """
    now = hands.clock.now()
    return Status(row=row(hands.ledger.read(), request, now), now=now)


@verb("mq retry", group="merge")
def retry(
    hands: Hands,
    request: Request,
    *,
    reason: Annotated[str, Arg("why, for the record", flags=("--reason", "-r"))] = "",
) -> Status:
    """Put a held or returned merge request back in line.

    Raises:
        NotFound: there is none.
        Refused: it is over, or in line already.
    """
    return _act(hands, request, "stands in line again", lambda town: merging.retry(town, request, reason))


@verb("mq hold", group="merge")
def hold(
    hands: Hands,
    request: Request,
    *,
    reason: Annotated[str, Arg("why, for the record", flags=("--reason", "-r"))] = "",
) -> Status:
    """Keep a merge request from being taken up.

    Raises:
        NotFound: there is none.
        Refused: it is over, or held already.
        Conflict: it is landing right now.
    """
    return _act(hands, request, "is held", lambda town: merging.hold(town, request, reason))


@verb("mq release", group="merge")
def release(hands: Hands, request: Request) -> Status:
    """Let a held merge request be taken up again.

    Raises:
        NotFound: there is none.
        Refused: it is not held.
    """
    return _act(hands, request, "is released", lambda town: merging.release(town, request))


@verb(
    "mq reject", group="merge", confirm="Take this request out of the queue? Its branch stays, its bead is open again."
)
def reject(
    hands: Hands,
    request: Request,
    *,
    reason: Annotated[str, Arg("why, told to the worker", flags=("--reason", "-r"))],
) -> Status:
    """Take a merge request out of the queue for good.

    Raises:
        NotFound: there is none.
        Refused: it is over.
        Conflict: it is landing right now.
    """
    mail_id = hands.mint.mail_id()
    return _act(hands, request, "is rejected", lambda town: merging.reject(town, request, reason, mail_id, hands.actor))


def _act(hands: Hands, request: str, done: str, rule: Decide) -> Status:
    rig, _ = merging.find(hands.ledger.read(), request)
    recorded = hands.ledger.record(rule, actor=hands.actor, ledgers=("", rig))
    now = hands.clock.now()
    return Status(row=row(recorded.town, request, now), now=now, done=done)
