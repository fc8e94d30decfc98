"""Noticing that somebody changed ``config.json``: people, other hosts, the reference."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Final

from watchfiles import Change, awatch

from meshbot_core.errors import ConfigError, MeshError
from meshbot_core.mesh.config import MeshConfig, just_changed, load_config
from meshbot_core.mesh.paths import MeshPaths

_LOOK_EVERY_S: Final = 1.0
_LOOK_AGAIN_S: Final = 0.03


async def config_changes(
    paths: MeshPaths, *, known: MeshConfig | None = None
) -> AsyncGenerator[MeshConfig | MeshError, None]:
    """Yield the configuration whenever it says something else, and what is wrong when it is.

    A file that makes no sense is looked at again for a moment before it counts as damaged.
    After an error the configuration is yielded again once it can be read.

    Args:
        paths: Whose configuration.
        known: What the caller has; without it the configuration of this moment.
    """
    last = known or _look(paths)
    async with aclosing(_nudges(paths.folder)) as nudges:
        async for _ in nudges:
            found = await _settled_look(paths)
            if not _same(last, found):
                last = found
                yield found


def _look(paths: MeshPaths) -> MeshConfig | MeshError:
    try:
        return load_config(paths)
    except ConfigError as error:
        return error


async def _settled_look(paths: MeshPaths) -> MeshConfig | MeshError:
    found = _look(paths)
    while isinstance(found, MeshError) and just_changed(paths.config):
        await asyncio.sleep(_LOOK_AGAIN_S)
        found = _look(paths)
    return found


def _same(one: MeshConfig | MeshError, other: MeshConfig | MeshError) -> bool:
    if isinstance(one, MeshError) and isinstance(other, MeshError):
        return str(one) == str(other)
    return one == other


async def _nudges(folder: Path) -> AsyncGenerator[None, None]:
    """Say when to look: at once, when the file system says so, and each second."""
    yield
    while True:
        try:
            async for _ in _watched(folder):
                yield
        except (OSError, RuntimeError):  # no folder, or no watches left: looking goes on
            await asyncio.sleep(_LOOK_EVERY_S)
            yield


def _watched(folder: Path) -> AsyncIterator[set[tuple[Change, str]]]:
    return awatch(
        folder,
        watch_filter=lambda _, path: os.path.basename(path) == "config.json",  # noqa: PTH119 -- text is all we have
        recursive=False,
        debounce=50,
        step=10,
        rust_timeout=int(_LOOK_EVERY_S * 1000),
        yield_on_timeout=True,
    )
