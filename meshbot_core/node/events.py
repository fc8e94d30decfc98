"""What a node tells its owner, as it happens."""

from dataclasses import dataclass

from meshbot_core.errors import MeshError
from meshbot_core.mailbox.records import InboxMessage, OutboxMessage, OutboxState


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """A message passed every check and is on disk in the inbox."""

    message: InboxMessage


@dataclass(frozen=True, slots=True)
class AnswerArrived:
    """A peer answered an open ask of ours; the answer is on disk."""

    ask_id: str
    message: InboxMessage


@dataclass(frozen=True, slots=True)
class OutboxChanged:
    """A message of ours was delivered, given up, or tried in vain and kept."""

    message: OutboxMessage


@dataclass(frozen=True, slots=True)
class PeerHeard:
    """A peer showed that it is there: it spoke to us, or answered a health question."""

    name: str


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    """``Node.config`` is new."""


@dataclass(frozen=True, slots=True)
class ConfigFailed:
    """The configuration makes no sense now; the last good one stays in force."""

    error: MeshError


NodeEvent = (
    MessageArrived | AnswerArrived | OutboxChanged | PeerHeard | ConfigChanged | ConfigFailed
)


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """How far a message of ours got: ``state`` is still ``queued`` when it will be tried again."""

    state: OutboxState
    error: str | None
