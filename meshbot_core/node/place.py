"""Where an agent listens and under which URL others find it (decision 30)."""

import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from meshbot_core.mesh.config import MeshConfig, Tls
from meshbot_core.mesh.peers import normalize_peer_url
from meshbot_core.mesh.urls import is_loopback_url
from meshbot_core.node.tls import covered_name

LOOPBACK: Final = "127.0.0.1"
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 -- decided by the rules below
_WILDCARDS: Final = frozenset({_EVERYWHERE, "::", ""})
_DOCUMENTATION_ADDRESS: Final = ("192.0.2.1", 9)
"""Routed like any other and never answered; nothing is sent there."""


@dataclass(frozen=True, slots=True)
class Listen:
    """What the user asked for; None leaves it to the mesh's own entry and the rules."""

    host: str | None = None
    port: int | None = None
    advertise: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where to bind. ``may_move`` says that a taken port may be replaced by a free one."""

    host: str
    port: int
    may_move: bool


def place_of(config: MeshConfig, agent: str, listen: Listen) -> Place:
    """Decide where ``agent`` listens."""
    own = config.peers.get(agent)
    is_local = own is None or is_loopback_url(own.url)
    advertised = listen.advertise or config.advertise.get(agent)
    is_open = config.tls is not None or advertised is not None or not is_local
    host = listen.host or (_EVERYWHERE if is_open else LOOPBACK)
    if listen.port is not None:
        return Place(host, listen.port, may_move=False)
    port = (urlsplit(own.url).port if own else None) or _port_of(advertised)
    return Place(host, port or 0, may_move=is_local and advertised is None)


def own_url(
    config: MeshConfig,
    agent: str,
    listen: Listen,
    *,
    bound_host: str,
    bound_port: int,
    tls: tuple[ssl.SSLContext, Tls] | None,
) -> str:
    """The URL to register: advertised, else the address bound, else the machine's own.

    With TLS, a name that the certificate is good for is taken before others.
    """
    advertised = listen.advertise or config.advertise.get(agent)
    if advertised:
        return normalize_peer_url(advertised)
    names = _names(bound_host)
    name = names[0]
    if tls is not None:
        name = covered_name(*tls, names) or name
    shown = f"[{name}]" if ":" in name else name
    return f"{'https' if tls else 'http'}://{shown}:{bound_port}"


def _names(bound_host: str) -> tuple[str, ...]:
    if bound_host in (LOOPBACK, "localhost"):
        return ("localhost", LOOPBACK)
    if bound_host not in _WILDCARDS:
        return (bound_host, socket.gethostname(), "localhost")
    found = (machine_address(), socket.gethostname(), "localhost")
    return tuple(name for name in found if name) or ("localhost",)


def machine_address() -> str:
    """The address by which other machines reach this one, or nothing when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_DOCUMENTATION_ADDRESS)
            address: str = probe.getsockname()[0]
        except OSError:
            return ""
    return "" if address.startswith("127.") else address


def _port_of(url: str | None) -> int | None:
    return urlsplit(normalize_peer_url(url)).port if url else None
