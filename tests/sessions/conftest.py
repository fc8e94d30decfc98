"""Fixtures: agents with real sessions, and a peer that talks to them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from meshbot_core.demo.binaries import NEWEST, VERSIONS
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.paths import MeshPaths
from tests.sessions.agents import Agents
from tests.support.hosts import hosts_ended


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Both ends of what is supported."""
    return str(request.param)


@pytest.fixture
def newest() -> str:
    """The newest supported version."""
    return NEWEST


@pytest.fixture(autouse=True)
def ended_hosts(mesh_paths: MeshPaths) -> Iterator[None]:
    """After a test that failed a host may wait for somebody who never comes back."""
    with hosts_ended(mesh_paths):
        yield


@pytest.fixture
async def agents(mesh_paths: MeshPaths, tmp_path: Path) -> AsyncIterator[Agents]:
    """Starts agents; every session has ended when the test has."""
    async with AsyncExitStack() as stack:
        yield Agents(mesh_paths, tmp_path, stack)


@pytest.fixture
async def ops(mesh_paths: MeshPaths) -> AsyncIterator[HostClient]:
    """A client of agent ``ops``, which has no session."""
    spawn = SpawnOptions()
    async with HostClient.connected(
        mesh_paths.agent("ops"), kind="test", spawn=spawn, present=True
    ) as client:
        yield client
