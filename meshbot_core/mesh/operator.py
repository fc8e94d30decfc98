"""The name under which a person of this machine is on the mesh."""

import re
import socket
from typing import Final

from meshbot_core.mesh.config import MeshConfig
from meshbot_core.mesh.peers import peer
from meshbot_core.types import checked_name

CALLED: Final = "operator"
"""What agents of this machine may call the person, whatever the name on the mesh."""

_PREFIX: Final = "operator-"
_LONGEST_NAME: Final = 64


def operator_name(config: MeshConfig, *, hostname: str | None = None) -> str:
    """``operator`` of the configuration, else ``operator-<hostname>`` made to fit a name."""
    if config.operator:
        return checked_name(config.operator)
    host = socket.gethostname() if hostname is None else hostname
    fitting = re.sub(r"[^A-Za-z0-9._-]+", "-", host).strip("-.")
    return f"{_PREFIX}{fitting or 'here'}"[:_LONGEST_NAME]


def speaker(name: str | None, config: MeshConfig) -> str:
    """The agent that a command speaks for: the one named, else the operator.

    Raises:
        InvalidNameError: No agent may have that name.
    """
    return checked_name(name) if name is not None else operator_name(config)


def meant(name: str, config: MeshConfig) -> str:
    """The agent that ``name`` means here: ``operator`` is the person, unless an agent has it."""
    if name == CALLED and name not in config.peers:
        return operator_name(config)
    return name


def receiver(name: str, config: MeshConfig) -> str:
    """The agent that ``name`` means; the person is known also before their host ever ran.

    Raises:
        UnknownPeerError: It is not in the mesh.
    """
    found = meant(name, config)
    if found != operator_name(config):
        peer(config, found)
    return found
