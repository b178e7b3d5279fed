"""`messages.jsonl`: mail as a projection, and the mailbox that reads it only when somebody asks for mail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping

import msgspec

from gastown_tui.core.model.ids import MailId
from gastown_tui.core.model.town import Mail
from gastown_tui.core.world.lines import Lines, find_lead


class LazyMail(MutableMapping[MailId, Mail]):
    """Messages by id, loaded on first use."""

    def __init__(self, load: Callable[[], dict[MailId, Mail]]) -> None:
        self._load = load
        self._sent: dict[MailId, Mail] = {}
        self._all: dict[MailId, Mail] | None = None

    def __getitem__(self, mail_id: MailId) -> Mail:
        return self._loaded()[mail_id]

    def __setitem__(self, mail_id: MailId, mail: Mail) -> None:
        (self._sent if self._all is None else self._all)[mail_id] = mail

    def __delitem__(self, mail_id: MailId) -> None:
        del self._loaded()[mail_id]

    def __iter__(self) -> Iterator[MailId]:
        return iter(self._loaded())

    def __len__(self) -> int:
        return len(self._loaded())

    def _loaded(self) -> dict[MailId, Mail]:
        if self._all is None:
            self._all = self._load() | self._sent
            self._sent = {}
        return self._all


def read_mail(data: bytes) -> dict[MailId, Mail]:
    """Every message of a file.

    Raises:
        msgspec.DecodeError: a line is not a message.
    """
    return {mail.id: mail for mail in msgspec.json.Decoder(Mail).decode_lines(data)}


def whole_mail(mail: Iterable[Mail]) -> bytes:
    """The file that holds these messages, in the order they were sent."""
    ordered = sorted(mail, key=lambda each: (each.timestamp, each.id))
    return b"".join(msgspec.json.encode(each) + b"\n" for each in ordered)


def changed_mail(old: bytes, mail: MutableMapping[MailId, Mail], touched: Iterable[MailId]) -> bytes:
    """The file after some messages changed; the rest is copied."""
    lines = Lines(old, find_lead(old))
    if old and not lines.lead:
        return whole_mail(mail.values())
    replaced: list[tuple[int, int, bytes]] = []
    new: list[Mail] = []
    for mail_id in touched:
        each, span = mail[mail_id], lines.find(mail_id) if old else None
        if span is None:
            new.append(each)
        elif msgspec.json.decode(lines.text(span), type=Mail).timestamp != each.timestamp:
            # Sent once more under the same id: it belongs elsewhere now.
            return whole_mail(mail.values())
        else:
            replaced.append((*span, msgspec.json.encode(each)))
    if old and new:
        newest = msgspec.json.decode(old[old.rfind(b"\n", 0, -1) + 1 :], type=Mail)
        if min((each.timestamp, each.id) for each in new) < (newest.timestamp, newest.id):
            return whole_mail(mail.values())
    pieces, at = [], 0
    for start, end, line in sorted(replaced):
        pieces += [old[at:start], line]
        at = end
    return b"".join(pieces) + old[at:] + whole_mail(new)
