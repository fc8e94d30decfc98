"""The throw-away mesh of the demonstration."""

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from meshbot_core.bootstrap.meshes import create_mesh
from meshbot_core.demo.printing import Printer
from meshbot_core.errors import HostUnavailableError, MeshError
from meshbot_core.host.owner import is_alive, owner_pid
from meshbot_core.mesh.paths import AgentPaths, MeshPaths

_LOOK_S: Final = 0.05
_GONE_LIMIT_S: Final = 12.0
_DEATH_LIMIT_S: Final = 2.0


class LeftBehindError(MeshError):
    """Something of the demonstration did not end by itself."""

    code = "left_behind"


@dataclass(slots=True)
class Stage:
    """The mesh, and every host that was seen on it. ``binary`` None: stand-ins play."""

    mesh: MeshPaths
    folder: Path
    binary: Path | None
    printer: Printer
    host_pids: set[int] = field(default_factory=set)
    claude_pids: set[int] = field(default_factory=set)
    """Of sessions in hosts; they end with these."""

    def note_host(self, agent: AgentPaths) -> int:
        """The pid of the agent's host, remembered for the clean-up."""
        pid = owner_pid(agent)
        if pid is None:
            raise HostUnavailableError(f"{agent.agent!r} has no host")
        self.host_pids.add(pid)
        return pid

    async def hosts_gone(self) -> None:
        """Wait until every host has ended by itself.

        Raises:
            LeftBehindError: One did not, and was killed.
        """
        try:
            async with asyncio.timeout(_GONE_LIMIT_S):
                for pid in self.host_pids:
                    await ended(pid)
        except TimeoutError:
            self.kill_hosts()
            raise LeftBehindError("a host did not end by itself, and was killed") from None

    def leftovers(self) -> list[str]:
        """What is still there, for a stage that was taken down."""
        hosts = [f"host {pid}" for pid in self.host_pids if is_alive(pid)]
        claudes = [f"claude {pid}" for pid in self.claude_pids if is_alive(pid)]
        return hosts + claudes + ([str(self.folder)] if self.folder.exists() else [])

    def kill_hosts(self) -> None:
        """End what still runs, whatever happened before; returns when it is dead."""
        owners = [owner_pid(path) for path in self._agents()]
        hosts = {*self.host_pids, *(pid for pid in owners if pid is not None)}
        for pid in hosts:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if is_alive(pid):
                    os.kill(pid, signal.SIGKILL)
        # Else one that is still dying writes into the folder while that is removed.
        deadline_s = time.monotonic() + _DEATH_LIMIT_S
        while any(map(is_alive, hosts | self.claude_pids)) and time.monotonic() < deadline_s:
            time.sleep(_LOOK_S)

    def _agents(self) -> Iterator[AgentPaths]:
        for found in self.mesh.folder.glob("queues/*/host.json"):
            yield self.mesh.agent(found.parent.name)


async def ended(pid: int) -> None:
    """Wait until a process that is not ours has ended; the caller sets the time limit."""
    while is_alive(pid):  # noqa: ASYNC110 - the system does not tell strangers
        await asyncio.sleep(_LOOK_S)


@contextmanager
def stage_set(binary: Path | None, printer: Printer) -> Iterator[Stage]:
    """A mesh in a temporary folder, gone with everything on it when the block ends."""
    with tempfile.TemporaryDirectory(prefix="meshbot-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        (folder / "run").mkdir(mode=0o700)
        before = {name: os.environ.get(name) for name in ("MESHBOT_HOME", "XDG_RUNTIME_DIR")}
        os.environ |= {"MESHBOT_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run")}
        stage = Stage(create_mesh("default", home=folder), folder, binary, printer)
        try:
            yield stage
        finally:
            stage.kill_hosts()
            for variable, value in before.items():
                os.environ.pop(variable)
                if value is not None:
                    os.environ[variable] = value
