"""The person of a machine on the mesh: written to as ``operator``, answering from the shell."""

import asyncio
import json

import pytest

from meshbot_core.host.client import HostClient
from meshbot_core.host.operating import UNATTENDED
from meshbot_core.host.spawn import SpawnOptions, host_answers
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import meant, operator_name
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.mesh.peers import with_peer
from tests.cli.running import Runner, finished
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hosts")]


@pytest.fixture
def operator(mesh_paths: MeshPaths) -> AgentPaths:
    return mesh_paths.agent(operator_name(read_config(mesh_paths)))


def test_operator_means_the_person_unless_an_agent_has_that_name(mesh_paths: MeshPaths) -> None:
    config = read_config(mesh_paths)
    assert meant("operator", config) == operator_name(config)
    assert meant("dev", config) == "dev"
    assert meant("operator", with_peer(config, "operator", "http://[::1]:9")) == "operator"
    assert meant("operator", config.model_copy(update={"operator": "anna"})) == "anna"


async def test_the_operators_host_comes_with_the_first_message_and_goes_with_the_last_agent(
    mesh_paths: MeshPaths, operator: AgentPaths
) -> None:
    spawn = SpawnOptions()
    async with HostClient.connected(mesh_paths.agent("dev"), kind="test", spawn=spawn) as dev:
        sent = await dev.send(to="operator", message="the disk is full")
        assert (sent.to, sent.state) == (operator.agent, "delivered")
        assert (await dev.peer("operator")).is_online
        async with HostClient.connected(operator, kind="console", present=True) as person:
            await anext(person.events())
            batch = await person.check()
            assert [message.text for message in batch.messages] == ["the disk is full"]
        assert await asyncio.to_thread(host_answers, operator), "an agent still runs here"
    await until(lambda: not host_answers(operator), 15)


async def test_an_asker_hears_that_nobody_is_there_and_gets_the_answer_that_a_person_gives(
    mesh_paths: MeshPaths, operator: AgentPaths
) -> None:
    spawn = SpawnOptions()
    async with HostClient.connected(mesh_paths.agent("dev"), kind="test", spawn=spawn) as dev:
        asked = await dev.ask(to="operator", message="may I delete it?", timeout_s=60)
        assert (asked.delivery, asked.reason) == ("delivered", UNATTENDED)
        async with HostClient.connected(operator, kind="cli", present=True) as person:
            await anext(person.events())
            assert (await dev.ask_state(asked.id)).reason == ""

        shown = await asyncio.to_thread(finished, "inbox", "--json")
        assert [row["id"] for row in json.loads(shown.out)] == [asked.id]
        answered = await asyncio.to_thread(finished, "answer", asked.id[:8], "yes, do")

        assert answered.status == 0, answered.err
        result = await dev.ask_state(asked.id, wait_s=10)
        assert result.answer is not None
        assert result.answer.text == "yes, do"


def test_an_answer_to_no_message_is_an_error(run: Runner, mesh_paths: MeshPaths) -> None:
    ran = run("answer", "12345678", "yes", "-m", mesh_paths.mesh)

    assert ran.status == 1
    assert "no message of id '12345678'" in ran.err
