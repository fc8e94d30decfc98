"""Fixtures: agents with real sessions, one with a small claude, and a peer that talks to them."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshbot_core.host.client import HostClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session.records import SessionOptions
from tests.cli.conftest import small_claude
from tests.sessions.conftest import agents, ended_hosts, newest, ops
from tests.support.stand_in_claude import starts
from tests.support.waiting import until

__all__ = ["agents", "ended_hosts", "newest", "ops", "small_claude"]


@pytest.fixture
async def dev(
    mesh_paths: MeshPaths, small_claude: Path, tmp_path: Path
) -> AsyncIterator[HostClient]:
    """A client of agent ``dev``, in whose session a small claude stands in."""
    async with HostClient.connected(
        mesh_paths.agent("dev"), kind="test", spawn=SpawnOptions(), present=True
    ) as client:
        options = SessionOptions(
            folder=str(tmp_path), claude=str(small_claude), inherited=dict(os.environ)
        )
        await SessionClient(client).start(options)
        await until(lambda: len(starts(small_claude)) == 1, 15)
        yield client
