"""Waiting for another agent's answer, and everything that can end it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import MeshError, NoSuchMessageError
from meshbot_core.host.api import AskProgress, AskResult, MessageView
from meshbot_core.host.client import HostClient
from meshbot_core.mcp.leases import CallId, Leases
from meshbot_core.types import new_id

PROGRESS_EVERY_S: Final = 3.0
_LONGEST_LOOK_S: Final = 30.0

_HOW_FAR: Final[Mapping[AskProgress, str]] = {
    "": "has the question; waiting for its answer",
    "delivered": "has the question, and has not read it yet",
    "seen": "has read the question; waiting for its answer",
    "working": "has read the question and is at work",
}

Progress = Callable[[float, float, str], Awaitable[None]]
"""Takes seconds waited, seconds to wait at most, and how things are."""


@dataclass(frozen=True, slots=True)
class Question:
    """What one call asks."""

    to: str
    message: str
    timeout_s: float


@dataclass(slots=True)
class Asking:
    """The asks that this session's calls wait for."""

    _leases: Leases
    _waiting: dict[CallId, str] = field(default_factory=dict)
    _crossing: dict[CallId, MessageView] = field(default_factory=dict)
    _failed: list[str] = field(default_factory=list)

    async def ask(
        self, client: HostClient, call: CallId, question: Question, progress: Progress | None
    ) -> AskResult:
        """Ask and wait until there is an answer, or a reason not to wait.

        A peer that cannot be reached is such a reason: the host goes on trying, and the answer
        comes to the inbox.
        """
        ask_id = new_id()
        self._waiting[call] = ask_id
        try:
            result = await self._answered(client, ask_id, question, progress)
        except MeshError:
            # The call fails, and the ask may go on: nobody waits for its answer here.
            self._failed.append(ask_id)
            raise
        self._carry(call, result)
        self._waiting.pop(call, None)
        return result

    async def _answered(
        self, client: HostClient, ask_id: str, question: Question, progress: Progress | None
    ) -> AskResult:
        result = await client.ask(
            to=question.to, message=question.message, timeout_s=question.timeout_s, id=ask_id
        )
        began_s = _now_s()
        while _goes_on(result):
            if progress is not None:
                waited_s = min(_now_s() - began_s, question.timeout_s)
                await progress(waited_s, question.timeout_s, _standing(result))
            is_told = progress is not None
            look_s = PROGRESS_EVERY_S if is_told else _LONGEST_LOOK_S
            known = result.progress if is_told else None
            result = await client.ask_state(ask_id, wait_s=look_s, known=known)
        if result.state == "open" and result.crossing is None:
            result = await self._left_to_the_host(client, result)
        return result

    async def leave_failed(self, client: HostClient) -> None:
        """Have the answers to asks whose calls failed come as messages."""
        while self._failed:
            # Out of the list first: another call of the session may be here too.
            ask_id = self._failed.pop(0)
            try:
                with contextlib.suppress(NoSuchMessageError):
                    left = await client.leave_ask(ask_id)
                    if left.lease_id:
                        await client.settle(give_back=[left.lease_id])
            except BaseException:
                self._failed.append(ask_id)
                raise

    async def cancelled(self, client: HostClient, call: CallId) -> None:
        """The client withdrew ``call``: an answer that still comes goes to the inbox."""
        self._crossing.pop(call, None)
        ask_id = self._waiting.pop(call, None)
        if ask_id is not None:
            try:
                await client.cancel_ask(ask_id)
            except NoSuchMessageError:
                return  # withdrawn before the host had heard of it

    def taken_crossing(self, call: CallId) -> MessageView | None:
        """The ask that ended the wait of ``call``, once."""
        return self._crossing.pop(call, None)

    async def _left_to_the_host(self, client: HostClient, queued: AskResult) -> AskResult:
        """Wait no longer for a peer that is down, unless it answered just now."""
        left = await client.leave_ask(queued.id)
        return left if left.answer is not None else queued

    def _carry(self, call: CallId, result: AskResult) -> None:
        if result.answer is not None:
            self._leases.carry(call, result.lease_id)
        if result.crossing is not None:
            self._leases.carry(call, result.crossing_lease_id)
            self._crossing[call] = result.crossing


def _goes_on(result: AskResult) -> bool:
    return result.state == "open" and result.crossing is None and result.delivery != "queued"


def _standing(result: AskResult) -> str:
    if result.delivery == "delivered":
        why = f" ({result.reason})" if result.reason else ""
        return f"{result.to} {_HOW_FAR[result.progress]}{why}"
    return f"putting the question to {result.to}"


def _now_s() -> float:
    return asyncio.get_running_loop().time()
