"""The other agents of the mesh, as their health tells."""

from dataclasses import dataclass

from meshbot_core.host.api import PeerView
from meshbot_core.mesh.operator import meant
from meshbot_core.mesh.peers import peer as peer_named
from meshbot_core.node.health import PeerHealth
from meshbot_core.node.node import Node


@dataclass(slots=True)
class PeerDesk:
    """Asks peers how they are, each time anew and all at once (decision 32)."""

    agent: str
    node: Node

    async def all(self) -> tuple[PeerView, ...]:
        """Every peer but ourselves, in the order of the configuration."""
        self.node.reread()
        found = {health.name: _view_of(health) async for health in self.node.probe_all()}
        return tuple(
            found[name] for name in self.node.config.peers if name in found and name != self.agent
        )

    async def one(self, name: str) -> PeerView:
        """One agent, which may be ourselves.

        Raises:
            UnknownPeerError: It is not in the mesh.
        """
        self.node.reread()
        meant_name = meant(name, self.node.config)
        peer_named(self.node.config, meant_name)
        return _view_of(await self.node.probe(meant_name))


def _view_of(health: PeerHealth) -> PeerView:
    return PeerView(
        name=health.name,
        url=health.url,
        description=health.description,
        is_online=health.is_online,
        latency_ms=health.latency_ms,
        skew_ms=health.skew_ms,
        version=health.version,
        protocols=health.protocols,
        error=health.error or "",
        state=health.state,
    )
