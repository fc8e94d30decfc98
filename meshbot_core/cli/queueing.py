"""``send --queue``: a message handed to a host that keeps trying."""

import asyncio

from meshbot_core.cli.outcome import tell_outcome
from meshbot_core.host.api import SendResult
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.paths import AgentPaths


def queue(agent: AgentPaths, to: str, text: str) -> None:
    """Hand over the message, wait for the first attempt, and print how it went."""
    tell_outcome(asyncio.run(_handed_over(agent, to, text)))


async def _handed_over(agent: AgentPaths, to: str, text: str) -> SendResult:
    async with HostClient.connected(agent, kind="cli", spawn=SpawnOptions()) as client:
        return await client.send(to=to, message=text)
