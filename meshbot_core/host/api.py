"""The control API's values: what clients and an agent's host say to each other.

``docs/control.md`` describes the requests. Unknown members are ignored on both sides, so that
an old host answers a new client as far as it can.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from meshbot_core.host.session_api import ApprovalEvent, LogEvent, PushEvent, SessionEvent
from meshbot_core.session.records import Record, SessionView
from meshbot_core.types import MessageKind

API_VERSION: Final = 1
NO_ROUTE: Final = "bad_request"
"""The code of a refusal that aiohttp itself makes, of a path that there is none of too."""

PUSH_MESSAGE_BYTES: Final = 16 * 1024
"""What one message may weigh in a tool result's second part; the rest is read on demand."""

PUSH_TOTAL_BYTES: Final = 64 * 1024
CHECK_TOTAL_BYTES: Final = 256 * 1024
READ_CHARS: Final = 48 * 1024
"""What one ``read_message`` hands over, in characters."""

ClientKind = Literal["serve", "cli", "console", "watch", "test"]
"""``watch`` only looks on: it keeps no host alive and is not counted among the clients."""

ASK_LIMIT_S: Final = 86_400.0


ApiModel = Record
"""Base of everything on the control socket: frozen, tolerant of members it does not know."""


class MessageView(ApiModel):
    """A message as a reader gets it.

    ``text`` may be cut: ``total_chars`` says how long it is. Times are Unix milliseconds.
    """

    id: str
    sender: str
    kind: MessageKind
    text: str
    sent_at_ms: int
    received_at_ms: int
    reply_to: str | None = None
    shown_before: bool = False
    total_chars: int
    seq: int


class MessageBatch(ApiModel):
    """Messages leased together; ``remaining`` still wait. ``lease_id`` is empty for none."""

    lease_id: str = ""
    messages: tuple[MessageView, ...] = ()
    remaining: int = 0


class MessagePart(ApiModel):
    """A stretch of one message's text, in characters; ``next_offset`` is None at its end."""

    id: str
    sender: str
    kind: MessageKind
    offset: int
    text: str
    next_offset: int | None
    total_chars: int


class SendResult(ApiModel):
    """What became of one message by the time of the answer.

    ``queued``: it is on disk and tried again until ``retry_until_ms``. ``failed`` is final.
    ``resolved`` tells, of a reply, whether the asker was still waiting (None: not known).
    """

    id: str
    to: str
    state: Literal["delivered", "queued", "failed", "expired"]
    reason: str = ""
    retry_until_ms: int = 0
    peer_url: str = ""


AskProgress = Literal["", "delivered", "seen", "working"]


class AskResult(ApiModel):
    """Where an ask stands.

    ``delivery`` tells how far the question got, ``state`` the answer. ``answer`` is leased
    under ``lease_id``. ``crossing`` is an ask from the very peer that was asked: the wait has
    ended, and the answer comes later as a message. ``progress`` is how far the peer itself says
    that it is: it has the question, its model was shown it, its model is at work with it; empty
    when it does not tell, and for a client that does not ask (``known``).
    """

    id: str
    to: str
    state: Literal["open", "answered", "timed_out", "late"]
    delivery: Literal["queued", "sending", "delivered", "failed", "expired"]
    reason: str = ""
    peer_url: str = ""
    timeout_ms: int = 0
    expires_at_ms: int = 0
    answer: MessageView | None = None
    lease_id: str = ""
    crossing: MessageView | None = None
    crossing_lease_id: str = ""
    progress: AskProgress = ""


class PeerView(ApiModel):
    """One agent of the mesh and what its health told just now."""

    name: str
    url: str
    description: str = ""
    is_online: bool
    latency_ms: float | None = None
    skew_ms: int | None = None
    version: str | None = None
    protocols: tuple[int, ...] = ()
    """The versions of the wire that it speaks; empty when it does not tell."""
    error: str = ""
    state: str = ""
    """What its session does, in one word; empty when it has none, or does not tell."""


class ClientView(ApiModel):
    """Somebody who holds this host's event stream open."""

    kind: str
    session: str
    pid: int


class HostStatus(ApiModel):
    """An agent host and how it is."""

    api_version: int
    version: str
    agent: str
    mesh: str
    pid: int
    url: str
    host: str
    port: int
    started_at_ms: int
    unread: int
    leased: int
    queued: int
    open_asks: int
    clients: tuple[ClientView, ...] = ()
    rejected: dict[str, int] = Field(default_factory=dict)
    config_error: str = ""
    notices: tuple[str, ...] = ()
    session: SessionView | None = None


class JournalRow(ApiModel):
    """One message of the journal, either way."""

    seq: int
    direction: Literal["in", "out"]
    id: str
    peer: str
    kind: MessageKind
    text: str
    reply_to: str | None
    at_ms: int
    state: str
    ask_state: str | None
    attempts: int
    error: str | None
    finished_at_ms: int | None


class JournalPage(ApiModel):
    """Rows in journal order."""

    rows: tuple[JournalRow, ...]


class PeerPage(ApiModel):
    """Every agent of the mesh but this one, in the order of the configuration."""

    peers: tuple[PeerView, ...]


class SendResults(ApiModel):
    """One result for each receiver of a broadcast."""

    results: tuple[SendResult, ...]


class SendRequest(ApiModel):
    """``POST /v1/send``. The client chooses ``id``: the same again does nothing twice.

    ``wait`` waits for the first attempt at delivery. ``acknowledge`` are leases whose
    messages were read.
    """

    id: str
    to: str
    message: str
    wait: bool = True
    session: str = ""
    acknowledge: tuple[str, ...] = ()


class BroadcastRequest(ApiModel):
    """``POST /v1/broadcast``; each receiver's message id is derived from ``id``."""

    id: str
    message: str
    exclude: tuple[str, ...] = ()
    session: str = ""
    acknowledge: tuple[str, ...] = ()


class AskRequest(ApiModel):
    """``POST /v1/ask``. The clock starts now."""

    id: str
    to: str
    message: str
    timeout_s: float = 120.0
    session: str = ""
    acknowledge: tuple[str, ...] = ()


class ReplyRequest(ApiModel):
    """``POST /v1/reply`` to message ``message_id`` of agent ``to``."""

    id: str
    to: str
    message_id: str
    message: str
    session: str = ""
    acknowledge: tuple[str, ...] = ()


class LeaseCall(ApiModel):
    """``POST /v1/check`` and ``POST /v1/pending``: hand messages to this session.

    The client chooses ``lease_id``: the same again hands over the same messages.
    """

    session: str
    lease_id: str
    acknowledge: tuple[str, ...] = ()


class SettleCall(ApiModel):
    """``POST /v1/settle`` and ``POST /v1/goodbye``: what was read, and what was not."""

    session: str
    acknowledge: tuple[str, ...] = ()
    give_back: tuple[str, ...] = ()


class Hello(ApiModel):
    """The first line of an event stream: who answers."""

    type: Literal["hello"] = "hello"
    status: HostStatus


class MessageEvent(ApiModel):
    """A message came in and is on disk."""

    type: Literal["message"] = "message"
    message: MessageView


class DeliveryEvent(ApiModel):
    """A message of ours changed its state."""

    type: Literal["delivery"] = "delivery"
    id: str
    to: str
    kind: MessageKind
    state: str
    error: str = ""


class AskEvent(ApiModel):
    """An ask of ours was answered or ended."""

    type: Literal["ask"] = "ask"
    id: str
    state: str


class NoticeEvent(ApiModel):
    """Something that a person should know."""

    type: Literal["notice"] = "notice"
    text: str


class GoodbyeEvent(ApiModel):
    """The host ends; a client that still needs one starts another."""

    type: Literal["goodbye"] = "goodbye"
    reason: str = ""


HostEvent = (
    Hello
    | MessageEvent
    | DeliveryEvent
    | AskEvent
    | NoticeEvent
    | GoodbyeEvent
    | SessionEvent
    | ApprovalEvent
    | LogEvent
    | PushEvent
)
HOST_EVENT: TypeAdapter[HostEvent] = TypeAdapter(Annotated[HostEvent, Field(discriminator="type")])


class ErrorBody(ApiModel):
    """What every refusal on the control socket carries; ``code`` as in ``MeshError``."""

    error: str
    code: str = "mesh_error"
    hint: str = ""
    known: tuple[str, ...] = ()
