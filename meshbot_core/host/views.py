"""Mailbox records as the control API shows them."""

from collections.abc import Iterable

from meshbot_core.host.api import READ_CHARS, JournalRow, MessageBatch, MessagePart, MessageView
from meshbot_core.mailbox.records import InboxMessage, JournalEntry, LeaseBatch


def cut_text(text: str, max_bytes: int | None) -> str:
    """As much of ``text`` as ``max_bytes`` of UTF-8 hold, never half a character."""
    if max_bytes is None or len(text) * 4 <= max_bytes:
        return text
    data = text.encode()
    return text if len(data) <= max_bytes else data[:max_bytes].decode(errors="ignore")


def view_of(message: InboxMessage, *, max_bytes: int | None = None) -> MessageView:
    """One message for a reader, its text cut to ``max_bytes``."""
    return MessageView(
        id=message.id,
        sender=message.sender,
        kind=message.kind,
        text=cut_text(message.payload, max_bytes),
        sent_at_ms=message.sent_at_ms,
        received_at_ms=message.received_at_ms,
        reply_to=message.reply_to,
        shown_before=message.shown_count > 0,
        total_chars=len(message.payload),
        seq=message.seq,
    )


def batch_of(lease: LeaseBatch, *, max_bytes: int | None = None) -> MessageBatch:
    """Leased messages for a reader, each cut to ``max_bytes``."""
    views = tuple(view_of(message, max_bytes=max_bytes) for message in lease.messages)
    return MessageBatch(lease_id=lease.lease_id, messages=views, remaining=lease.remaining)


def part_of(message: InboxMessage, offset: int) -> MessagePart:
    """The stretch of a message that begins at character ``offset``."""
    total = len(message.payload)
    text = message.payload[offset : offset + READ_CHARS]
    end = offset + len(text)
    return MessagePart(
        id=message.id,
        sender=message.sender,
        kind=message.kind,
        offset=offset,
        text=text,
        next_offset=end if end < total else None,
        total_chars=total,
    )


def rows_of(entries: Iterable[JournalEntry]) -> tuple[JournalRow, ...]:
    """Journal entries for a reader."""
    return tuple(
        JournalRow(
            seq=entry.seq,
            direction=entry.direction,
            id=entry.id,
            peer=entry.peer,
            kind=entry.kind,
            text=entry.payload,
            reply_to=entry.reply_to,
            at_ms=entry.at_ms,
            state=entry.state,
            ask_state=entry.ask_state,
            attempts=entry.attempts,
            error=entry.last_error,
            finished_at_ms=entry.finished_at_ms,
        )
        for entry in entries
    )
