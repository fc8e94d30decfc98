"""An agent's host on its way while the command that needs it is still being imported."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from meshbot_core.errors import HostRunningError
from meshbot_core.host.spawn import SpawnOptions, host_answers, spawn_host

if TYPE_CHECKING:
    from meshbot_core.mesh.paths import AgentPaths


def early_host(agent: "AgentPaths", options: SpawnOptions) -> "Future[None]":
    """Start the agent's host unless one runs; done when it is up, or with what keeps it."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="host")
    on_its_way = executor.submit(_up, agent, options)
    executor.shutdown(wait=False)
    return on_its_way


def _up(agent: "AgentPaths", options: SpawnOptions) -> None:
    if host_answers(agent):
        return
    try:
        spawn_host(agent, options).wait()
    except HostRunningError:
        if not host_answers(agent):
            raise
