"""What an agent can do on the mesh: send, ask, reply, read.

One place for the rules between the control API and the mailbox: who may be written to, how
long something is tried, when a wait for an answer ends.
"""

import asyncio
import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from meshbot_core.errors import InvalidArgumentError, NoSuchMessageError, TooLargeError
from meshbot_core.host import api
from meshbot_core.host.views import batch_of, part_of, view_of
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import AskStatus, Draft, LeaseRequest, OutboxMessage
from meshbot_core.mesh.peers import peer as peer_named
from meshbot_core.node.node import Node
from meshbot_core.types import Clock, MessageKind

MESSAGE_TTL_MS: Final = 24 * 3600 * 1000
_ENVELOPE_BYTES: Final = 1024
"""What a wire message needs beside its text, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class _Wait:
    """One request that waits for something to happen to an ask."""

    ask_id: str
    peer: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Desk:
    """The operations of one agent, over its mailbox and its node."""

    agent: str
    mailbox: Mailbox
    node: Node
    clock: Clock
    _waits: set["_Wait"] = field(default_factory=set)

    # -- sending

    async def send(self, request: api.SendRequest) -> api.SendResult:
        """Put a message on disk and, with ``wait``, see its first attempt through."""
        self._check_receiver(request.to, request.message)
        draft = self._draft(request.id, request.to, "message", request.message)
        return await self._post(draft, wait=request.wait)

    async def broadcast(self, request: api.BroadcastRequest) -> tuple[api.SendResult, ...]:
        """Send to every other agent of the mesh but those excluded."""
        self.node.reread()
        skip = {self.agent, *request.exclude}
        names = [name for name in self.node.config.peers if name not in skip]
        for name in names:
            self._check_receiver(name, request.message)
        async with asyncio.TaskGroup() as group:
            posts = [
                group.create_task(
                    self._post(
                        self._draft(
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
        self._check_receiver(request.to, request.message)
        original = await self.mailbox.message(request.message_id)
        is_plain = original is not None and (original.kind, original.sender) == (
            "message",
            request.to,
        )
        draft = self._draft(
            request.id, request.to, "message" if is_plain else "response", request.message
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
            peer_url=self._url_of(message.to),
        )

    # -- asking

    async def ask(self, request: api.AskRequest) -> api.AskResult:
        """Put an ask on disk, start its clock and see its first attempt through."""
        if not 0 < request.timeout_s <= api.ASK_LIMIT_S:
            raise InvalidArgumentError(
                f"timeoutSeconds is {request.timeout_s:g}, outside (0, 86400]",
                hint="give the seconds to wait for an answer, at most a day",
            )
        self._check_receiver(request.to, request.message)
        draft = self._draft(request.id, request.to, "ask", request.message)
        draft = replace(
            draft,
            expires_at_ms=self.clock.now_ms() + max(1, round(request.timeout_s * 1000)),
            session=request.session or None,
        )
        message = await self.mailbox.enqueue(draft)
        self.node.wake(draft.to)
        crossed = await self._crossed(request.id, request.to, request.session)
        if crossed is not None:
            return crossed
        if message.state in ("queued", "sending"):
            left_s = max(0.0, (message.expires_at_ms - self.clock.now_ms()) / 1000)
            try:
                async with asyncio.timeout(left_s):
                    await self.node.first_outcome(request.id)
            except TimeoutError:
                pass
        return await self.ask_state(request.id, session=request.session, wait_s=0)

    async def ask_state(self, ask_id: str, *, session: str, wait_s: float) -> api.AskResult:
        """Where an ask stands; waits up to ``wait_s`` seconds for a change."""
        status = await self._ask(ask_id)
        if status.state != "open" or wait_s <= 0:
            return await self._ended_if_late(status)
        left_s = (status.expires_at_ms - self.clock.now_ms()) / 1000
        wait = _Wait(ask_id, status.to)
        self._waits.add(wait)
        try:
            async with asyncio.timeout(max(0.0, min(wait_s, left_s))):
                await wait.changed.wait()
        except TimeoutError:
            pass
        finally:
            self._waits.discard(wait)
        crossed = await self._crossed(ask_id, status.to, session)
        return crossed or await self._ended_if_late(await self._ask(ask_id))

    async def cancel_ask(self, ask_id: str) -> api.AskResult:
        """Wait no longer; an answer that still comes goes to the inbox."""
        return self._ask_result(await self.mailbox.end_ask(ask_id))

    async def leave_ask(self, ask_id: str) -> api.AskResult:
        """Go on with the ask, but let its answer be a message of the inbox."""
        return self._ask_result(await self.mailbox.detach_ask(ask_id))

    async def _ask(self, ask_id: str) -> AskStatus:
        status = await self.mailbox.ask_status(ask_id)
        if status is None:
            raise NoSuchMessageError(f"no ask of id {ask_id!r} was made here")
        return status

    async def _ended_if_late(self, status: AskStatus) -> api.AskResult:
        if status.state == "open" and self.clock.now_ms() >= status.expires_at_ms:
            status = await self.mailbox.end_ask(status.id)
        reason = ""
        if status.delivery != "delivered":
            message = await self.mailbox.outbox_message(status.id)
            reason = (message.last_error if message else None) or ""
        return self._ask_result(status, reason=reason)

    async def _crossed(self, ask_id: str, peer: str, session: str) -> api.AskResult | None:
        """End the wait when the peer that was asked is asking us (decision 5)."""
        batch = await self.mailbox.lease_ask_from(
            peer,
            LeaseRequest(session=session, channel="tool_result", lease_id=f"crossing-{ask_id}"),
        )
        if not batch.messages:
            return None
        status = await self.mailbox.detach_ask(ask_id)
        return self._ask_result(status).model_copy(
            update={
                "crossing": view_of(batch.messages[0], max_bytes=api.PUSH_MESSAGE_BYTES),
                "crossing_lease_id": batch.lease_id,
            }
        )

    def _ask_result(self, status: AskStatus, *, reason: str = "") -> api.AskResult:
        return api.AskResult(
            id=status.id,
            to=status.to,
            state=status.state,
            delivery=status.delivery,
            reason=reason,
            peer_url=self._url_of(status.to),
            expires_at_ms=status.expires_at_ms,
            timeout_ms=status.timeout_ms,
            answer=view_of(status.answer) if status.answer else None,
            lease_id=status.lease_id,
        )

    def ask_changed(self, ask_id: str) -> None:
        """Wake whoever waits for this ask."""
        for wait in self._waits:
            if wait.ask_id == ask_id:
                wait.changed.set()

    def asked_by(self, peer: str) -> None:
        """An ask of ``peer`` came in: whoever waits for that peer's answer looks at it."""
        for wait in self._waits:
            if wait.peer == peer:
                wait.changed.set()

    # -- reading

    async def check(self, call: api.LeaseCall) -> api.MessageBatch:
        """Hand whole messages to a reader (decision 34: at least one, up to 256 kB)."""
        request = LeaseRequest(
            session=call.session,
            channel="check",
            lease_id=call.lease_id,
            max_bytes=api.CHECK_TOTAL_BYTES,
        )
        return batch_of(await self.mailbox.lease(request))

    async def pending(self, call: api.LeaseCall) -> api.MessageBatch:
        """Hand over what goes beside a tool result: 16 kB of a message, 64 kB together."""
        if not self.mailbox.counts.unread:
            return api.MessageBatch()
        request = LeaseRequest(
            session=call.session,
            channel="tool_result",
            lease_id=call.lease_id,
            max_bytes=api.PUSH_TOTAL_BYTES,
            cut_bytes=api.PUSH_MESSAGE_BYTES,
        )
        return batch_of(await self.mailbox.lease(request), max_bytes=api.PUSH_MESSAGE_BYTES)

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

    # -- helpers

    def _draft(self, message_id: str, to: str, kind: MessageKind, text: str) -> Draft:
        return Draft(
            id=message_id,
            to=to,
            kind=kind,
            payload=text,
            reply_to=None,
            expires_at_ms=self.clock.now_ms() + MESSAGE_TTL_MS,
        )

    def _check_receiver(self, to: str, text: str) -> None:
        self.node.reread()
        peer_named(self.node.config, to)
        limit = self.node.config.security.max_message_size_bytes
        try:
            size = len(json.dumps(text, ensure_ascii=False).encode())
        except UnicodeEncodeError as error:
            raise InvalidArgumentError(
                "the message holds half a surrogate pair, which no JSON text can carry"
            ) from error
        if size + _ENVELOPE_BYTES > limit:
            raise TooLargeError(
                f"the message is {size} bytes, over the mesh's limit of {limit}",
                hint="send it in parts, or a path or link to it",
            )

    def _url_of(self, name: str) -> str:
        found = self.node.config.peers.get(name)
        return found.url if found else ""


def _derived_id(broadcast_id: str, name: str) -> str:
    """The id of a broadcast's message to ``name``: the same for the same broadcast."""
    digest = hashlib.sha256(f"{broadcast_id}|{name}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
