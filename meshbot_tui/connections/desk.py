"""All connections of the console to one mesh, opened and closed together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from meshbot_core.clients.looks import local_agents
from meshbot_core.errors import MeshError
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import operator_name
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_tui.connections.actions import Actions
from meshbot_tui.connections.hosts import HostWatch, Sink
from meshbot_tui.connections.journals import Journals
from meshbot_tui.connections.operator import Operator
from meshbot_tui.model import events


@dataclass(frozen=True, slots=True)
class MeshDesk:
    """What the console does and learns, on one mesh; ``own`` is the person's agent."""

    own: AgentPaths
    hosts: HostWatch
    journals: Journals
    sink: Sink

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, mesh: MeshPaths, sink: Sink, journal_changed: Callable[[str], None]
    ) -> AsyncIterator["MeshDesk"]:
        """Connect; ``sink`` gets what happens, ``journal_changed`` whose messages changed.

        Raises:
            MeshError: The configuration cannot be read.
        """
        config = await asyncio.to_thread(read_config, mesh)
        name = operator_name(config)
        sink(events.MeshOpened(mesh.mesh, name))
        names = await asyncio.to_thread(local_agents, mesh)
        hosts = HostWatch(mesh, sink, journal_changed)

        def noticed(agent: str, text: str) -> None:
            sink(events.Noticed(hosts.stamps.next(), text, "warning", agent))

        async with Journals.opened(mesh, names, noticed=noticed) as journals:
            yield cls(mesh.agent(name), hosts, journals, sink)

    async def run(self, arrived: Callable[[Operator, Actions], None]) -> None:
        """Look on until cancelled; ``arrived`` is called once the person is on the mesh.

        Raises:
            MeshError: The operator's host does not start.
        """
        async with asyncio.TaskGroup() as group:
            # Who is there is shown while the operator's own host is still starting.
            group.create_task(self.hosts.run())
            stamps = self.hosts.stamps
            async with Operator.connected(self.own, self.sink, stamps) as operator:
                arrived(operator, Actions(self.own.mesh, operator.client))
                await operator.run()


def reason_of(error: MeshError) -> str:
    """An error and what to do, on one line."""
    return f"{error}; {error.hint}" if error.hint else str(error)
