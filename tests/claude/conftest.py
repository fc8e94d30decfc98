"""Fixtures for tests under the real claude."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshbot_core.demo.binaries import VERSIONS
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.paths import MeshPaths
from tests.support.claude import Claude, set_up_claude


@pytest.fixture(params=VERSIONS)
async def claude(request: pytest.FixtureRequest, tmp_path: Path, mesh_paths: MeshPaths) -> Claude:
    """The real claude in its newest and oldest version, registered as agent ``dev``."""
    found = set_up_claude(request.param, tmp_path)
    await found.register("dev")
    return found


@pytest.fixture
async def ops(mesh_paths: MeshPaths) -> AsyncIterator[HostClient]:
    """A client of agent ``ops``, whose host runs."""
    spawn = SpawnOptions()
    async with HostClient.connected(
        mesh_paths.agent("ops"), kind="test", spawn=spawn, present=True
    ) as client:
        yield client


@pytest.fixture
async def dev(mesh_paths: MeshPaths, ops: HostClient) -> AsyncIterator[HostClient]:
    """A client of agent ``dev``, whose host runs before its claude does."""
    spawn = SpawnOptions()
    async with HostClient.connected(
        mesh_paths.agent("dev"), kind="test", spawn=spawn, present=True
    ) as client:
        yield client
