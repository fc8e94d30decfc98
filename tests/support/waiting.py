"""Waiting for what a test expects, under a time limit."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], Awaitable[bool] | bool], limit_s: float = 5.0) -> None:
    """Return once ``condition`` holds.

    Raises:
        TimeoutError: It does not within ``limit_s`` seconds.
    """
    async with asyncio.timeout(limit_s):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)
