"""The agents of this machine, and short looks into their hosts that no host can drag out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeVar

from meshbot_core.errors import (
    HostUnavailableError,
    InvalidNameError,
    MeshError,
    UnknownLocalAgentError,
)
from meshbot_core.host.api import HostStatus
from meshbot_core.host.client import HostClient
from meshbot_core.host.link import Link, new_session
from meshbot_core.host.spawn import host_answers
from meshbot_core.host.unix_http import UnixHttp
from meshbot_core.mesh.paths import AgentPaths, MeshPaths

LOOK_LIMIT_S: Final = 2.0
_AT_ONCE: Final = 8
"""Agents that are started or ended beside each other."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Look:
    """One agent and what its host says; ``status`` None: no host runs, or it does not answer."""

    agent: AgentPaths
    status: HostStatus | None = None
    error: MeshError | None = None


def local_agents(paths: MeshPaths) -> tuple[str, ...]:
    """The agents that have a place on this machine, sorted."""
    names: list[str] = []
    for folder in sorted(paths.folder.glob("queues/*/")):
        try:
            names.append(paths.agent(folder.name).agent)
        except InvalidNameError:
            continue
    return tuple(names)


def all_agents(paths: MeshPaths) -> tuple[AgentPaths, ...]:
    """Every agent that has a place on this machine, by name."""
    return tuple(paths.agent(name) for name in local_agents(paths))


def local_agent(paths: MeshPaths, name: str) -> AgentPaths:
    """The agent of this machine that a person named.

    Raises:
        InvalidNameError: No agent may have that name.
        UnknownLocalAgentError: It has no place on this machine.
    """
    agent = paths.agent(name)
    known = local_agents(paths)
    if name not in known:
        meant = get_close_matches(name, known, n=1)
        raise UnknownLocalAgentError(
            f'no agent "{name}" on this machine' + (f'; "{meant[0]}" was meant?' if meant else ""),
            hint="see who is here: meshbot ps",
        )
    return agent


@contextlib.asynccontextmanager
async def looking_into(agent: AgentPaths) -> AsyncIterator[HostClient]:
    """A client for a few questions; it starts no host, and its leaving ends none.

    Raises:
        HostUnavailableError: No host runs, or it says nothing within ``LOOK_LIMIT_S``.
    """
    with contextlib.closing(UnixHttp(agent)) as http:
        # Ending from the start: a call that meets no host fails at once.
        link = Link(agent, None, http, is_ending=True)
        try:
            async with asyncio.timeout(LOOK_LIMIT_S):
                yield HostClient(link, kind="cli", session=new_session("cli"))
        except TimeoutError as error:
            raise HostUnavailableError(
                f"the host of {agent.agent!r} says nothing within {LOOK_LIMIT_S:g} s",
                hint="run: meshbot doctor",
            ) from error


async def look(agent: AgentPaths) -> Look:
    """How one agent's host is, within ``LOOK_LIMIT_S``."""
    try:
        if not await asyncio.to_thread(host_answers, agent):
            return Look(agent)
        async with looking_into(agent) as client:
            return Look(agent, await client.status())
    except MeshError as error:
        # It may have been about to end: that is no host that hangs.
        is_there = await asyncio.to_thread(host_answers, agent)
        return Look(agent, error=error) if is_there else Look(agent)


async def side_by_side(
    agents: Iterable[AgentPaths], act: Callable[[AgentPaths], Awaitable[Result]]
) -> tuple[Result, ...]:
    """``act`` on all agents, some at a time; the results in the agents' order."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def acted(agent: AgentPaths) -> Result:
        async with free:
            return await act(agent)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(acted(agent)) for agent in agents]
    return tuple(task.result() for task in tasks)
