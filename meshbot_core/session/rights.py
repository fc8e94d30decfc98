"""Who may decide for a session: anybody here but the session itself and what it started.

All run under one user id, so this is no wall (see SECURITY.md); it keeps a session from
approving its own calls by running ``meshbot approve``.
"""

from collections.abc import Sequence
from typing import Final

import psutil  # type: ignore[import-untyped]  # it ships no types

from meshbot_core.errors import DecisionForbiddenError

SESSION_MARK: Final = "MESHBOT_HOOK_TOKEN"
"""In the environment of a session and of what it starts, also once that has another parent."""


def may_decide(pid: int | None, *, sessions: Sequence[int]) -> bool:
    """Whether the process ``pid`` may decide; ``sessions`` are the pids of sessions' claudes.

    Where the system does not tell who is at the other end of a socket (None), its owner may:
    nobody could decide otherwise. A process that is gone already may not.
    """
    if pid is None:
        return True
    try:
        process = psutil.Process(pid)
        line = {process.pid, *(parent.pid for parent in process.parents())}
    except psutil.Error:
        return False
    return line.isdisjoint(sessions) and not _is_marked(process)


def parent_of(pid: int) -> int | None:
    """The process that started ``pid``, while both are there."""
    try:
        return int(psutil.Process(pid).ppid())
    except (psutil.Error, ValueError):
        return None


def check_may_decide(pid: int | None, sessions: Sequence[int]) -> None:
    """Refuse a process that belongs to a session.

    Raises:
        DecisionForbiddenError: It does.
    """
    if not may_decide(pid, sessions=sessions):
        raise DecisionForbiddenError(
            "a session cannot decide what a session may do",
            hint="do that from a terminal of your own",
        )


def _is_marked(process: psutil.Process) -> bool:
    try:
        return SESSION_MARK in process.environ()
    except psutil.Error:  # Some systems do not show it; its parents were looked at.
        return False
