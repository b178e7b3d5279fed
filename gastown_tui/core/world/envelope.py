"""One event as one line of the log: written with a checksum, read back with every doubt spelled out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from zlib import crc32

import msgspec

from gastown_tui.core import events as e
from gastown_tui.core.errors import BadInput
from gastown_tui.core.events import ALIASES, Event, Fact, Unknown
from gastown_tui.core.model.ids import EventId
from gastown_tui.core.world.joining import MARKERS
from gastown_tui.core.world.mint import is_event_id

LINE_LIMIT = 4 * 1024 * 1024
"""Bytes one record may take, unless it carries a line somebody else wrote."""
_CRC_TAIL = len(b',"crc":"00000000"}')


class Damaged(Exception):
    """A line that is no event and nobody else's record either."""


class _Foreign(msgspec.Struct):
    """The envelope of an event whose payload this version does not know, or cannot read."""

    event_id: str
    event_type: str
    timestamp: str = ""
    actor: str | None = ""
    correlation_id: str | None = None
    caused_by: str | None = None
    tx: str | None = ""


_encode = msgspec.json.Encoder().encode
_decode_foreign = msgspec.json.Decoder(_Foreign).decode
_decode_any = msgspec.json.Decoder().decode
_decoders: dict[bytes, Callable[[bytes], Event]] = {}
_HEAD = b'{"event_id":"evt-'
_NAME_AT = len(_HEAD) + 26 + len(b'","event_type":"')


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
    if len(body) > LINE_LIMIT and not isinstance(event.fact, (e.BeadImported, e.LineKept)):
        raise BadInput(f"a record of {len(body)} bytes is too long", hint=f"the limit is {LINE_LIMIT}")
    return b'%b,"crc":"%08x"}\n' % (body, crc32(body))


def without_crc(line: bytes) -> bytes:
    """The same line as the feed shows it."""
    return line[:-_CRC_TAIL] + b"}" if _has_crc(line) else line


def decode_event(line: bytes, *, needs_crc: bool = True) -> Event | None:
    """Read one line, without its newline; None for a record of another program (valid JSON, no `event_id`).

    Args:
        line: The line.
        needs_crc: Lines of this program carry a checksum. Those of the feed do not.

    Raises:
        Damaged: not JSON, a wrong checksum, or an envelope of the wrong types.
    """
    decode = _decoders.get(line[_NAME_AT : line.find(b'"', _NAME_AT)])
    if decode is not None and line[-_CRC_TAIL:] == b',"crc":"%08x"}' % crc32(line[:-_CRC_TAIL]):
        try:
            return decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
    return _decode_slowly(line, needs_crc)


def _decode_slowly(line: bytes, needs_crc: bool) -> Event | None:
    """Lines of other programs or versions, or carried through one that ends lines in CR LF."""
    if line.endswith(b"\r"):
        return decode_event(line.rstrip(b"\r"), needs_crc=needs_crc)
    try:
        record = _decode_any(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged("a merge conflict marker" if line.startswith(MARKERS) else str(error)) from error
    if not isinstance(record, dict):
        raise Damaged("not a record")
    if "event_id" not in record and "crc" not in record:
        return None
    try:
        head = _decode_foreign(line)
    except msgspec.DecodeError as error:
        raise Damaged(str(error)) from error
    if "crc" in record and (not _has_crc(line) or b"%08x" % crc32(line[:-_CRC_TAIL]) != line[-10:-2]):
        raise Damaged("checksum does not match")
    if "crc" not in record and needs_crc and is_event_id(head.event_id):
        raise Damaged("the checksum is missing")
    if line.startswith(_HEAD + head.event_id[4:].encode() + b'","event_type":"' + head.event_type.encode() + b'"'):
        _learn(head.event_type)
    return Event(
        event_id=EventId(head.event_id),
        event_type=head.event_type,
        timestamp=head.timestamp,
        actor=head.actor or "",
        correlation_id=head.correlation_id,
        caused_by=EventId(head.caused_by) if head.caused_by else None,
        tx=head.tx or "",
        fact=_fact(head.event_type, record.get("data")),
    )


def _fact(name: str, data: Any) -> Fact:
    kind = e.BY_WIRE.get(ALIASES.get(name, name))
    if kind is None:
        return Unknown(name=name)
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError:
        return Unknown(name=name)


def _has_crc(line: bytes) -> bool:
    return line[-_CRC_TAIL:-10] == b',"crc":"'


def _learn(name: str) -> None:
    """Read later events of a type in one go, straight into an `Event`: several times faster than in two steps."""
    kind = e.BY_WIRE.get(name)
    if kind is not None and name.encode() not in _decoders:
        whole = msgspec.defstruct(
            "Event", [("fact", kind, msgspec.field(name="data"))], bases=(Event,), frozen=True, kw_only=True
        )
        _decoders[name.encode()] = cast(Callable[[bytes], Event], msgspec.json.Decoder(whole).decode)
