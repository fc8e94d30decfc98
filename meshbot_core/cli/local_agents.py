"""Doing something to several agents, with a line on each."""

from collections.abc import Awaitable, Callable, Iterable

from meshbot_core.cli.border import complain
from meshbot_core.cli.show import line
from meshbot_core.clients.looks import side_by_side
from meshbot_core.clients.text import plain
from meshbot_core.errors import MeshError
from meshbot_core.mesh.paths import AgentPaths


async def each_told(
    agents: Iterable[AgentPaths], act: Callable[[AgentPaths], Awaitable[str]]
) -> bool:
    """``act`` on all agents and print a line of each as it is done; whether none failed.

    The failures of some do not hold up the others.
    """

    async def acted(agent: AgentPaths) -> bool:
        try:
            line(f'"{plain(agent.agent)}" {plain(await act(agent))}')
        except MeshError as error:
            complain(f'"{agent.agent}": {error}', error.hint)
            return False
        return True

    return all(await side_by_side(agents, acted))
