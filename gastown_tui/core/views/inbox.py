"""Mail as it is read: a box, one message, and what is put into an agent's prompt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from gastown_tui.core.model.ids import Address
from gastown_tui.core.model.text import cut, one_line, plain, quoted
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.model.town import Mail
from gastown_tui.core.views.feed import short

INJECTED_MESSAGES = 10
"""At most this many messages are put into a prompt at once; the rest are counted."""
INJECTED_BYTES = 4096
"""The whole text put into a prompt never takes more."""
_BODY_CHARS = 700


class MailLine(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a box."""

    number: int
    """Its place in the box, the oldest 1; 0 when the list is not a box."""
    id: str
    sender: str
    subject: str
    type: str
    priority: str
    unread: bool
    age: str
    timestamp: str

    def text(self) -> str:
        """The line, columns aligned."""
        number = f"{self.number:>3} " if self.number else ""
        urgent = "!" if self.priority in {"urgent", "high"} else " "
        kind = f"[{self.type}] " if self.type not in {"notification", "reply"} else ""
        head = f"{number}{'●' if self.unread else '○'}{urgent} {self.id:<12}"
        return f"{head}  {cut(short(self.sender), 18):<18}  {self.age:>4}  {kind}{self.subject}"


def mail_lines(mails: Sequence[Mail], box: Address, now: datetime, *, numbered: bool = True) -> tuple[MailLine, ...]:
    """Lines for messages given oldest first, the newest on top."""
    lines = (
        MailLine(
            number=number if numbered else 0,
            id=mail.id,
            sender=one_line(mail.sender, 80),
            subject=one_line(mail.subject, 200),
            type=mail.type,
            priority=mail.priority,
            unread=box in mail.recipients and box not in mail.read_by,
            age=_age(mail, now),
            timestamp=mail.timestamp,
        )
        for number, mail in enumerate(mails, 1)
    )
    return tuple(reversed(tuple(lines)))


def message_text(mail: Mail, now: datetime) -> str:
    """One message whole, for reading: nothing in it can move the cursor."""
    head = [
        f"{mail.id} · {one_line(mail.subject)}",
        f"from     {one_line(mail.sender)}",
        f"to       {', '.join(mail.to)}" + (f"  ({one_line(mail.to_text)})" if mail.to_text else ""),
    ]
    head += [f"cc       {', '.join(mail.cc)}"] if mail.cc else []
    head += [f"sent     {mail.timestamp} ({_age(mail, now)} ago)"]
    head += [f"priority {mail.priority}"] if mail.priority != "normal" else []
    head += [f"type     {mail.type}"] if mail.type != "notification" else []
    head += [f"bead     {mail.bead_id}"] if mail.bead_id else []
    head += [f"answers  {mail.reply_to}"] if mail.reply_to else []
    body = plain(mail.body).rstrip("\n")
    return "\n".join([*head, "", body] if body else head)


def message_data(mail: Mail, box: Address) -> dict[str, Any]:
    """One message as plain values, with how it stands in somebody's box."""
    record: dict[str, Any] = msgspec.to_builtins(mail)
    for key in ("cc", "delivered_to", "read_by", "archived_by"):
        record.setdefault(key, [])
    for key, default in {
        "body": "",
        "type": "notification",
        "priority": "normal",
        "bead_id": "",
        "to_text": "",
    }.items():
        record.setdefault(key, default)
    record.setdefault("reply_to", None)
    return record | {"read": box in mail.read_by, "archived": box in mail.archived_by}


def injection(mails: Sequence[Mail], now: datetime) -> tuple[str, tuple[Mail, ...]]:
    """The text that puts messages into an agent's prompt, and the messages it shows.

    At most `INJECTED_MESSAGES` and `INJECTED_BYTES`; what does not fit is counted and comes the next time. Nothing
    in a message can end the block it stands in.
    """
    if not mails:
        return "", ()
    opening = ["<system-reminder>", f"You have {_count(len(mails))}. Read one whole with: gt mail read ID", ""]
    blocks: list[str] = []
    for mail in mails[:INJECTED_MESSAGES]:
        for block in (_block(mail, now, _BODY_CHARS), _block(mail, now, 0)):
            if _size(opening, [*blocks, block], len(mails)) <= INJECTED_BYTES:
                blocks.append(block)
                break
        else:
            break
    return _joined(opening, blocks, len(mails)), tuple(mails[: len(blocks)])


def _block(mail: Mail, now: datetime, body_chars: int) -> str:
    kind = "" if mail.type == "notification" else f" [{mail.type}]"
    urgent = "" if mail.priority in {"normal", "low"} else f" ({mail.priority})"
    head = f"- {mail.id}{kind}{urgent} from {quoted(one_line(mail.sender, 60))}, {_age(mail, now)} ago: "
    head += quoted(one_line(mail.subject, 200))
    body = quoted(mail.body).strip()
    if not body or not body_chars:
        return head
    shortened = cut(body, body_chars)
    more = [f"  (gt mail read {mail.id} shows the rest)"] if shortened != body else []
    return "\n".join([head, *(f"  {line}" for line in shortened.splitlines()), *more])


def _joined(opening: list[str], blocks: list[str], total: int) -> str:
    left = total - len(blocks)
    more = [f"and {left} more: gt mail inbox"] if left else []
    return "\n".join([*opening, *blocks, *more, "</system-reminder>"])


def _size(opening: list[str], blocks: list[str], total: int) -> int:
    return len(_joined(opening, blocks, total).encode("utf-8", "replace"))


def _count(number: int) -> str:
    return "1 new message" if number == 1 else f"{number} new messages"


def _age(mail: Mail, now: datetime) -> str:
    sent = moment(mail.timestamp)
    return age_text(now - sent if sent else None)
