"""All connections of the console to one mesh, opened and closed together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from meshbot_core.clients.looks import local_agents
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import operator_name
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.connections.hosts import HostWatch
from meshbot_tui.connections.journals import Journals
from meshbot_tui.connections.one_host import Sink
from meshbot_tui.connections.operator import Operator
from meshbot_tui.connections.stamps import Stamps
from meshbot_tui.model import events


@dataclass(frozen=True, slots=True)
class MeshDesk:
    """What the console learns, on one mesh; ``operator`` is the person there."""

    hosts: HostWatch
    journals: Journals
    operator: Operator

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls,
        mesh: MeshPaths,
        sink: Sink,
        journal_changed: Callable[[str], None],
        stamps: Stamps,
        is_ignored: Callable[[str, str], bool],
    ) -> AsyncIterator["MeshDesk"]:
        """Connect; ``sink`` gets what happens, ``journal_changed`` whose messages changed.

        ``is_ignored`` tells, by sender and id, which questions the person will not answer.

        Raises:
            MeshError: The configuration cannot be read.
        """
        config = await asyncio.to_thread(read_config, mesh)
        name = operator_name(config)
        sink(events.MeshOpened(mesh.mesh, name, stamps.next()))
        names = await asyncio.to_thread(local_agents, mesh)

        def noticed(agent: str, text: str) -> None:
            sink(events.Noticed(stamps.next(), text, "warning", agent))

        async with Journals.opened(mesh, names, noticed=noticed) as journals:
            yield cls(
                HostWatch(mesh, sink, journal_changed, stamps),
                journals,
                Operator(mesh.agent(name), sink, stamps, is_ignored),
            )

    async def run(self) -> None:
        """Look on until cancelled; who is there is shown also when the person's host is not."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.hosts.run())
            group.create_task(self.operator.run())
