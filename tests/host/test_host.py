"""Agent hosts in this process: real sockets, real mailboxes, real clients."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from meshbot_core.errors import (
    HostRunningError,
    HostUnavailableError,
    InvalidArgumentError,
    NoSuchMessageError,
    TooLargeError,
    UnknownPeerError,
)
from meshbot_core.host import api
from meshbot_core.host.client import HostClient
from meshbot_core.host.host import AgentHost, HostOptions, running
from meshbot_core.host.unix_http import UnixHttp
from meshbot_core.mesh.config import change_config
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.mesh.peers import with_peer
from meshbot_core.node.node import Listen
from meshbot_core.types import SystemClock, new_id
from tests.support.waiting import until

Hosting = Callable[..., AbstractAsyncContextManager[tuple[AgentHost, HostClient]]]


@pytest.fixture
def hosting(mesh_paths: MeshPaths) -> Hosting:
    @contextlib.asynccontextmanager
    async def start(
        name: str, *, linger_s: float = 10.0, present: bool = False
    ) -> AsyncIterator[tuple[AgentHost, HostClient]]:
        agent = mesh_paths.agent(name)
        options = HostOptions(Listen(host=None, port=None, advertise=None), linger_s=linger_s)
        async with (
            running(agent, options, SystemClock()) as host,
            HostClient.connected(agent, kind="test", present=present) as client,
        ):
            yield host, client

    return start


def add_down_peer(paths: MeshPaths, name: str = "ghost") -> None:
    change_config(paths, lambda config: with_peer(config, name, "http://127.0.0.1:9", ""))


async def until_unread(client: HostClient, count: int) -> None:
    async def is_reached() -> bool:
        return (await client.status()).unread == count

    await until(is_reached)


async def test_a_message_is_delivered_read_and_acknowledged(hosting: Hosting):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        sent = await dev.send(to="ops", message="hello")
        assert (sent.state, sent.to) == ("delivered", "ops")

        batch = await ops.check()
        assert [(m.id, m.sender, m.text) for m in batch.messages] == [(sent.id, "dev", "hello")]
        assert (await ops.check()).messages == ()

        await ops.settle(acknowledge=[batch.lease_id])
        status = await ops.status()
        assert (status.unread, status.leased) == (0, 0)


async def test_what_was_given_back_is_shown_again_and_marked(hosting: Hosting):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        await dev.send(to="ops", message="hello")
        batch = await ops.check()
        assert not batch.messages[0].shown_before
        await ops.settle(give_back=[batch.lease_id])
        assert (await ops.check()).messages[0].shown_before


async def test_decision_10_the_same_request_again_does_nothing_twice(hosting: Hosting):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        message_id = new_id()
        for _ in range(3):
            assert (await dev.send(to="ops", message="once", id=message_id)).state == "delivered"
        assert [m.id for m in (await ops.check()).messages] == [message_id]


async def test_decision_4_a_message_to_a_peer_that_is_down_is_queued_and_says_so(
    hosting: Hosting, mesh_paths: MeshPaths
):
    add_down_peer(mesh_paths)
    async with hosting("dev") as (_, dev):
        sent = await dev.send(to="ghost", message="later")
        assert sent.state == "queued"
        assert sent.reason
        assert sent.retry_until_ms > SystemClock().now_ms() + 23 * 3600 * 1000


async def test_decision_4_nothing_is_queued_for_a_name_that_is_not_in_the_mesh(hosting: Hosting):
    async with hosting("dev") as (_, dev):
        with pytest.raises(UnknownPeerError, match='Unknown agent "nobody"'):
            await dev.send(to="nobody", message="x")
        assert (await dev.status()).queued == 0


async def test_a_message_over_the_meshs_limit_is_refused_before_it_is_kept(hosting: Hosting):
    async with hosting("dev") as (_, dev):
        with pytest.raises(TooLargeError):
            await dev.send(to="dev", message="x" * 1_100_000)
        with pytest.raises(InvalidArgumentError):
            await dev.reply(to="dev", message_id="", message="x")


async def test_a_broadcast_reaches_everybody_but_the_excluded(
    hosting: Hosting, mesh_paths: MeshPaths
):
    add_down_peer(mesh_paths)
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops), hosting("qa") as (_, qa):
        results = await dev.broadcast(message="all", exclude=["qa"])
        assert {r.to: r.state for r in results} == {"ghost": "queued", "ops": "delivered"}
        assert [m.text for m in (await ops.check()).messages] == ["all"]
        assert (await qa.check()).messages == ()


async def answer_one(client: HostClient, text: str) -> None:
    await until_unread(client, 1)
    batch = await client.check()
    ask = batch.messages[0]
    assert ask.kind == "ask"
    result = await client.reply(to=ask.sender, message_id=ask.id, message=text)
    assert result.state == "delivered"


async def test_an_ask_is_answered(hosting: Hosting):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            group.create_task(answer_one(ops, "4"))
            asked = await dev.ask(to="ops", message="2+2?", timeout_s=5)
            while asked.state == "open":
                asked = await dev.ask_state(asked.id, wait_s=5)
        assert asked.answer is not None
        assert (asked.state, asked.answer.text, asked.answer.sender) == ("answered", "4", "ops")
        # Asked again it is the same answer: the first response may have been lost on its way.
        assert (await dev.ask_state(asked.id)).answer == asked.answer
        await dev.settle(acknowledge=[asked.lease_id])
        assert (await dev.status()).leased == 0


async def test_protocol_6_an_answer_after_the_time_out_goes_to_the_inbox(hosting: Hosting):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        asked = await dev.ask(to="ops", message="quick?", timeout_s=0.2)
        while asked.state == "open":
            asked = await dev.ask_state(asked.id, wait_s=5)
        assert asked.state == "timed_out"
        await answer_one(ops, "late")
        await until_unread(dev, 1)
        late = (await dev.check()).messages[0]
        assert (late.text, late.reply_to, late.kind) == ("late", asked.id, "response")


async def test_an_ask_that_was_cancelled_gets_its_answer_in_the_inbox(hosting: Hosting):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        asked = await dev.ask(to="ops", message="quick?", timeout_s=60)
        assert (await dev.cancel_ask(asked.id)).state == "timed_out"
        await answer_one(ops, "late")
        await until_unread(dev, 1)


async def test_decision_5_an_ask_from_the_peer_that_was_asked_ends_the_wait(hosting: Hosting):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        first = await dev.ask(to="ops", message="yours?", timeout_s=60)
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            waiting = group.create_task(dev.ask_state(first.id, wait_s=30))
            second = await ops.ask(to="dev", message="mine?", timeout_s=60)
        crossed = waiting.result()
        assert crossed.crossing is not None
        assert (crossed.crossing.text, crossed.crossing.id) == ("mine?", second.id)
        # ops had the first ask waiting in its inbox, so its own wait ended at once.
        assert second.crossing is not None
        assert second.crossing.id == first.id

        await ops.reply(to="dev", message_id=first.id, message="answer")
        await until_unread(dev, 1)
        answer = (await dev.check()).messages[0]
        assert (answer.text, answer.reply_to) == ("answer", first.id)


@pytest.mark.parametrize("timeout_s", [0, -5, 86_401, 3_000_000])
async def test_decision_6_a_time_out_outside_a_day_is_an_error(hosting: Hosting, timeout_s: float):
    async with hosting("dev") as (_, dev):
        with pytest.raises(InvalidArgumentError, match="outside"):
            await dev.ask(to="dev", message="x", timeout_s=timeout_s)


async def test_an_answer_whose_asker_died_falls_back_to_the_inbox(
    hosting: Hosting, mesh_paths: MeshPaths
):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        async with HostClient.connected(mesh_paths.agent("dev"), kind="test") as dying:
            await dying.ask(to="ops", message="2+2?", timeout_s=60)
            await answer_one(ops, "4")
        await until_unread(dev, 1)
        assert (await dev.check()).messages[0].text == "4"


async def test_a_reply_to_a_plain_message_arrives_as_a_message_that_names_it(hosting: Hosting):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        sent = await dev.send(to="ops", message="fyi")
        await ops.check()
        await ops.reply(to="dev", message_id=sent.id, message="thanks")
        answer = (await dev.check()).messages[0]
        assert (answer.kind, answer.reply_to, answer.text) == ("message", sent.id, "thanks")


async def test_decision_34_pending_texts_are_cut_and_the_rest_can_be_read(hosting: Hosting):
    text = "é" * 20_000
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        sent = await dev.send(to="ops", message=text)
        view = (await ops.pending()).messages[0]
        assert len(view.text.encode()) <= api.PUSH_MESSAGE_BYTES
        assert text.startswith(view.text)
        assert view.total_chars == 20_000
        part = await ops.read_message(sent.id, len(view.text))
        assert view.text + part.text == text
        assert part.next_offset is None
        with pytest.raises(NoSuchMessageError):
            await ops.read_message("nope")
        with pytest.raises(InvalidArgumentError):
            await ops.read_message(sent.id, 20_001)


async def test_decision_34_check_gives_whole_messages_and_says_how_many_wait(hosting: Hosting):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        for _ in range(3):
            await dev.send(to="ops", message="x" * 200_000)
        batch = await ops.check()
        assert [len(m.text) for m in batch.messages] == [200_000]
        assert batch.remaining == 2


async def test_pending_messages_together_stay_under_their_limit(hosting: Hosting):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        for _ in range(6):
            await dev.send(to="ops", message="x" * 30_000)
        batch = await ops.pending()
        assert len(batch.messages) == api.PUSH_TOTAL_BYTES // api.PUSH_MESSAGE_BYTES
        assert batch.remaining == 2


async def test_an_event_stream_tells_of_messages_and_deliveries(hosting: Hosting):
    async with hosting("dev", present=True) as (_, dev), hosting("ops", present=True) as (_, ops):
        events = ops.events()
        async with asyncio.timeout(5):
            assert isinstance(await anext(events), api.Hello)
            sent = await dev.send(to="ops", message="hello")
            event = await anext(events)
            assert isinstance(event, api.MessageEvent)
            assert event.message.id == sent.id


async def test_peers_are_listed_with_their_health(hosting: Hosting, mesh_paths: MeshPaths):
    add_down_peer(mesh_paths)
    async with hosting("dev") as (_, dev), hosting("ops"):
        peers = {peer.name: peer for peer in await dev.peers()}
        assert {name: peer.is_online for name, peer in peers.items()} == {
            "ghost": False,
            "ops": True,
        }
        assert (peers["ghost"].protocols, peers["ops"].protocols) == ((), (1,))
        assert (await dev.peer("dev")).is_online
        with pytest.raises(UnknownPeerError):
            await dev.peer("nobody")


async def test_a_second_host_of_the_same_agent_is_refused_with_the_pid(
    hosting: Hosting, mesh_paths: MeshPaths
):
    options = HostOptions(Listen(host=None, port=None, advertise=None))
    async with hosting("dev"):
        with pytest.raises(HostRunningError, match="pid"):
            async with running(mesh_paths.agent("dev"), options, SystemClock()):
                pass


async def test_decision_17_a_host_is_gone_within_two_seconds_with_streams_open(
    mesh_paths: MeshPaths,
):
    agent = mesh_paths.agent("dev")
    options = HostOptions(Listen(host=None, port=None, advertise=None))
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(running(agent, options, SystemClock()))
        watching = HostClient.connected(agent, kind="test", present=True)
        client = await stack.enter_async_context(watching)
        assert isinstance(await anext(client.events()), api.Hello)
        opened = await stack.enter_async_context(_raw_stream(agent))
        async with asyncio.timeout(2):
            await stack.aclose()
    assert opened is not None


@contextlib.asynccontextmanager
async def _raw_stream(agent: AgentPaths) -> AsyncIterator[asyncio.StreamReader]:
    """A watcher that never reads and does not hang up by itself."""
    reader, writer = await asyncio.open_unix_connection(str(agent.socket))
    writer.write(b"GET /v1/events?session=raw HTTP/1.1\r\nHost: host\r\n\r\n")
    await reader.readline()
    try:
        yield reader
    finally:
        writer.close()


async def test_no_host_and_none_to_be_started_is_one_clear_error(mesh_paths: MeshPaths):
    with pytest.raises(HostUnavailableError, match="no host of 'dev'") as caught:
        async with HostClient.connected(mesh_paths.agent("dev"), kind="test"):
            pass
    assert "meshbot serve --as dev" in caught.value.hint


async def test_decision_12_socket_and_host_json_are_private(
    hosting: Hosting, mesh_paths: MeshPaths
):
    agent = mesh_paths.agent("dev")
    async with hosting("dev"):
        assert agent.socket.stat().st_mode & 0o777 == 0o600
        assert agent.host_json.stat().st_mode & 0o777 == 0o600
    assert not agent.socket.exists()
    assert not agent.host_json.exists()


async def test_a_bad_request_on_the_control_socket_says_where(
    hosting: Hosting, mesh_paths: MeshPaths
):
    async with hosting("dev"):
        http = UnixHttp(mesh_paths.agent("dev"))
        for body in (b"", b"[]", b"{", b'{"to": 5}', b"\xff", b"[" * 100_000):
            response = await http.request("POST", "/v1/send", body)
            assert response.status == 400, body[:20]
            assert json.loads(response.body)["code"] == "invalid_argument"
        nothing = await http.request("GET", "/v1/nothing")
        assert json.loads(nothing.body)["code"] == "bad_request"
        assert (await http.request("GET", "/v1/messages/x?offset=abc")).status == 400
        http.close()


async def test_the_journal_shows_both_directions_in_order(hosting: Hosting):
    async with hosting("dev") as (_, dev), hosting("ops") as (_, ops):
        await dev.send(to="ops", message="one")
        await ops.send(to="dev", message="two")
        rows = await dev.journal()
        assert [(r.direction, r.peer, r.text) for r in rows] == [
            ("out", "ops", "one"),
            ("in", "ops", "two"),
        ]
        assert rows[0].state == "delivered"
