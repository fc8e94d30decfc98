"""The whole HTTP surface again, against a real ``meshbot serve`` in processes of its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshbot_core.host.client import HostClient
from meshbot_core.mesh.keys import read_mesh_key
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.types import SystemClock
from tests.node.talk import Line
from tests.node.vectors import CASES, Setting
from tests.support.hosts import hosts_ended
from tests.support.waiting import until

MESHBOT = str(Path(sys.executable).with_name("meshbot"))
KEPT = {"/mesh/msg", "/mesh/ask"}


@pytest.fixture
def served(mesh_paths: MeshPaths) -> Iterator[AgentPaths]:
    """The agent alpha, owned by what ``meshbot serve`` started."""
    with hosts_ended(mesh_paths):
        command = [MESHBOT, "serve", "--as", "alpha"]
        serve = subprocess.Popen(  # noqa: S603 - our own command
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        try:
            yield mesh_paths.agent("alpha")
        finally:
            if serve.stdin is not None:
                serve.stdin.close()
            assert serve.wait(5) == 0


@pytest.mark.slow
async def test_a_real_serve_answers_every_request_as_the_reference_would_understand(
    served: AgentPaths,
):
    key = read_mesh_key(served.mesh)
    wrong = []
    await until(served.host_json.exists, 20)
    async with HostClient.connected(served, kind="test") as client:
        port = (await client.status()).port
        for case in CASES:
            if case.get("needs") == "legacy_mesh":
                continue
            setting = Setting(key, "alpha", "default", SystemClock().now_ms())
            unread = (await client.status()).unread
            kept = 0
            for step in case["steps"]:
                async with Line(port) as line:
                    said = await line.ask(setting.request(step))
                kept += said.status == 200 and step["path"] in KEPT
                if said.status not in step["accept"] or said.json is None:
                    wrong.append((case["name"], said.status, said.body[:200]))
            stored = (await client.status()).unread - unread
            if stored != min(kept, 1):
                wrong.append((case["name"], stored, b"stored"))
    assert not wrong
