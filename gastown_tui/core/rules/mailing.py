"""Mail: who gets it, what it may be, and what reading, answering and putting away leave behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput, NotFound, Refused
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER
from gastown_tui.core.model.ids import Address, MailId, NudgeId, RigName, shown
from gastown_tui.core.model.text import one_line
from gastown_tui.core.model.town import Mail
from gastown_tui.core.rules.addresses import resolve_many

TYPES = ("notification", "task", "reply", "handoff", "protocol", "question", "answer", "escalation")
PRIORITIES = ("urgent", "high", "normal", "low")
SUBJECT_LIMIT = 200
BODY_LIMIT_BYTES = 64 * 1024
_BY_NUMBER = {"0": "urgent", "1": "high", "2": "normal", "3": "low", "4": "low"}
_HANDOFF = re.compile(r"\W*HANDOFF\b")


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message as somebody asked for it to be sent."""

    message_id: MailId
    sender: Address
    to: tuple[str, ...]
    """Addresses, shorthands and groups, as typed."""
    cc: tuple[str, ...] = ()
    here: RigName | None = None
    """The rig the sender stands in."""
    subject: str
    body: str = ""
    type: str = ""
    """Empty: a notification, or what the subject plainly is."""
    priority: str = "normal"
    reply_to: str = ""
    bead_id: str = ""
    ring: bool = False
    """Ring the recipients' doorbells too."""


# ---------------------------------------------------------------------------------------------- sending


def send(town: Town, letter: Letter) -> tuple[Entry, ...]:
    """Put a message into its recipients' boxes.

    Raises:
        BadInput: no recipient or subject, too long, or a type or priority there is not.
        NotFound: a recipient, the message answered or the bead does not exist.
    """
    if not letter.to:
        raise BadInput("a message needs a recipient", hint='gt mail send ADDRESS -s "Subject" -m "Text"')
    to = _everyone(town, letter.to, letter)
    cc = tuple(address for address in _everyone(town, letter.cc, letter) if address not in to)
    answered = town.mail(letter.reply_to) if letter.reply_to else None
    spelled = ", ".join(letter.to)
    fact = e.MailSent(
        message_id=letter.message_id,
        sender=letter.sender,
        to=to,
        cc=cc,
        to_text=spelled if "@" in spelled else "",
        subject=_checked_subject(letter.subject),
        body=_checked_body(letter.body),
        message_type=_checked_type(letter, answered),
        priority=parse_priority(letter.priority),
        thread_id=answered.thread_id if answered else letter.message_id,
        reply_to=answered.id if answered else None,
        bead_id=town.bead(letter.bead_id).id if letter.bead_id else "",
    )
    return (Entry(fact), *(_bells(fact) if letter.ring else ()))


def reply(
    town: Town, answered: Mail, *, message_id: MailId, sender: Address, body: str, subject: str = "", ring: bool = False
) -> tuple[Entry, ...]:
    """Answer a message: to who sent it, in its thread, and it counts as read.

    Answering one's own message goes on to the people it went to.

    Raises:
        BadInput: there is nothing to say, or too much.
        NotFound: nobody answers to the sender's address any more.
    """
    if not body.strip():
        raise BadInput("a reply needs a text", hint=f'gt mail reply {answered.id} "Text"')
    to = answered.to if answered.sender == sender else (Address(answered.sender),)
    letter = Letter(
        message_id=message_id,
        sender=sender,
        to=tuple(to),
        subject=subject or one_line(re.sub(r"(?i)^(re:\s*)*", "Re: ", answered.subject, count=1), SUBJECT_LIMIT),
        body=body,
        type="answer" if answered.type == "question" else "reply",
        reply_to=answered.id,
        bead_id=answered.bead_id if town.find(answered.bead_id) else "",
        ring=ring,
    )
    return (*opened(answered, sender), *send(town, letter))


def parse_priority(text: str) -> str:
    """A priority by its name or its number, 0 most urgent.

    Raises:
        BadInput: there is none of that name.
    """
    word = _BY_NUMBER.get(text.strip().lower().removeprefix("p"), text.strip().lower())
    if word not in PRIORITIES:
        raise BadInput(f"{shown(text)} is not a priority", hint=f"one of {', '.join(PRIORITIES)}, or 0 to 4")
    return word


def _everyone(town: Town, typed: Sequence[str], letter: Letter) -> tuple[Address, ...]:
    found = (resolve_many(town, text, here=letter.here, but=letter.sender) for text in typed)
    return tuple(dict.fromkeys(address for addresses in found for address in addresses))


def _checked_subject(subject: str) -> str:
    clean = one_line(subject)
    if not clean:
        raise BadInput("a message needs a subject", hint='-s "Subject" gives it one')
    if len(clean) > SUBJECT_LIMIT:
        raise BadInput(
            f"the subject is longer than {SUBJECT_LIMIT} characters", hint="the rest belongs in the body: -m"
        )
    return clean


def _checked_body(body: str) -> str:
    if len(body.encode("utf-8", "surrogatepass")) > BODY_LIMIT_BYTES:
        raise BadInput(
            f"the message is longer than {BODY_LIMIT_BYTES // 1024} KiB",
            hint="commit a file and name it in the message",
        )
    return body


def _checked_type(letter: Letter, answered: Mail | None) -> str:
    if not letter.type:
        if answered is not None:
            return "reply"
        return "handoff" if _HANDOFF.match(letter.subject) else "notification"
    if letter.type not in TYPES:
        raise BadInput(f"{shown(letter.type)} is not a type of message", hint=f"one of {', '.join(TYPES)}")
    return letter.type


def _bells(fact: e.MailSent) -> Iterable[Entry]:
    text = one_line(f"Mail from {fact.sender}: {fact.subject} (gt mail read {fact.message_id})", 300)
    for number, agent in enumerate((*fact.to, *fact.cc)):
        if agent not in {OVERSEER, fact.sender}:
            nudge_id = NudgeId(f"ndg-{fact.message_id.removeprefix('msg-')}{number or ''}")
            yield Entry(e.NudgeQueued(nudge_id=nudge_id, agent=agent, text=text, sender=fact.sender))


# ---------------------------------------------------------------------------------------------- boxes


def in_box(town: Town, box: Address, *, unread: bool = False, archived: bool = False) -> list[Mail]:
    """What lies in a box, oldest first: a message keeps its place when another comes in.

    Args:
        town: Where to look.
        box: Whose.
        unread: Only what was not opened.
        archived: What was put away, instead of what was not.
    """
    found = [
        mail
        for mail in town.own.mail.values()
        if box in mail.recipients and (box in mail.archived_by) is archived and not (unread and box in mail.read_by)
    ]
    return sorted(found, key=_by_age)


def thread(town: Town, mail: Mail) -> list[Mail]:
    """Every message of a thread, oldest first."""
    return sorted((each for each in town.own.mail.values() if each.thread_id == mail.thread_id), key=_by_age)


def search(town: Town, text: str, *, box: Address | None = None, sender: str = "") -> list[Mail]:
    """Messages whose subject, body or sender holds the text, oldest first; letter case does not matter.

    Args:
        town: Where to look.
        text: What to look for.
        box: Only what somebody sent or received; everybody's when not given.
        sender: Only from this address.

    Raises:
        BadInput: nothing to look for.
    """
    wanted = text.strip().casefold()
    if not wanted and not sender:
        raise BadInput("search for what?", hint='gt mail search "words"')
    return sorted(
        (
            mail
            for mail in town.own.mail.values()
            if (box is None or box in mail.recipients or mail.sender == box)
            and (not sender or mail.sender == sender)
            and wanted in "\n".join((mail.subject, mail.body, mail.sender)).casefold()
        ),
        key=_by_age,
    )


def find(town: Town, text: str, *, box: Address) -> Mail:
    """The message somebody means: by id, by the start of its id, or by its number in the box.

    Raises:
        NotFound: there is none.
        BadInput: several messages' ids begin so.
    """
    word = text.strip()
    if (mail := town.own.mail.get(MailId(word))) is not None:
        return mail
    listed = in_box(town, box)
    if re.fullmatch(r"\d{1,5}", word) and 0 < int(word) <= len(listed):
        return listed[int(word) - 1]
    stem = "msg-" + word.removeprefix("msg-")
    found = [mail for mail in town.own.mail.values() if len(stem) >= 7 and mail.id.startswith(stem)]
    if len(found) > 1:
        raise BadInput(f"{len(found)} messages begin with {shown(word)}", hint="say more of the id")
    if not found:
        raise NotFound(f"there is no message {shown(word)}", hint="gt mail inbox lists yours")
    return found[0]


def to_inject(town: Town, box: Address) -> list[Mail]:
    """What an agent has not been shown yet: the most urgent first, then the oldest."""
    fresh = [mail for mail in in_box(town, box, unread=True) if box not in mail.delivered_to]
    return sorted(fresh, key=lambda mail: _urgency(mail.priority))


def _urgency(priority: str) -> int:
    return PRIORITIES.index(priority) if priority in PRIORITIES else len(PRIORITIES)


def _by_age(mail: Mail) -> tuple[str, str]:
    return mail.timestamp, mail.id


# ---------------------------------------------------------------------------------------------- marks


def opened(mail: Mail, reader: Address) -> tuple[Entry, ...]:
    """A recipient read it; for anybody else, and the second time, nothing happens."""
    if reader not in mail.recipients or reader in mail.read_by:
        return ()
    return (Entry(e.MailRead(message_id=mail.id, reader=reader)),)


def archive(mails: Sequence[Mail], reader: Address) -> tuple[Entry, ...]:
    """A recipient puts messages away; those put away already stay so.

    Raises:
        Refused: one was never in the reader's box.
    """
    for mail in mails:
        if reader not in mail.recipients:
            raise Refused(f"{mail.id} does not lie in the box of {reader}", hint=f"it went to {', '.join(mail.to)}")
    fresh = {mail.id: mail for mail in mails if reader not in mail.archived_by}
    return tuple(Entry(e.MailArchived(message_id=mail_id, reader=reader)) for mail_id in fresh)


def delivered(mails: Iterable[Mail], recipient: Address) -> tuple[Entry, ...]:
    """Messages were put before their reader."""
    fresh = (mail for mail in mails if recipient in mail.recipients and recipient not in mail.delivered_to)
    return tuple(Entry(e.MailDelivered(message_id=mail.id, recipient=recipient)) for mail in fresh)
