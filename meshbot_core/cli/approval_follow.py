"""``approvals --follow``: what waits at any agent of this machine, as it comes up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.cli.approval_rows import decision_row, print_approval, print_decision, row_of
from meshbot_core.cli.show import JsonRows, note
from meshbot_core.clients.looks import all_agents
from meshbot_core.errors import MeshError
from meshbot_core.host.api import GoodbyeEvent, Hello, HostEvent
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_api import ApprovalEvent, SessionEvent
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import host_answers
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.session.records import Approval, Decision

_LOOK_AGAIN_S: Final = 1.0
_SILENCE_S: Final = 5.0
_MOST_SEEN: Final = 10_000


async def follow(paths: MeshPaths, *, is_json: bool) -> None:
    """Print approvals and decisions until interrupted; agents may come and go."""
    if not is_json:
        note("Approvals as they come up; Ctrl-C ends.")
    showing = _Showing(is_json=is_json)
    followed: dict[str, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as group:
        while True:
            for agent in all_agents(paths):
                task = followed.get(agent.agent)
                # A host without a session is left alone: our listening would keep it alive.
                if agent.session_json.exists() and (task is None or task.done()):
                    followed[agent.agent] = group.create_task(_follow_one(agent, showing))
            await asyncio.sleep(_LOOK_AGAIN_S)


@dataclass(slots=True)
class _Showing:
    """Prints each thing once, whether it was listed or came as an event."""

    is_json: bool
    _waiting: dict[str, Approval] = field(default_factory=dict)
    _seen: dict[str, None] = field(default_factory=dict)

    def waits(self, approval: Approval) -> None:
        if self._is_new(f"? {approval.id}"):
            self._waiting[approval.id] = approval
            if self.is_json:
                JsonRows.print_row(row_of(approval))
            else:
                print_approval(approval, list(self._waiting))

    def was_decided(self, agent: str, decision: Decision) -> None:
        self._waiting.pop(decision.approval_id, None)
        if self._is_new(f"! {decision.approval_id}"):
            if self.is_json:
                JsonRows.print_row(decision_row(agent, decision))
            else:
                print_decision(agent, decision)

    def _is_new(self, what: str) -> bool:
        if what in self._seen:
            return False
        self._seen[what] = None
        while len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return True


async def _follow_one(agent: AgentPaths, showing: _Showing) -> None:
    """One agent, until its session is over or its host is gone."""
    try:
        if not await asyncio.to_thread(host_answers, agent):
            return
        async with HostClient.connected(agent, kind="cli", present=True) as client:
            async for event in _events(agent, client):
                match event:
                    case Hello():
                        for approval in (await SessionClient(client).approvals()).approvals:
                            showing.waits(approval)
                    case ApprovalEvent(approval=approval, decision=None):
                        showing.waits(approval)
                    case ApprovalEvent(decision=Decision() as decision):
                        showing.was_decided(agent.agent, decision)
                    case _:
                        pass
    except MeshError:
        return  # it is tried again while it has a session


async def _events(agent: AgentPaths, client: HostClient) -> AsyncIterator[HostEvent]:
    """What the host tells, to the end of its session; ends too when the host was killed."""
    events = client.events()
    while True:
        try:
            async with asyncio.timeout(_SILENCE_S):
                event = await anext(events)
        except TimeoutError:
            if not await asyncio.to_thread(host_answers, agent):
                return
            events = client.events()
            continue
        yield event
        is_over = isinstance(event, SessionEvent) and (
            event.session is None or event.session.is_over
        )
        if is_over or isinstance(event, GoodbyeEvent):
            return
