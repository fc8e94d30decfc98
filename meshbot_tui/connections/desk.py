"""All connections of the console to one mesh, opened and closed together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from meshbot_core.clients.looks import local_agents
from meshbot_core.errors import MeshError
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import operator_name
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.connections.actions import Actions
from meshbot_tui.connections.hosts import HostWatch, Sink
from meshbot_tui.connections.journals import Journals
from meshbot_tui.connections.operator import Operator
from meshbot_tui.connections.stamps import Stamps
from meshbot_tui.model import events


@dataclass(frozen=True, slots=True)
class MeshDesk:
    """What the console does and learns, on one mesh."""

    hosts: HostWatch
    operator: Operator
    journals: Journals
    actions: Actions

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, mesh: MeshPaths, sink: Sink, journal_changed: Callable[[str], None]
    ) -> AsyncIterator["MeshDesk"]:
        """Connect; ``sink`` gets what happens, ``journal_changed`` whose messages changed.

        Raises:
            MeshError: The configuration cannot be read, or the operator's host does not start.
        """
        stamps = Stamps()
        config = await asyncio.to_thread(read_config, mesh)
        name = operator_name(config)
        sink(events.MeshOpened(mesh.mesh, name))
        names = await asyncio.to_thread(local_agents, mesh)
        async with contextlib.AsyncExitStack() as stack:
            journals = await stack.enter_async_context(Journals.opened(mesh, names))
            operator = await stack.enter_async_context(
                Operator.connected(mesh.agent(name), sink, stamps)
            )

            def changed(agent: str) -> None:
                journal_changed(agent)
                if agent == name:
                    operator.look_again()

            hosts = HostWatch(mesh, sink, changed, stamps)
            yield cls(hosts, operator, journals, Actions(mesh, operator.client))

    async def run(self) -> None:
        """Look on until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.hosts.run())
            group.create_task(self.operator.run())


def reason_of(error: MeshError) -> str:
    """An error and what to do, on one line."""
    return f"{error}; {error.hint}" if error.hint else str(error)
