"""The host as a process of its own: loop, signals, report, exit status."""

import asyncio
import contextlib
import logging
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from meshbot_core import garbage
from meshbot_core.errors import HostRunningError, MeshError
from meshbot_core.host.host import AgentHost, HostOptions, running
from meshbot_core.mesh.machine import ensure_supported_platform
from meshbot_core.mesh.paths import AgentPaths, open_mesh
from meshbot_core.node.node import Listen
from meshbot_core.types import SystemClock

log = logging.getLogger(__name__)

Report = Callable[[dict[str, object]], None]


def run(
    *,
    home: Path,
    mesh: str,
    agent: str,
    port: int | None,
    host: str | None,
    advertise: str | None,
    linger_s: float,
    report: Report,
) -> int:
    """Run one agent's host until nobody needs it or SIGTERM comes; the exit status."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    _raise_file_limit()
    options = HostOptions(Listen(host=host, port=port, advertise=advertise), linger_s=linger_s)
    status = 0
    try:
        ensure_supported_platform()
        paths = open_mesh(mesh, home).agent(agent)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_hosting(paths, options, report))
    except* MeshError as group:
        error = _first_of(group)
        if not isinstance(error, HostRunningError):
            log.error("%s", error)  # noqa: TRY400 - a line for a person, no traceback
        report({"ok": False, "code": error.code, "error": str(error), "hint": error.hint})
        status = error.exit_status
    return status


async def _hosting(paths: AgentPaths, options: HostOptions, report: Report) -> None:
    async with running(paths, options, SystemClock()) as host:
        with _stopped_by_signals(host):
            report({"ok": True})
            garbage.settle()
            await host.until_unneeded()


@contextlib.contextmanager
def _stopped_by_signals(host: AgentHost) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, host.stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)


def _first_of(group: BaseExceptionGroup[MeshError]) -> MeshError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, MeshError):
        raise TypeError("not a group of our errors") from error
    return error


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - an extra, may be missing
    except ImportError:
        return None
    return uvloop.new_event_loop


def _raise_file_limit() -> None:
    """Take all the files that the system allows: each client of ours is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
