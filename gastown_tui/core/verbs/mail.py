"""`gt mail`: messages that last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from gastown_tui.core.errors import BadInput, GastownError
from gastown_tui.core.events import Entry
from gastown_tui.core.fold import Town
from gastown_tui.core.model.address import OVERSEER
from gastown_tui.core.model.ids import Address, MailId, RigName
from gastown_tui.core.model.town import Mail
from gastown_tui.core.ports import Hands, Recorded
from gastown_tui.core.rules import addresses
from gastown_tui.core.rules import mailing as rules
from gastown_tui.core.verbs.declare import Arg, Receipt, Suggest, verb
from gastown_tui.core.views.inbox import injection, mail_lines, message_data, message_text

_ID = Arg("the message: id, or number in the box", suggest=Suggest.MAIL)
_TEXT = Arg("what to say; `-` reads standard input", flags=("--message", "-m", "--body"), long_text=True)
_LETTER = Arg("what to say; `-` reads standard input", flags=("--message", "-m", "--body"), long_text=True, asked=True)
_FILE = Arg("read the text from a file; `-` is standard input", metavar="PATH", suggest=Suggest.PATH)
_STDIN = Arg("read the text from standard input")
_BOX = Arg("whose box; yours when left out", suggest=Suggest.AGENT)
_STANDARD_INPUT = Path("/dev/stdin")


class Messages(Receipt, frozen=True, kw_only=True):
    """Messages of a box or a search, oldest first."""

    mails: tuple[Mail, ...]
    box: Address
    now: datetime
    title: str
    numbered: bool = True
    limit: int = 0

    def text(self) -> str:
        """A heading and a line each, the newest on top."""
        lines = mail_lines(self.mails, self.box, self.now, numbered=self.numbered)
        kept = lines[: self.limit] if self.limit else lines
        left = [f"    and {len(lines) - len(kept)} older: --limit 0 shows all"] if len(kept) < len(lines) else []
        return "\n".join([self.title, *(line.text() for line in kept), *left])

    def data(self) -> Any:
        """The messages whole, the newest first."""
        newest = [message_data(mail, self.box) for mail in reversed(self.mails)]
        return newest[: self.limit] if self.limit else newest


class Message(Receipt, frozen=True, kw_only=True):
    """One message, or a thread of them."""

    mails: tuple[Mail, ...]
    box: Address
    now: datetime
    is_thread: bool = False
    trouble: str = ""
    """Why it could not be marked as read."""

    def text(self) -> str:
        """Each message whole."""
        return "\n\n".join(message_text(mail, self.now) for mail in self.mails)

    def warnings(self) -> tuple[str, ...]:
        """A mark that could not be made."""
        return (f"not marked as read: {self.trouble}",) if self.trouble else ()

    def data(self) -> Any:
        """The message's record, or a list of them."""
        records = [message_data(mail, self.box) for mail in self.mails]
        return records if self.is_thread else records[0]


class Sent(Receipt, frozen=True, kw_only=True):
    """A message on its way; the ledger is the delivery."""

    mail: Mail

    def text(self) -> str:
        """Its id and where it went."""
        return f"Sent {self.mail.id} to {', '.join(self.mail.recipients)}: {self.mail.subject}"

    def data(self) -> Any:
        """The message's record."""
        return message_data(self.mail, Address(self.mail.sender))


# ---------------------------------------------------------------------------------------------- sending


@verb("mail send", group="talk", keys="m")
def mail_send(
    hands: Hands,
    to: Annotated[tuple[str, ...], Arg("who gets it: addresses or groups", suggest=Suggest.AGENT)] = (),
    *,
    subject: Annotated[str, Arg("what it is about", flags=("--subject", "-s"))],
    body: Annotated[str, _LETTER] = "",
    body_file: Annotated[str, _FILE] = "",
    stdin: Annotated[bool, _STDIN] = False,
    priority: Annotated[str, Arg("urgent, high, normal or low", flags=("--priority", "-p"))] = "normal",
    urgent: Annotated[bool, Arg("the same as --priority urgent")] = False,
    type_: Annotated[str, Arg("what programs take it for", flags=("--type", "-t"), choices=rules.TYPES)] = "",
    reply_to: Annotated[str, Arg("the message it answers", metavar="ID", suggest=Suggest.MAIL)] = "",
    cc: Annotated[tuple[str, ...], Arg("who gets a copy", split=True, suggest=Suggest.AGENT)] = (),
    bead: Annotated[str, Arg("the bead it is about", suggest=Suggest.BEAD)] = "",
    notify: Annotated[bool, Arg("ring the recipients' doorbells too", flags=("--notify", "-n"))] = False,
    human: Annotated[bool, Arg("to the overseer")] = False,
) -> Sent:
    """Send a message; it lies in the ledger until its readers put it away.

    Raises:
        BadInput: no recipient, no subject, or too long.
        NotFound: a recipient, the message answered or the bead does not exist.
    """
    text = _text_of(hands, body, body_file, stdin=stdin)
    message_id, sender = hands.mint.mail_id(), addresses.speaker(hands.actor)

    def decide(town: Town) -> tuple[Entry, ...]:
        letter = rules.Letter(
            message_id=message_id,
            sender=sender,
            to=(*to, *([str(OVERSEER)] if human else [])),
            cc=cc,
            here=_here(hands, town),
            subject=subject,
            body=text,
            type=type_,
            priority="urgent" if urgent else priority,
            reply_to=rules.find(town, reply_to, box=sender).id if reply_to else "",
            bead_id=bead,
            ring=notify,
        )
        return rules.send(town, letter)

    recorded = hands.ledger.record(decide, actor=hands.actor)
    return Sent(mail=recorded.town.mail(message_id))


@verb("mail reply", group="talk")
def mail_reply(
    hands: Hands,
    message: Annotated[str, _ID],
    text: Annotated[str, Arg("what to say", long_text=True)] = "",
    *,
    body: Annotated[str, _TEXT] = "",
    body_file: Annotated[str, _FILE] = "",
    stdin: Annotated[bool, _STDIN] = False,
    subject: Annotated[str, Arg("a subject other than Re: …", flags=("--subject", "-s"))] = "",
    notify: Annotated[bool, Arg("ring the recipient's doorbell too", flags=("--notify", "-n"))] = False,
) -> Sent:
    """Answer a message, in its thread; it counts as read.

    Raises:
        BadInput: there is nothing to say.
        NotFound: there is no such message, or its sender is gone.
    """
    if text and body:
        raise BadInput("the answer is given twice", hint="as a word or with -m, not both")
    said = _text_of(hands, text or body, body_file, stdin=stdin)
    message_id, me = hands.mint.mail_id(), addresses.speaker(hands.actor)

    def decide(town: Town) -> tuple[Entry, ...]:
        answered = rules.find(town, message, box=me)
        return rules.reply(town, answered, message_id=message_id, sender=me, body=said, subject=subject, ring=notify)

    recorded = hands.ledger.record(decide, actor=hands.actor)
    return Sent(mail=recorded.town.mail(message_id))


# ---------------------------------------------------------------------------------------------- reading


@verb("mail inbox", group="talk", mutates=False)
def mail_inbox(
    hands: Hands,
    address: Annotated[str, _BOX] = "",
    *,
    unread: Annotated[bool, Arg("only what was not read", flags=("--unread", "-u"))] = False,
    all_: Annotated[bool, Arg("what was put away too", flags=("--all", "-a"))] = False,
    archived: Annotated[bool, Arg("only what was put away")] = False,
    limit: Annotated[int, Arg("at most this many; 0: all", flags=("--limit",))] = 50,
) -> Messages:
    """List the messages of a box, newest first.

    Raises:
        NotFound: nobody answers to the address.
    """
    town = hands.ledger.read()
    box = _box(hands, town, address)
    mails = [] if archived else rules.in_box(town, box, unread=unread)
    if all_ or archived:
        mails = sorted([*rules.in_box(town, box, unread=unread, archived=True), *mails], key=_by_age)
    fresh = sum(box not in mail.read_by for mail in mails)
    what = "message" if len(mails) == 1 else "messages"
    title = (
        f"{box}: {len(mails)} {what}, {fresh} unread" if mails else f"{box}: no {'unread ' if unread else ''}messages"
    )
    return Messages(
        mails=tuple(mails),
        box=box,
        now=hands.clock.now(),
        title=title,
        numbered=not (unread or all_ or archived),
        limit=max(limit, 0),
    )


@verb("mail read", group="talk")
def mail_read(hands: Hands, message: Annotated[str, _ID]) -> Message:
    """Show a message whole; it counts as read if it lies in your box.

    Raises:
        NotFound: there is no such message.
    """
    town, me = hands.ledger.read(), addresses.speaker(hands.actor)
    mail = rules.find(town, message, box=me)
    trouble = ""
    if rules.opened(mail, me):
        try:
            mail = _mark(hands, lambda now: rules.opened(now.mail(mail.id), me)).town.mail(mail.id)
        except GastownError as error:
            trouble = error.message
    return Message(mails=(mail,), box=me, now=hands.clock.now(), trouble=trouble)


@verb("mail peek", group="talk", mutates=False)
def mail_peek(hands: Hands, message: Annotated[str, _ID] = "") -> Receipt:
    """Show a message without reading it; the oldest unread one when none is named."""
    town, me = hands.ledger.read(), addresses.speaker(hands.actor)
    unread = rules.in_box(town, me, unread=True)
    if not message and not unread:
        return Messages(mails=(), box=me, now=hands.clock.now(), title=f"{me}: no unread messages")
    mail = rules.find(town, message, box=me) if message else unread[0]
    return Message(mails=(mail,), box=me, now=hands.clock.now())


@verb("mail thread", group="talk", mutates=False)
def mail_thread(hands: Hands, message: Annotated[str, _ID]) -> Message:
    """Show every message of a thread, oldest first.

    Raises:
        NotFound: there is no such message.
    """
    town, me = hands.ledger.read(), addresses.speaker(hands.actor)
    mails = rules.thread(town, rules.find(town, message, box=me))
    return Message(mails=tuple(mails), box=me, now=hands.clock.now(), is_thread=True)


@verb("mail search", group="talk", mutates=False)
def mail_search(
    hands: Hands,
    text: Annotated[str, Arg("words to look for in subject, body and sender")] = "",
    *,
    sender: Annotated[str, Arg("only from this address", flags=("--from",), suggest=Suggest.AGENT)] = "",
    everybody: Annotated[bool, Arg("in every box, not only yours", flags=("--everybody", "--all", "-a"))] = False,
) -> Messages:
    """Find messages you sent or got, put away or not.

    Raises:
        BadInput: there is nothing to look for.
    """
    town, me = hands.ledger.read(), addresses.speaker(hands.actor)
    wanted = addresses.resolve(town, sender, here=_here(hands, town)) if sender else ""
    mails = rules.search(town, text, box=None if everybody else me, sender=wanted)
    title = f"{len(mails)} found" if mails else "Nothing found"
    return Messages(mails=tuple(mails), box=me, now=hands.clock.now(), title=title, numbered=False)


@verb("mail archive", group="talk")
def mail_archive(
    hands: Hands, messages: Annotated[tuple[str, ...], Arg("the messages: ids or numbers", suggest=Suggest.MAIL)]
) -> Messages:
    """Put messages away; they stay in the ledger.

    Raises:
        NotFound: there is no such message.
        Refused: one does not lie in your box.
    """
    me = addresses.speaker(hands.actor)
    town = hands.ledger.read()
    ids = [rules.find(town, each, box=me).id for each in messages]
    after = _mark(hands, lambda now: rules.archive([now.mail(each) for each in ids], me)).town
    mails = sorted((after.mail(each) for each in dict.fromkeys(ids)), key=_by_age)
    what = "1 message" if len(mails) == 1 else f"{len(mails)} messages"
    return Messages(mails=tuple(mails), box=me, now=hands.clock.now(), title=f"Put away {what}", numbered=False)


class Checked(Receipt, frozen=True, kw_only=True):
    """Whether there is mail, or the text that puts it into a prompt."""

    box: Address
    unread: tuple[MailId, ...]
    injected: str = ""
    is_injection: bool = False
    trouble: str = ""
    """Why the messages will come again the next time."""

    def text(self) -> str:
        """The block for the prompt, or how much there is."""
        if self.is_injection:
            return self.injected
        return f"{self.box}: {len(self.unread)} unread" if self.unread else f"{self.box}: no unread messages"

    def data(self) -> Any:
        """How much, which, and the block."""
        return {"box": self.box, "unread": len(self.unread), "ids": list(self.unread), "injected": self.injected}

    def warnings(self) -> tuple[str, ...]:
        """A mark that could not be made."""
        return (f"not marked as delivered: {self.trouble}",) if self.trouble else ()

    def code(self) -> int:
        """1 when there is no mail; a prompt is never held up."""
        return 0 if self.unread or self.is_injection else 1


@verb("mail check", group="talk")
def mail_check(
    hands: Hands,
    *,
    inject: Annotated[bool, Arg("print new messages for a prompt, each once")] = False,
    address: Annotated[str, Arg("whose box; yours when left out", suggest=Suggest.AGENT)] = "",
) -> Checked:
    """Say whether there is unread mail: exit code 0 if so, 1 if not."""
    town = hands.ledger.read()
    box = _box(hands, town, address)
    unread = tuple(mail.id for mail in rules.in_box(town, box, unread=True))
    if not inject:
        return Checked(box=box, unread=unread)
    text, shown = injection(rules.to_inject(town, box), hands.clock.now())
    trouble = ""
    if shown:
        try:
            _mark(hands, lambda now: rules.delivered([now.mail(mail.id) for mail in shown], box))
        except GastownError as error:
            trouble = error.message
    return Checked(box=box, unread=unread, injected=text, is_injection=True, trouble=trouble)


# ---------------------------------------------------------------------------------------------- pieces


def _mark(hands: Hands, decide: Any) -> Recorded:
    return hands.ledger.record(decide, actor=hands.actor)


def _by_age(mail: Mail) -> tuple[str, str]:
    return mail.timestamp, mail.id


def _here(hands: Hands, town: Town) -> RigName | None:
    return addresses.rig_around(town, actor=hands.actor, env=hands.env, home=hands.ledger.home, cwd=hands.cwd)


def _box(hands: Hands, town: Town, address: str) -> Address:
    return addresses.resolve(town, address, here=_here(hands, town)) if address else addresses.speaker(hands.actor)


def _text_of(hands: Hands, body: str, file: str, *, stdin: bool) -> str:
    """The text, from the one place that was named."""
    named: Sequence[bool] = (bool(body), bool(file), stdin)
    if sum(named) > 1:
        raise BadInput("the text is given twice", hint="use one of -m, --body-file and --stdin")
    if not file and not stdin:
        return body
    place = _STANDARD_INPUT if stdin or file == "-" else hands.cwd / file
    return hands.files.read_text(place, limit_bytes=rules.BODY_LIMIT_BYTES)
