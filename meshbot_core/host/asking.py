"""Asks of one agent: their clock, the wait for an answer, and what ends it.

An ask belongs to the host: whoever waits for it may be replaced meanwhile.
"""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final

from meshbot_core.errors import InvalidArgumentError, NoSuchMessageError
from meshbot_core.host import api
from meshbot_core.host.views import view_of
from meshbot_core.host.writing import Writing
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import AskStatus, LeaseRequest
from meshbot_core.node.health import AskStanding
from meshbot_core.node.node import Node
from meshbot_core.types import Clock

_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 4.0


@dataclass(slots=True, eq=False)
class _Wait:
    """One request that waits for something to happen to an ask."""

    ask_id: str
    peer: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    standing: AskStanding | None = None


@dataclass(slots=True)
class Asking:
    """The asks of one agent, over its mailbox and its node."""

    mailbox: Mailbox
    node: Node
    clock: Clock
    writing: Writing
    _waits: set[_Wait] = field(default_factory=set)

    async def ask(self, request: api.AskRequest) -> api.AskResult:
        """Put an ask on disk, start its clock and see its first attempt through."""
        if not 0 < request.timeout_s <= api.ASK_LIMIT_S:
            raise InvalidArgumentError(
                f"timeoutSeconds is {request.timeout_s:g}, outside (0, 86400]",
                hint="give the seconds to wait for an answer, at most a day",
            )
        to = await self.writing.receiver(request.to, request.message)
        draft = self.writing.draft(request.id, to, "ask", request.message)
        draft = replace(
            draft,
            expires_at_ms=self.clock.now_ms() + max(1, round(request.timeout_s * 1000)),
            session=request.session or None,
        )
        message = await self.mailbox.enqueue(draft)
        self.node.wake(draft.to)
        crossed = await self._crossed(request.id, to, request.session)
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

    async def ask_state(
        self, ask_id: str, *, session: str, wait_s: float, known: str | None = None
    ) -> api.AskResult:
        """Where an ask stands; waits up to ``wait_s`` seconds for a change.

        With ``known``, the peer that has it is asked how far it is, and another word than that
        is a change.
        """
        status = await self._ask(ask_id)
        # Before the look that decides: what happens between look and wait must wake us.
        wait = _Wait(ask_id, status.to)
        self._waits.add(wait)
        try:
            found = await self._as_it_is(ask_id, session)
            if found.state != "open" or found.crossing is not None or wait_s <= 0:
                return found
            left_s = (found.expires_at_ms - self.clock.now_ms()) / 1000
            async with asyncio.timeout(max(0.0, min(wait_s, left_s))), asyncio.TaskGroup() as group:
                looking = group.create_task(self._look(wait, known, found))
                await wait.changed.wait()
                looking.cancel()
        except TimeoutError:
            pass
        finally:
            self._waits.discard(wait)
        result = await self._as_it_is(ask_id, session)
        return result.model_copy(update={"progress": _progress(wait.standing or known)})

    async def _look(self, wait: _Wait, known: str | None, found: api.AskResult) -> None:
        """Ask the peer again and again how far it is, as long as it tells."""
        if known is None or found.delivery != "delivered":
            return
        pause_s = _FIRST_PAUSE_S
        while (standing := await self.node.ask_standing(wait.peer, wait.ask_id)) != "untold":
            if standing not in ("away", known):
                wait.standing = standing
                wait.changed.set()
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _as_it_is(self, ask_id: str, session: str) -> api.AskResult:
        status = await self._ask(ask_id)
        if status.state == "open" and self.clock.now_ms() < status.expires_at_ms:
            crossed = await self._crossed(ask_id, status.to, session)
            if crossed is not None:
                return crossed
        return await self._ended_if_late(status)

    async def cancel_ask(self, ask_id: str) -> api.AskResult:
        """Wait no longer; an answer goes to the inbox, and so does an ask that crossed ours."""
        await self.mailbox.give_back(lease_ids=[_crossing_lease(ask_id)])
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
        elif status.answer is None:
            reason = await self.writing.note_on(status.to)
        return self._ask_result(status, reason=reason)

    async def _crossed(self, ask_id: str, peer: str, session: str) -> api.AskResult | None:
        """End the wait when the peer that was asked is asking us (decision 5).

        An ask to ourselves is no such circle: another session of ours may answer it.
        """
        if peer == self.node.agent:
            return None
        batch = await self.mailbox.lease_ask_from(
            peer,
            LeaseRequest(session=session, channel="tool_result", lease_id=_crossing_lease(ask_id)),
        )
        if not batch.messages:
            return None
        self.writing.saw(batch.messages)
        status = await self.mailbox.detach_ask(ask_id)
        return self._ask_result(status).model_copy(
            update={
                "crossing": view_of(batch.messages[0], max_bytes=api.PUSH_MESSAGE_BYTES),
                "crossing_lease_id": batch.lease_id,
            }
        )

    def _ask_result(self, status: AskStatus, *, reason: str = "") -> api.AskResult:
        # An awaited answer does not count as a hop: one turn may ask many, one after the other.
        return api.AskResult(
            id=status.id,
            to=status.to,
            state=status.state,
            delivery=status.delivery,
            reason=reason,
            peer_url=self.writing.url_of(status.to),
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


def _crossing_lease(ask_id: str) -> str:
    return f"crossing-{ask_id}"


def _progress(standing: str | None) -> api.AskProgress:
    match standing:
        case "delivered" | "seen" | "working":
            return standing
        case _:
            return ""
