"""From a request body to a message on disk."""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from meshbot_core.errors import RefusedMessageError, TooLargeError
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import Receipt
from meshbot_core.mesh.config import MeshConfig
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.node.answers import Answer
from meshbot_core.node.events import AnswerArrived, MessageArrived, NodeEvent, PeerHeard
from meshbot_core.types import Clock, MessageKind
from meshbot_core.wire.admission import admit
from meshbot_core.wire.message import WireMessage

_GZIP_WINDOW_BITS: Final = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes messages in for one agent; the caller has checked size and bearer."""

    agent: str
    key: MeshKey
    mailbox: Mailbox
    clock: Clock
    config: Callable[[], MeshConfig]
    notify: Callable[[NodeEvent], None]

    async def take(self, body: bytes, kind: MessageKind, *, is_gzip: bool) -> Answer:
        """Check a message, commit it, tell about it, and answer.

        Raises:
            RefusedMessageError: A check failed; nothing was stored.
            MailboxError: It cannot be stored now; the sender keeps it.
        """
        security = self.config().security
        if is_gzip:
            body = gunzipped(body, security.max_message_size_bytes)
        window_ms = security.replay_window_seconds * 1000
        message = admit(
            body,
            kind_of_path=kind,
            key=self.key,
            agent=self.agent,
            now_ms=self.clock.now_ms(),
            window_ms=window_ms,
        )
        receipt = await self.mailbox.receive(message, nonce_until_ms=message.timestamp + window_ms)
        self._tell(message, receipt)
        return _accepted(message, receipt)

    def _tell(self, message: WireMessage, receipt: Receipt) -> None:
        self.notify(PeerHeard(message.sender))
        stored = receipt.message
        if stored is None:
            return
        if receipt.outcome == "answered":
            self.notify(AnswerArrived(message.reply_to or "", stored))
        elif receipt.outcome in ("stored", "late"):
            self.notify(MessageArrived(stored))


def gunzipped(body: bytes, max_bytes: int) -> bytes:
    """Unpack a gzip body, never further than ``max_bytes``.

    Raises:
        TooLargeError: It holds more.
        RefusedMessageError: It is no gzip, or not all of it.
    """
    unpacker = zlib.decompressobj(_GZIP_WINDOW_BITS)
    try:
        text = unpacker.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise RefusedMessageError("Malformed gzip body") from error
    if len(text) > max_bytes:
        raise TooLargeError("Message too large")
    if not unpacker.eof or unpacker.unused_data:
        raise RefusedMessageError("Malformed gzip body")
    return text


def _accepted(message: WireMessage, receipt: Receipt) -> Answer:
    if message.kind == "response":
        is_resolved = receipt.outcome == "answered"
        return Answer(200, b'{"received":true,"resolved":%s}' % str(is_resolved).lower().encode())
    word = "delivered" if message.kind == "message" else "received"
    return Answer(200, f'{{"{word}":true,"messageId":{json.dumps(message.id)}}}'.encode())
