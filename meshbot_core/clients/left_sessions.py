"""Sessions that a dead host left behind: bringing them back, or ending them for good."""

import asyncio

from meshbot_core.host.client import HostClient
from meshbot_core.host.lock import owned
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions, host_answers
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.leftovers import end_leftovers


async def is_left(agent: AgentPaths) -> bool:
    """Whether a session of the agent waits for a host to go on."""
    return agent.session_json.exists() and not await asyncio.to_thread(host_answers, agent)


async def bring_back(agent: AgentPaths) -> bool:
    """Start a host for a session that was left; True once that host has gone on with it.

    Raises:
        MeshError: There is no host to be had.
    """
    if not await is_left(agent):
        return False
    async with HostClient.connected(agent, kind="cli", spawn=SpawnOptions()) as client:
        found = await SessionClient(client).session()
    return found.session is not None and not found.session.is_over


async def end_left(agent: AgentPaths) -> bool:
    """End a session that was left, so that no host brings it back; whether there was one.

    Raises:
        HostRunningError: A host has just come back, and has it.
    """
    if not await is_left(agent):
        return False
    async with owned(agent):
        # In this order: killed in between, the next host still looks for what is left.
        await asyncio.to_thread(end_leftovers, agent)
        agent.session_json.unlink(missing_ok=True)
    return True
