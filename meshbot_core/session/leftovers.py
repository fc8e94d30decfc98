"""Ending what a dead host's session left running."""

import os

import psutil  # type: ignore[import-untyped]  # it ships no types

from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.starting import MARK_VARIABLE

_GRACE_S = 1.0


def end_leftovers(agent: AgentPaths) -> int:
    """End every process of the last host's session; how many there were.

    Call it with the agent's lock held, and before a session is started. Looks only when a
    session was running as the last host died: going through all processes takes a while.
    """
    if not agent.session_json.exists():
        return 0
    left = [process for process in psutil.process_iter() if _is_of(process, agent)]
    for process in left:
        _signal(process, is_last=False)
    _, alive = psutil.wait_procs(left, timeout=_GRACE_S)
    for process in alive:
        _signal(process, is_last=True)
    return len(left)


def _is_of(process: psutil.Process, agent: AgentPaths) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        return bool(process.environ().get(MARK_VARIABLE) == str(agent.folder))
    except (psutil.Error, OSError):
        return False  # another user's, or gone


def _signal(process: psutil.Process, *, is_last: bool) -> None:
    try:
        if is_last:
            process.kill()
        else:
            process.terminate()
    except psutil.Error:
        pass  # gone by itself
