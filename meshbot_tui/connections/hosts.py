"""Looking on at the hosts of this machine's agents, as they come and go."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.clients.looks import local_agents
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.connections.one_host import OneHost, Sink
from meshbot_tui.connections.stamps import Stamps
from meshbot_tui.model import events

_LOOK_S: Final = 1.0


@dataclass(slots=True)
class HostWatch:
    """All hosts of one mesh's agents; ``journal_changed`` is told whose messages changed."""

    mesh: MeshPaths
    sink: Sink
    journal_changed: Callable[[str], None]
    stamps: Stamps
    _watched: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                names = set(await asyncio.to_thread(local_agents, self.mesh))
                for name in sorted(names - set(self._watched)):
                    self.sink(events.AgentFound(name, self.stamps.next()))
                    watch = OneHost(
                        self.mesh.agent(name), self.sink, self.journal_changed, self.stamps
                    )
                    self._watched[name] = group.create_task(watch.run())
                for name in sorted(set(self._watched) - names):
                    self._watched.pop(name).cancel()
                    self.sink(events.AgentForgotten(name, self.stamps.next()))
                await asyncio.sleep(_LOOK_S)
