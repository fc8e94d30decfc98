"""Who owns an agent on this machine: the lock is the truth, ``host.json`` is information."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from typing import Final

from filelock import FileLock, Timeout

from meshbot_core.errors import HostRunningError, MailboxUnavailableError
from meshbot_core.host.owner import owner_pid
from meshbot_core.host.spawn import host_answers
from meshbot_core.mesh.files import write_atomically
from meshbot_core.mesh.paths import AgentPaths

_LOOK_AGAIN_S: Final = 0.05
_ENDING_LIMIT_S: Final = 5.0


@contextlib.asynccontextmanager
async def owned(agent: AgentPaths) -> AsyncIterator[None]:
    """Hold the agent's lock until the block ends.

    Waits for a host that is just ending; gives way at once to one that answers.

    Raises:
        HostRunningError: Another host owns this agent.
        MailboxUnavailableError: The agent's folder cannot be written.
    """
    try:
        agent.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(agent.lock, mode=0o600)
        await _acquire(agent, lock)
    except OSError as error:
        raise MailboxUnavailableError(
            f"{agent.folder} cannot be written: {error.strerror or error}",
            hint="check its owner and permissions, and that the disk is writable",
        ) from error
    try:
        yield
    finally:
        agent.host_json.unlink(missing_ok=True)
        lock.release()


async def _acquire(agent: AgentPaths, lock: FileLock) -> None:
    deadline = asyncio.get_running_loop().time() + _ENDING_LIMIT_S
    while True:
        try:
            lock.acquire(blocking=False)
        except Timeout:
            late = asyncio.get_running_loop().time() > deadline
            if late or await asyncio.to_thread(host_answers, agent):
                raise HostRunningError(
                    f"a host of {agent.agent!r} runs already{_owner(agent)}",
                    hint=f"stop it with: kill {owner_pid(agent)}" if owner_pid(agent) else "",
                ) from None
            await asyncio.sleep(_LOOK_AGAIN_S)
        else:
            return


def _owner(agent: AgentPaths) -> str:
    pid = owner_pid(agent)
    return f" (pid {pid})" if pid else ""


def announce(agent: AgentPaths, *, url: str, port: int, version: str, started_at_ms: int) -> None:
    """Write ``host.json``: where to find this host, for people and tools."""
    facts = {
        "pid": os.getpid(),
        "startedAt": started_at_ms,
        "socket": str(agent.socket),
        "url": url,
        "port": port,
        "version": version,
    }
    write_atomically(agent.host_json, json.dumps(facts, indent=2).encode() + b"\n")
