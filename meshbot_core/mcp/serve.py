"""``meshbot serve``: the host is started before anything heavy is imported."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from meshbot_core import garbage
from meshbot_core.host.spawn import Spawned, SpawnOptions, host_answers, spawn_host
from meshbot_core.mcp.pipes import claimed_standard_streams

if TYPE_CHECKING:
    from meshbot_core.mesh.paths import AgentPaths

_END_LIMIT_S: Final = 1.4
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


async def serve(agent: "AgentPaths", spawn: SpawnOptions) -> int:
    """Be the MCP server of ``agent`` on standard input and output; the exit status.

    Ends with its input, or on SIGTERM, SIGINT or SIGHUP.

    Raises:
        MeshError: No host can serve this session, such as one on another port in use.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="meshbot: %(message)s")
    stopped = asyncio.Event()
    with claimed_standard_streams() as descriptors, _stopped_by_signals(stopped):
        started: Spawned | None = None
        if not host_answers(agent):
            started = spawn_host(agent, spawn)
        # Importing the SDK takes most of a second, in which the host comes up.
        garbage.hold()
        from meshbot_core.mcp.session import run_session  # noqa: PLC0415 - after the host's start

        garbage.settle()
        await run_session(
            agent,
            spawn,
            started=started,
            descriptors=descriptors,
            stopped=stopped,
            on_ending=_end_in_time,
        )
    return 0


@contextlib.contextmanager
def _stopped_by_signals(stopped: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        _end_in_time()
        stopped.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def _end_in_time() -> None:
    """From now on nothing may hold the process, not even a thread that waits for a host."""
    if not any(signal.getitimer(signal.ITIMER_REAL)):
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.setitimer(signal.ITIMER_REAL, _END_LIMIT_S)
