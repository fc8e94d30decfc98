"""What an agent can do on the mesh: send, reply, read; asking has a file of its own."""

import asyncio
import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from meshbot_core.errors import InvalidArgumentError, NoSuchMessageError
from meshbot_core.host import api
from meshbot_core.host.views import batch_of, part_of
from meshbot_core.host.writing import Writing
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import Draft, LeaseRequest, OutboxMessage
from meshbot_core.node.node import Node
from meshbot_core.types import new_id


@dataclass(slots=True)
class Desk:
    """The operations of one agent, over its mailbox and its node."""

    agent: str
    mailbox: Mailbox
    node: Node
    writing: Writing
    has_primary: Callable[[], bool] = lambda: False
    """Whether the agent has a session of its own, to which its messages are pushed."""

    # -- sending

    async def send(self, request: api.SendRequest) -> api.SendResult:
        """Put a message on disk and, with ``wait``, see its first attempt through."""
        to = await self.writing.receiver(request.to, request.message)
        draft = self.writing.draft(request.id, to, "message", request.message)
        return await self._post(draft, wait=request.wait)

    async def tell(self, to: str, text: str) -> None:
        """Send a message of the host's own, which no limit of its session counts or stops.

        Raises:
            MeshError: It cannot be sent.
        """
        name = await self.writing.receiver(to, text, is_counted=False)
        draft = replace(self.writing.draft(new_id(), name, "message", text), hops=0)
        await self._post(draft, wait=False)

    async def broadcast(self, request: api.BroadcastRequest) -> tuple[api.SendResult, ...]:
        """Send to every other agent of the mesh but those excluded."""
        self.node.reread()
        config = self.node.config
        skip = {
            self.agent,
            *(self.writing.operators.meant(name, config) for name in request.exclude),
        }
        names = [name for name in self.node.config.peers if name not in skip]
        for name in names:
            await self.writing.receiver(name, request.message)
        async with asyncio.TaskGroup() as group:
            posts = [
                group.create_task(
                    self._post(
                        self.writing.draft(
                            _derived_id(request.id, name), name, "message", request.message
                        ),
                        wait=True,
                    )
                )
                for name in names
            ]
        return tuple(post.result() for post in posts)

    async def reply(self, request: api.ReplyRequest) -> api.SendResult:
        """Answer a message of ``to``.

        A plain message is answered by a message that names it, which every implementation
        keeps; an ask, or what we do not know, by a response.
        """
        if not request.message_id:
            raise InvalidArgumentError(
                "messageId is empty", hint="give the id of the message you answer"
            )
        to = await self.writing.receiver(request.to, request.message)
        original = await self.mailbox.message(request.message_id)
        is_plain = original is not None and (original.kind, original.sender) == (
            "message",
            to,
        )
        draft = self.writing.draft(
            request.id,
            to,
            "message" if is_plain else "response",
            request.message,
            answered=original,
        )
        return await self._post(replace(draft, reply_to=request.message_id), wait=True)

    async def _post(self, draft: Draft, *, wait: bool) -> api.SendResult:
        message = await self.mailbox.enqueue(draft)
        self.node.wake(draft.to)
        if wait and message.state in ("queued", "sending"):
            await self.node.first_outcome(draft.id)
            message = await self.mailbox.outbox_message(draft.id) or message
        return self._result(message)

    def _result(self, message: OutboxMessage) -> api.SendResult:
        state = "queued" if message.state == "sending" else message.state
        return api.SendResult(
            id=message.id,
            to=message.to,
            state=state,
            reason="" if state == "delivered" else (message.last_error or "not tried yet"),
            retry_until_ms=message.expires_at_ms if state == "queued" else 0,
            peer_url=self.writing.url_of(message.to),
        )

    # -- reading

    async def check(self, call: api.LeaseCall) -> api.MessageBatch:
        """Hand whole messages to a reader (decision 34: at least one, up to 256 kB)."""
        request = LeaseRequest(
            session=call.session,
            channel="check",
            lease_id=call.lease_id,
            max_bytes=api.CHECK_TOTAL_BYTES,
        )
        batch = await self.mailbox.lease(request)
        self.writing.saw(batch.messages)
        return batch_of(batch)

    async def pending(self, call: api.LeaseCall) -> api.MessageBatch:
        """Hand over what goes beside a tool result: 16 kB of a message, 64 kB together.

        Nothing while a session gets pushes: its guard and its turns rule what it is shown.
        """
        if not self.mailbox.counts.unread or self.has_primary():
            return api.MessageBatch()
        request = LeaseRequest(
            session=call.session,
            channel="tool_result",
            lease_id=call.lease_id,
            max_bytes=api.PUSH_TOTAL_BYTES,
            cut_bytes=api.PUSH_MESSAGE_BYTES,
        )
        batch = await self.mailbox.lease(request)
        self.writing.saw(batch.messages)
        return batch_of(batch, max_bytes=api.PUSH_MESSAGE_BYTES)

    async def settle(self, acknowledge: Sequence[str], give_back: Sequence[str] = ()) -> None:
        """Note which leases were read and which were not."""
        if acknowledge:
            await self.mailbox.acknowledge(acknowledge)
        if give_back:
            await self.mailbox.give_back(lease_ids=give_back)

    async def read(self, message_id: str, offset: int) -> api.MessagePart:
        """A stretch of one message's text.

        Raises:
            NoSuchMessageError: No message of that id came in.
            InvalidArgumentError: ``offset`` is outside the text.
        """
        message = await self.mailbox.message(message_id)
        if message is None:
            raise NoSuchMessageError(
                f"no message of id {message_id[:80]!r} is in the inbox",
                hint="check_messages shows ids",
            )
        if not 0 <= offset <= len(message.payload):
            raise InvalidArgumentError(
                f"offset {offset} is outside the text of {len(message.payload)} characters"
            )
        return part_of(message, offset)


def _derived_id(broadcast_id: str, name: str) -> str:
    """The id of a broadcast's message to ``name``: the same for the same broadcast."""
    digest = hashlib.sha256(f"{broadcast_id}|{name}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
