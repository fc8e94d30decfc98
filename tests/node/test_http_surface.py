"""The whole HTTP surface, driven by what the reference was seen to answer."""

import json

from meshbot_core.bootstrap.meshes import create_mesh
from meshbot_core.host.manifests import manifest_routes
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.mesh.paths import MeshPaths
from tests.node.conftest import StartNode
from tests.node.talk import Line
from tests.node.vectors import CASES, Setting

KEPT = {"/mesh/msg", "/mesh/ask"}


async def test_every_request_gets_an_answer_that_the_reference_would_understand(
    start_node: StartNode, mesh_paths: MeshPaths, key: MeshKey
):
    alpha = await start_node("alpha", extra_routes=manifest_routes(mesh_paths))
    wrong = []

    for case in CASES:
        if case.get("needs") == "legacy_mesh":
            continue
        setting = Setting(key, "alpha", "default", alpha.clock.now_ms())
        unread = alpha.mailbox.counts.unread
        kept = 0
        for step in case["steps"]:
            async with Line(alpha.port) as line:
                said = await line.ask(setting.request(step))
            kept += said.status == 200 and step["path"] in KEPT
            if said.status not in step["accept"]:
                wrong.append((case["name"], said))
            assert said.headers["content-type"] == "application/json; charset=utf-8"
            found = json.loads(said.body)
            match = step.get("match")
            if match and match["status"] == said.status and not setting.holds(match["json"], found):
                wrong.append((case["name"], said))
        # Nothing that was refused is kept, and what is sent twice is kept once (point 8).
        stored = alpha.mailbox.counts.unread - unread
        if stored != min(kept, 1):
            wrong.append((case["name"], f"{stored} stored"))

    assert not wrong


async def test_a_mesh_without_manifest_says_so(start_node: StartNode, home, key: MeshKey):
    legacy = create_mesh("old", home=home, legacy=True)
    alpha = await start_node("alpha", extra_routes=manifest_routes(legacy))
    (case,) = [case for case in CASES if case["name"].startswith("head in a mesh without")]

    async with Line(alpha.port) as line:
        setting = Setting(key, "alpha", "old", 0)
        said = await line.ask(setting.request(case["steps"][0]))

    assert said.status in case["steps"][0]["accept"]
    assert said.json["error"]
