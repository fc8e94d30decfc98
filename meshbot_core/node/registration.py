"""Keeps an agent's own entry in ``config.json``, and the configuration fresh (decision 21)."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from typing import Final

from meshbot_core.errors import MeshError
from meshbot_core.mesh.config import MeshConfig, change_config
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.mesh.peers import registered
from meshbot_core.mesh.watch import config_changes

_JITTER_S: Final = (0.05, 0.5)

log = logging.getLogger(__name__)


async def register(paths: MeshPaths, agent: str, url: str) -> MeshConfig:
    """Enter ``agent`` under ``url``, unless a person entered it for other hosts.

    Raises:
        MeshError: The configuration is damaged, or cannot be written.
    """
    # Waiting for the lock may take a while when a hundred agents start at once.
    return await asyncio.to_thread(
        change_config, paths, lambda config: registered(config, agent, url)
    )


async def keep_registered(
    paths: MeshPaths,
    agent: str,
    url: str,
    known: MeshConfig,
    changed: Callable[[MeshConfig | MeshError], None],
) -> None:
    """Tell each change of the configuration, and put a lost entry back, for ever.

    The reference implementation writes back lists that it read long ago.

    Args:
        paths: Whose configuration.
        agent: Our own name.
        url: Where we are reached.
        known: The configuration that the caller has.
        changed: Called with each new one, and with what is wrong with it.
    """
    async with contextlib.aclosing(config_changes(paths, known=known)) as changes:
        async for news in changes:
            changed(news)
            if isinstance(news, MeshError) or registered(news, agent, url) is news:
                continue
            await asyncio.sleep(random.uniform(*_JITTER_S))  # noqa: S311 -- jitter, no secret
            try:
                changed(await register(paths, agent, url))
            except MeshError as error:
                log.warning("our own entry cannot be put back: %s", error)
