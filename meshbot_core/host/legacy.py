"""Living beside the reference implementation under one name: its queue, and itself."""

import aiohttp

from meshbot_core.errors import HostRunningError, MeshError
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.mesh.urls import is_loopback_url

_LOOK_S = 1.0


async def refuse_living_namesake(agent: AgentPaths) -> None:
    """Make sure that nobody on this machine answers as this agent already.

    With our own lock held, whoever answers at the agent's loopback URL in its name is not a
    host of ours (decision 23).

    Raises:
        HostRunningError: Somebody does.
    """
    peer = read_config(agent.mesh).peers.get(agent.agent)
    if peer is None or not is_loopback_url(peer.url):
        return
    if await _name_at(peer.url) == agent.agent:
        raise HostRunningError(
            f'an agent "{agent.agent}" that is not ours answers at {peer.url} already',
            hint="end it, or take another name with --as",
        )


async def _name_at(url: str) -> str | None:
    timeout = aiohttp.ClientTimeout(total=_LOOK_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            # Only the name is asked for; nothing is sent that a certificate would protect.
            session.get(f"{url}/mesh/health", ssl=False) as response,
        ):
            body: object = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
    name = body.get("agent") if isinstance(body, dict) else None
    return name if isinstance(name, str) else None


async def import_legacy_queue(agent: AgentPaths, mailbox: Mailbox) -> None:
    """Take over, once, what a reference agent of this name left in its ``queue.json``."""
    if not agent.legacy_queue.exists():
        return
    try:
        await mailbox.import_queue(agent.legacy_queue)
    except MeshError as error:
        mailbox.notice(f"{agent.legacy_queue} was not imported: {error}")
