"""The host processes of a test's mesh, and a mesh whose hosts end with the test."""

import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Iterator

import psutil
from aiohttp import web

from meshbot_core.host.owner import is_alive
from meshbot_core.mesh.paths import AgentPaths, MeshPaths

_END_LIMIT_S = 5.0
_LOOK_S = 0.01


def hosts_of(paths: MeshPaths) -> list[psutil.Process]:
    """The host processes of one throw-away mesh."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if "meshbot_core.host" in words and str(paths.home) in words:
                found.append(process)
    return found


@contextlib.asynccontextmanager
async def answering(agent: AgentPaths, app: web.Application) -> AsyncIterator[None]:
    """``app`` in place of the agent's host, on its control socket."""
    agent.folder.mkdir(parents=True, exist_ok=True)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(agent.socket)).start()
    try:
        yield
    finally:
        await runner.cleanup()
        agent.socket.unlink(missing_ok=True)


@contextlib.contextmanager
def hosts_ended(paths: MeshPaths) -> Iterator[MeshPaths]:
    """The mesh for a block; whatever hosts are left after it are ended."""
    try:
        yield paths
    finally:
        killed(hosts_of(paths))


def killed(processes: Iterable[psutil.Process]) -> None:
    """Kill them, and return when they are dead; who collects their status is not waited for."""
    left = list(processes)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    deadline_s = time.monotonic() + _END_LIMIT_S
    while any(is_alive(process.pid) for process in left):
        assert time.monotonic() < deadline_s
        time.sleep(_LOOK_S)
