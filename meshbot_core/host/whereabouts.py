"""Where an agent's host is reached: at the usual place, or where a living host says that it is.

The usual place hangs on ``XDG_RUNTIME_DIR``, which differs between a login, a service and cron.
"""

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from meshbot_core.host.owner import is_alive, owner_pid

if TYPE_CHECKING:
    from meshbot_core.mesh.paths import AgentPaths

_CONNECT_LIMIT_S: Final = 1.0


def socket_of(agent: "AgentPaths") -> Path:
    """The control socket to connect to; asked for each connection, for hosts are replaced.

    Raises:
        StorageError: The runtime folder is not ours alone.
    """
    usual = agent.socket
    named = _named(agent)
    if named is None or named == usual or accepts(usual):
        return usual
    return named


def accepts(path: Path) -> bool:
    """Whether something accepts connections there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_LIMIT_S)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _named(agent: "AgentPaths") -> Path | None:
    """The socket in ``host.json``, while the process that wrote it lives."""
    try:
        named = json.loads(agent.host_json.read_bytes())["socket"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    pid = owner_pid(agent)
    return Path(named) if isinstance(named, str) and pid is not None and is_alive(pid) else None
