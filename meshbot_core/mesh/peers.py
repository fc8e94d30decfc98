"""Who is in the mesh: lookups and changes of the peer list; nothing here touches a file."""

from meshbot_core.errors import UnknownPeerError
from meshbot_core.mesh.config import MeshConfig, Peer
from meshbot_core.mesh.urls import is_loopback_url, normalize_peer_url
from meshbot_core.types import checked_name

__all__ = [
    "is_loopback_url",
    "normalize_peer_url",
    "peer",
    "registered",
    "with_peer",
    "without_peer",
]


def peer(config: MeshConfig, name: str) -> Peer:
    """The peer of that name.

    Raises:
        UnknownPeerError: There is none.
    """
    found = config.peers.get(name)
    if found is None:
        raise UnknownPeerError(name, tuple(config.peers))
    return found


def with_peer(
    config: MeshConfig, name: str, url: str, description: str | None = None
) -> MeshConfig:
    """The configuration with this peer in it; no description given keeps the one there is.

    Raises:
        InvalidNameError: No agent may have that name.
        InvalidUrlError: Nothing can be sent to that URL.
    """
    checked_name(name)
    changed: dict[str, str] = {"url": normalize_peer_url(url)}
    if description is not None:
        changed["description"] = description
    before = config.peers.get(name)
    entry = before.model_copy(update=changed) if before else Peer.model_validate(changed)
    return config.model_copy(update={"peers": {**config.peers, name: entry}})


def without_peer(config: MeshConfig, name: str) -> MeshConfig:
    """The configuration without this peer.

    Raises:
        UnknownPeerError: It was not in it.
    """
    peer(config, name)
    rest = {other: entry for other, entry in config.peers.items() if other != name}
    return config.model_copy(update={"peers": rest})


def registered(config: MeshConfig, agent: str, url: str) -> MeshConfig:
    """The configuration with a local agent's own entry.

    It is written where there is none, or over one that only this machine can reach; an entry
    that a person made for other hosts stays. The description stays in any case.
    """
    before = config.peers.get(agent)
    if before is not None and (before.url == url or not is_loopback_url(before.url)):
        return config
    return with_peer(config, agent, url)
