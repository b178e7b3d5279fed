"""One message with the thread it belongs to, as a page."""

from __future__ import annotations

from datetime import datetime

from gastown_tui.core.fold import Town
from gastown_tui.core.model.times import age_text, moment
from gastown_tui.core.views.feed import short


def letter_text(town: Town, message_id: str, now: datetime) -> tuple[str, str]:
    """The subject, and every message of the thread from the oldest to the newest.

    Raises:
        NotFound: there is no such message.
    """
    chosen = town.mail(message_id)
    thread = sorted(
        (mail for mail in town.own.mail.values() if mail.thread_id == chosen.thread_id),
        key=lambda mail: mail.timestamp,
    )
    blocks = []
    for mail in thread:
        at = moment(mail.timestamp)
        to = mail.to_text or ", ".join(short(each) for each in mail.recipients)
        head = f"{short(mail.sender)} → {to}, {age_text(None if at is None else now - at)} ago"
        about = f"about {mail.bead_id}\n" if mail.bead_id else ""
        blocks.append(f"{head}\n{about}\n{mail.body or '(no text)'}")
    return chosen.subject, "\n\n────\n\n".join(blocks)
