"""What is done to the session of an agent of this machine, wherever its host is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from meshbot_core.clients.left_sessions import bring_back, end_left
from meshbot_core.errors import HostRunningError, NoSessionError
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import host_answers
from meshbot_core.mesh.paths import AgentPaths


@contextlib.asynccontextmanager
async def session_client(agent: AgentPaths) -> AsyncIterator[SessionClient]:
    """What can be done with an agent's session; one that a dead host left is brought back.

    Raises:
        NoSessionError: No host runs, and none has a reason to.
    """
    await bring_back(agent)
    if not await asyncio.to_thread(host_answers, agent):
        raise NoSessionError(
            f'"{agent.agent}" does not run', hint=f"start it with: meshbot start --as {agent.agent}"
        )
    async with HostClient.connected(agent, kind="cli") as client:
        yield SessionClient(client)


async def stop_session(
    agent: AgentPaths, *, timeout_s: float = 10.0, signal_name: str = "SIGTERM"
) -> None:
    """End an agent's session for good, also one that a dead host left; returns when it has ended.

    Raises:
        NoSessionError: None runs, and none was left.
        SessionError: There is no signal of that name.
    """
    with contextlib.suppress(HostRunningError):
        if await end_left(agent):
            return
    async with session_client(agent) as session:
        await session.stop(timeout_s=timeout_s, signal_name=signal_name)
