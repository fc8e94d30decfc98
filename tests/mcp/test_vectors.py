"""The reference implementation's tool results, with our differences, through the real client."""

import asyncio
import json
import os
import re
import sys
import uuid
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp_types import LoggingMessageNotificationParams

from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.paths import MeshPaths
from tests.mcp.driving import add_peer_at, looking, until_unread
from tests.support.waiting import until

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent / "data"
RESULTS = json.loads((DATA / "tool_results.json").read_text())
TOOLS = json.loads((DATA / "tools.json").read_text())
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


def parameters(name: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "meshbot_core", "serve", "--as", name],
        env=dict(os.environ),
    )


def pattern(text: str, ports: dict[str, str], ask_id: str) -> re.Pattern[str]:
    """What an expected text matches; members may be added to the outermost object."""
    is_object = text.startswith("{")
    escaped = re.escape(text[:-1] if is_object else text)
    fillings = {"UUID": UUID, "NOW": r"\d{13}", "TEXT": r".*?", "ASK_ID": ask_id}
    fillings |= {f"PORT_{name}": port for name, port in ports.items()}
    for name, filling in fillings.items():
        escaped = escaped.replace(re.escape("${" + name + "}"), filling)
    return re.compile(escaped + (r"(,.*)?\}" if is_object else r"([.] .*)?"), re.DOTALL)


def spelled_out(arguments: dict, ask_id: str) -> dict:
    def value(given: object) -> object:
        if isinstance(given, dict):
            text, times = given["$repeat"]
            return text * times
        return ask_id if given == "${ASK_ID}" else given

    return {name: value(given) for name, given in arguments.items()}


class Play:
    """Runs steps against the agents' clients."""

    def __init__(self, paths: MeshPaths, clients: dict[str, Client]) -> None:
        self.paths = paths
        self.clients = clients
        self.ask_id = ""

    def ports(self) -> dict[str, str]:
        peers = read_config(self.paths).peers
        return {name: peer.url.rsplit(":", 1)[1] for name, peer in peers.items()}

    async def run(self, step: dict) -> None:
        async with asyncio.TaskGroup() as group:
            calling = group.create_task(
                self.clients[step["as"]].call_tool(
                    step["tool"], spelled_out(step["arguments"], self.ask_id)
                )
            )
            for other in step.get("meanwhile", ()):
                async with looking(self.paths.agent(other["as"])) as client:
                    if other["tool"] == "check_messages":
                        await until_unread(client, 1)
                await self.run(other)
        result = calling.result()
        texts = [part.text for part in result.content]
        assert result.is_error is step["isError"], (step["name"], texts)
        assert len(texts) == len(step["content_text"]), (step["name"], texts)
        for text, expected in zip(texts, step["content_text"], strict=True):
            form = pattern(expected, self.ports(), self.ask_id)
            assert form.fullmatch(text), (step["name"], text, expected)
        asks = re.findall(rf'"id":"({UUID})"[^{{}}]*"type":"ask"', " ".join(texts))
        self.ask_id = asks[-1] if asks else self.ask_id


async def test_the_tools_say_what_the_reference_says_but_where_we_decided_otherwise(
    paths: MeshPaths,
):
    async with Client(parameters("alpha"), mode="legacy") as alpha:
        play = Play(paths, {"alpha": alpha})
        for step in RESULTS["alone"]:
            await play.run(step)
        async with Client(parameters("beta"), mode="legacy") as beta:
            play.clients["beta"] = beta
            await beta.call_tool("list_agents", {})
            add_peer_at(paths, "ghost", "http://localhost:9", "an offline one")
            add_peer_at(paths, "mislabeled", read_config(paths).peers["beta"].url)
            await until_known(alpha, 3)
            await until_known(beta, 3)
            for step in RESULTS["together"]:
                await play.run(step)


async def until_known(client: Client, count: int) -> None:
    async def is_reached() -> bool:
        result = await client.call_tool("list_agents", {})
        return len(json.loads(result.content[0].text)) == count

    await until(is_reached)


def without_texts(schema: object) -> object:
    if isinstance(schema, dict):
        return {
            name: without_texts(value)
            for name, value in schema.items()
            if not (name == "description" and isinstance(value, str))
        }
    return schema


async def test_the_official_client_sees_the_reference_s_tools_and_capabilities_and_gets_its_log(
    paths: MeshPaths,
):
    told: list[LoggingMessageNotificationParams] = []

    async def note(params: LoggingMessageNotificationParams) -> None:
        told.append(params)

    async with Client(parameters("alpha"), logging_callback=note) as alpha:
        assert alpha.session.protocol_version == "2025-11-25"
        assert alpha.server_info.name == "mesh"
        capabilities = alpha.server_capabilities.model_dump(by_alias=True, exclude_none=True)
        assert capabilities == TOOLS["initialize_result"]["capabilities"]
        listed = (await alpha.list_tools()).tools
        seen = [
            {"name": tool.name, "inputSchema": without_texts(tool.input_schema)} for tool in listed
        ]
        assert seen == TOOLS["tools"]
        assert all(tool.description for tool in listed)
        assert 'the agent "alpha" on the mesh "default"' in (alpha.instructions or "")
        sent = await alpha.call_tool("send_message", {"to": "alpha", "message": "short"})
        assert uuid.UUID(json.loads(sent.content[0].text)["messageId"])
        await until(lambda: bool(told))
        expected = 'New message from agent "alpha": short. Use check_messages to read it.'
        assert (told[0].level, told[0].data) == ("info", expected)
