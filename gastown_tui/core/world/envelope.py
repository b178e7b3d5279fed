"""One event as one line of the log: written with a checksum, read back with every doubt spelled out."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import msgspec

from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import ALIASES, BY_WIRE, Event, Fact, Unknown
from gastown_tui.core.model.ids import EventId

LINE_LIMIT = 4 * 1024 * 1024
"""Bytes one record may take."""
_CRC_TAIL = len(b',"crc":"00000000"}')

_encode = msgspec.json.Encoder().encode


class Damaged(Exception):
    """A line that is no event and nobody else's record either."""


class _Line(msgspec.Struct):
    """The envelope as it stands on disk; the payload stays raw until its type is known."""

    event_id: str
    event_type: str
    timestamp: str = ""
    actor: str | None = ""
    correlation_id: str | None = None
    caused_by: str | None = None
    tx: str | None = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")
    crc: str | None = None


_decode = msgspec.json.Decoder(_Line).decode
_decode_any = msgspec.json.Decoder().decode
_payloads: dict[str, Any] = {}


def encode_event(event: Event) -> bytes:
    """The line of an event, newline included.

    Raises:
        BadInput: the payload is too long, or holds text that is not Unicode.
    """
    try:
        head = _encode(
            {
                "event_id": event.event_id,
                "event_type": event.event_type,
                "timestamp": event.timestamp,
                "actor": event.actor,
                "correlation_id": event.correlation_id,
                "caused_by": event.caused_by,
                "tx": event.tx,
            }
        )
        body = head[:-1] + b',"data":' + _encode(event.fact)
    except UnicodeEncodeError as error:
        raise BadInput(
            "the text holds characters that are not Unicode", hint="re-type it, or save it as UTF-8"
        ) from error
    if len(body) > LINE_LIMIT:
        raise BadInput(f"a record of {len(body)} bytes is too long", hint=f"the limit is {LINE_LIMIT}")
    return b'%b,"crc":"%08x"}\n' % (body, crc32(body))


def without_crc(line: bytes) -> bytes:
    """The same line as the feed shows it."""
    return line[:-_CRC_TAIL] + b"}" if line[-_CRC_TAIL:-10] == b',"crc":"' else line


def decode_event(line: bytes) -> Event | None:
    """Read one line, without its newline; None for a record of another program (valid JSON, no `event_id`).

    Raises:
        Damaged: not JSON, a wrong checksum, or an envelope of the wrong types.
    """
    try:
        read = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if _is_foreign(line):
            return None
        raise Damaged(str(error)) from error
    if read.crc is not None and (
        line[-_CRC_TAIL:-10] != b',"crc":"' or b"%08x" % crc32(line[:-_CRC_TAIL]) != line[-10:-2]
    ):
        raise Damaged("checksum does not match")
    return Event(
        event_id=EventId(read.event_id),
        event_type=read.event_type,
        timestamp=read.timestamp,
        actor=read.actor or "",
        correlation_id=read.correlation_id,
        caused_by=EventId(read.caused_by) if read.caused_by else None,
        tx=read.tx or "",
        fact=_fact(read.event_type, read.data),
    )


def _fact(name: str, data: msgspec.Raw) -> Fact:
    decode = _payloads.get(name)
    if decode is None:
        kind = BY_WIRE.get(ALIASES.get(name, name))
        if kind is None:
            return Unknown(name=name)
        decode = _payloads[name] = msgspec.json.Decoder(kind).decode
    try:
        fact: Fact = decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Unknown(name=name)
    return fact


def _is_foreign(line: bytes) -> bool:
    try:
        record = _decode_any(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(record, dict) and "event_id" not in record
