"""What a mailbox takes and gives back: frozen values, no SQL."""

from dataclasses import dataclass
from typing import Literal

from meshbot_core.types import MessageKind

InboxState = Literal["new", "leased", "done"]
OutboxState = Literal["queued", "sending", "delivered", "failed", "expired"]
AskState = Literal["open", "answered", "timed_out", "late"]
Channel = Literal["tool_result", "check", "ask", "hook", "wake", "stream_json", "paste"]


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A message that a peer gave us; ``seq`` is its place in the journal.

    ``shown_count`` is how often it was handed to a reader before now; above zero it must be
    marked ``shownBefore`` when it is handed over again. Times are Unix milliseconds;
    ``sent_at_ms`` is by the sender's clock.
    """

    seq: int
    id: str
    sender: str
    kind: MessageKind
    payload: str
    reply_to: str | None
    sent_at_ms: int
    received_at_ms: int
    state: InboxState
    shown_count: int
    hops: int = 0
    """How many messages led to this one, one after the other, as far as their agents count."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message of ours, not yet in the outbox.

    ``expires_at_ms`` ends delivery attempts. ``session`` is who asked (asks only): its lease
    gets the answer.
    """

    id: str
    to: str
    kind: MessageKind
    payload: str
    reply_to: str | None
    expires_at_ms: int
    session: str | None = None
    hops: int = 0


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message of ours and how far it got.

    ``stamped_at_ms`` and ``nonce`` are what the wire message carries: inside the clock window
    a retry sends the identical bytes.
    """

    seq: int
    id: str
    to: str
    kind: MessageKind
    payload: str
    reply_to: str | None
    created_at_ms: int
    expires_at_ms: int
    stamped_at_ms: int
    nonce: str
    state: OutboxState
    attempts: int
    last_error: str | None
    finished_at_ms: int | None
    ask_state: AskState | None
    hops: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message that came in.

    ``stored``: in the inbox as new. ``duplicate``: this sender's message of this id is here
    already. ``answered``: it answered an open ask. ``late``: it answered an ask that had ended,
    or one of our plain messages, and is in the inbox. ``unmatched``: an answer to nothing that
    we sent to this peer; not kept.
    """

    outcome: Literal["stored", "duplicate", "answered", "late", "unmatched"]
    message: InboxMessage | None


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """Who wants messages, how they will be shown, and how many fit.

    ``cut_bytes`` is what one message counts at most towards ``max_bytes`` (UTF-8 bytes of its
    text); the first message is handed over whatever it weighs. A ``lease_id`` that was used
    already hands over the same messages again, counted as the same showing.
    """

    session: str
    channel: Channel
    lease_id: str | None = None
    turn: int | None = None
    max_messages: int = 1000
    max_bytes: int = 256 * 1024
    cut_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class LeaseBatch:
    """Messages handed over together, oldest first; ``remaining`` are still new.

    ``lease_id`` is empty when there are no messages.
    """

    lease_id: str
    messages: tuple[InboxMessage, ...]
    remaining: int


@dataclass(frozen=True, slots=True)
class AskStatus:
    """Where an ask of ours stands; ``answer`` and ``lease_id`` are there once it is answered.

    ``lease_id`` is the lease that holds the answer, until it is acknowledged.
    """

    id: str
    to: str
    state: AskState
    delivery: OutboxState
    timeout_ms: int
    expires_at_ms: int
    answer: InboxMessage | None
    lease_id: str


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One message of the mailbox, either way, as the journal tells it."""

    seq: int
    direction: Literal["in", "out"]
    id: str
    peer: str
    kind: MessageKind
    payload: str
    reply_to: str | None
    at_ms: int
    state: InboxState | OutboxState
    ask_state: AskState | None
    attempts: int
    last_error: str | None
    finished_at_ms: int | None


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What became of a tool call that waited for a person; ``tool_input`` is JSON."""

    approval_id: str
    tool: str
    tool_input: str
    behavior: str
    scope: str
    reason: str
    decided_by: str
    pid: int | None
    uid: int | None
    asked_at_ms: int
    decided_at_ms: int


@dataclass(frozen=True, slots=True)
class MailboxLimits:
    """Bounds of one mailbox; every one is reached by a test."""

    max_unread: int = 250_000
    max_unread_bytes: int = 1024 * 1024 * 1024
    max_queued_per_peer: int = 10_000
    keep_finished_ms: int = 30 * 24 * 3600 * 1000
    keep_finished_messages: int = 1_000_000
    keep_decisions: int = 10_000


@dataclass(frozen=True, slots=True)
class MailboxCounts:
    """How much lies where, at one moment."""

    unread: int
    unread_bytes: int
    leased: int
    queued: int
    open_asks: int
