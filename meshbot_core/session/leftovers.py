"""Ending what a session left running: its tools have groups of their own, and outlive claude."""

import os
import time
from typing import Final

import psutil  # type: ignore[import-untyped]  # it ships no types

from meshbot_core.mesh.paths import AgentPaths

MARK_VARIABLE: Final = "MESHBOT_AGENT_FOLDER"
"""In the environment of all that a session started, and of nothing else: hosts take it off."""
_GRACE_S: Final = 1.0
_LOOK_S: Final = 0.02


def end_leftovers(agent: AgentPaths) -> int:
    """End every process of the agent's session; how many there were.

    Call it with the agent's lock held, and while none runs that is wanted. It goes through all
    processes of the machine, which takes a while.
    """
    left = [process for process in psutil.process_iter() if _is_of(process, agent)]
    for process in left:
        _signal(process, is_last=False)
    deadline_s = time.monotonic() + _GRACE_S
    while (alive := [each for each in left if _runs(each)]) and time.monotonic() < deadline_s:
        time.sleep(_LOOK_S)
    for process in alive:
        _signal(process, is_last=True)
    return len(left)


def _runs(process: psutil.Process) -> bool:
    """Whether it has not ended; who has nobody to collect its status has ended too."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


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
