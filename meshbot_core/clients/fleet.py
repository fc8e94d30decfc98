"""Having agents run as a fleet file says."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from meshbot_core.claude.flags import sorted_flags
from meshbot_core.clients.fleet_changes import changes, fleet_of
from meshbot_core.clients.fleet_file import Fleet
from meshbot_core.clients.left_sessions import bring_back, is_left
from meshbot_core.clients.looks import looking_into
from meshbot_core.clients.readiness import check_ready, is_trusted
from meshbot_core.clients.sessions import session_client, stop_session
from meshbot_core.clients.starting import heard_hello, settled
from meshbot_core.errors import HostUnavailableError, SessionError, SessionRunningError
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_api import SessionAnswer
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions, host_answers
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.session.defaults import with_defaults
from meshbot_core.session.records import SessionOptions

_STOP_LIMIT_S: Final = 10.0


@dataclass(slots=True)
class FleetWork:
    """One ``up``; ``environment`` is that of whoever typed it."""

    fleet: Fleet
    mesh: MeshPaths
    environment: dict[str, str]
    _checked: set[tuple[str, ...]] = field(default_factory=set)
    _checking: defaultdict[tuple[str, ...], asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    async def bring_up(self, agent: AgentPaths) -> str:
        """Have one agent run as the file says; what was done about it."""
        wanted = self.fleet.options(agent.agent, self.environment)
        await bring_back(agent)
        running = await running_options(agent)
        if running is None:
            return await self._start(agent, wanted)
        different = changes(running, wanted)
        if not different:
            return "runs already"
        if fleet_of(running) != str(self.fleet.path):
            by = f"from {fleet_of(running)}" if fleet_of(running) else "by hand"
            return f"runs, was started {by} and is left alone; it differs: {', '.join(different)}"
        await self._check(wanted)
        async with session_client(agent) as session:
            await session.restart(wanted)
        return f"is started again: {', '.join(different)}"

    async def _start(self, agent: AgentPaths, wanted: SessionOptions) -> str:
        await self._check(wanted)
        spawn = SpawnOptions()
        async with HostClient.connected(agent, kind="cli", spawn=spawn, present=True) as client:
            await heard_hello(client)
            try:
                await SessionClient(client).start(wanted)
            except SessionRunningError:
                return "runs already"
            view = await settled(client)
        if view.is_over:
            raise SessionError(
                f"ended at once: {view.reason or view.state}",
                hint=f"see what it said: meshbot logs {agent.agent}",
            )
        untrusted = ""
        if view.kind == "interactive" and not is_trusted(Path(wanted.folder), self.environment):
            untrusted = f"; asks whether its folder is trusted: meshbot attach {agent.agent}"
        return f"is started ({view.kind}, pid {view.pid}){untrusted}"

    async def _check(self, wanted: SessionOptions) -> None:
        """What ``start`` checks; once for agents that share a claude and its settings."""
        flags = sorted_flags(wanted.flags)
        environment = self.environment | wanted.environment
        variables = [f"{name}={value}" for name, value in sorted(wanted.environment.items())]
        claude = with_defaults(wanted, self.mesh).claude
        key = (claude or "", flags.settings or "", *variables)
        async with self._checking[key]:
            if key not in self._checked:
                folder = Path(wanted.folder)
                await asyncio.to_thread(check_ready, folder, flags, environment, claude=claude)
                self._checked.add(key)


async def running_options(agent: AgentPaths) -> SessionOptions | None:
    """What the agent's session was started with, None when it has none that runs."""
    if not await asyncio.to_thread(host_answers, agent):
        return None
    try:
        async with looking_into(agent) as client:
            answer: SessionAnswer = await SessionClient(client).session()
    except HostUnavailableError:
        if await asyncio.to_thread(host_answers, agent):
            raise
        return None  # it was just ending
    is_there = answer.session is not None and not answer.session.is_over
    return answer.options if is_there else None


async def take_down(agent: AgentPaths) -> str:
    """End one agent's session; what was done about it."""
    if not await is_left(agent) and await running_options(agent) is None:
        return "does not run"
    await stop_session(agent, timeout_s=_STOP_LIMIT_S)
    return "is stopped"
