"""Ending a process that leads a group of its own, and whatever it left behind in that group."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

_LOOK_S: Final = 0.01
_REST_LOOKS: Final = 25

Wait = Callable[[], Awaitable[object]]
"""Returns once the leader has ended and its status was collected; may be asked more than once."""


async def end_leader(
    leader: int, wait: Wait, numbers: Sequence[signal.Signals], *, pause_s: float
) -> None:
    """Send signals to the group of ``leader`` until it has ended, SIGKILL the last of them.

    Args:
        leader: The process whose id is that of its group.
        wait: Waits for its end.
        numbers: What to send before SIGKILL, one after the other.
        pause_s: What it has to end after each of them.
    """
    for number in numbers:
        signal_group(leader, number)
        if await ended_within(wait, pause_s):
            return
    signal_group(leader, signal.SIGKILL)
    await wait()


async def end_rest(leader: int) -> None:
    """Kill what is left of the group of a leader that has ended.

    It has a quarter of a second to end by itself: MCP servers say goodbye in that time.
    """
    for _ in range(_REST_LOOKS):
        if not is_group_alive(leader):
            return
        await asyncio.sleep(_LOOK_S)
    signal_group(leader, signal.SIGKILL)


async def ended_within(wait: Wait, limit_s: float) -> bool:
    """Whether ``wait`` returns in that time."""
    try:
        async with asyncio.timeout(limit_s):
            await wait()
    except TimeoutError:
        return False
    return True


def signal_group(leader: int, number: signal.Signals) -> None:
    """Send a signal to everybody in the group, if anybody is there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def is_group_alive(leader: int) -> bool:
    """Whether anybody is left in the group."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
