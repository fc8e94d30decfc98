"""Which process says that it is an agent's host; the lock, not this, is the truth."""

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meshbot_core.mesh.paths import AgentPaths


def owner_pid(agent: "AgentPaths") -> int | None:
    """The pid in ``host.json``, if there is one."""
    try:
        found = json.loads(agent.host_json.read_bytes())["pid"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, int) else None


def is_alive(pid: int) -> bool:
    """Whether a process of this pid runs (a zombie counts as dead where that can be told)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:  # noqa: PTH123 - a kernel file
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return True
