"""How messages get to peers, and what happens when they do not."""

import asyncio
from collections.abc import Callable

import pytest

from meshbot_core.errors import MailboxUnavailableError
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mesh.config import MeshConfig, change_config
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.mesh.peers import with_peer, without_peer
from meshbot_core.node.events import ConfigChanged, MessageArrived, OutboxChanged, PeerHeard
from meshbot_core.types import new_id
from tests.node.conftest import Agent, StartNode
from tests.node.scripted import CLOSE, HANG, Reply, delivered, scripted
from tests.support.clock import FakeClock


def tell_mesh(paths: MeshPaths, change: Callable[[MeshConfig], MeshConfig]) -> None:
    change_config(paths, change)


def add(paths: MeshPaths, name: str, url: str) -> None:
    tell_mesh(paths, lambda config: with_peer(config, name, url))


def set_timeouts(paths: MeshPaths, **seconds: float) -> None:
    tell_mesh(
        paths,
        lambda config: config.model_copy(
            update={"timeouts": config.timeouts.model_copy(update=seconds)}
        ),
    )


def is_state(state: str) -> Callable[[OutboxChanged], bool]:
    return lambda event: event.message.state == state


async def states(agent: Agent, *ids: str) -> list[str]:
    found = [await agent.mailbox.outbox_message(message_id) for message_id in ids]
    return [message.state for message in found if message is not None]


async def test_messages_arrive_in_the_order_in_which_they_were_sent(start_node: StartNode):
    bob, alpha = await start_node("bob"), await start_node("alpha")
    texts = [f"message {n}" for n in range(150)]

    for text in texts:
        await alpha.put("bob", text)
    await bob.event(MessageArrived, lambda event: event.message.payload == texts[-1])

    arrived = [e.message.payload for e in bob.events if isinstance(e, MessageArrived)]
    assert arrived == texts
    await alpha.event(OutboxChanged, lambda event: event.message.payload == texts[-1])
    assert alpha.mailbox.counts.queued == 0


async def test_a_message_to_ourselves_arrives(start_node: StartNode):
    alpha = await start_node("alpha")

    put = await alpha.put("alpha", "note")

    assert (await alpha.event(MessageArrived)).message.id == put.id


async def test_a_first_attempt_that_fails_is_told_and_the_message_is_kept(
    start_node: StartNode, mesh_paths: MeshPaths, closed_door: str
):
    add(mesh_paths, "bob", closed_door)
    alpha = await start_node("alpha")
    put = await alpha.put("bob")

    async with asyncio.timeout(5):
        outcome = await alpha.node.first_outcome(put.id)

    assert outcome.state == "queued"
    assert "connection refused" in (outcome.error or "")
    kept = await alpha.mailbox.outbox_message(put.id)
    assert kept is not None
    assert (kept.state, kept.attempts) == ("queued", 1)


async def test_a_message_behind_one_that_waits_is_told_the_same(
    start_node: StartNode, mesh_paths: MeshPaths, closed_door: str
):
    add(mesh_paths, "bob", closed_door)
    alpha = await start_node("alpha")
    first, second = await alpha.put("bob"), await alpha.put("bob")

    async with asyncio.timeout(5):
        outcomes = await asyncio.gather(
            alpha.node.first_outcome(first.id), alpha.node.first_outcome(second.id)
        )

    assert [outcome.state for outcome in outcomes] == ["queued", "queued"]
    assert "connection refused" in (outcomes[1].error or "")


async def test_protocol_10_a_peer_that_hangs_costs_its_own_messages_and_nobody_elses(
    start_node: StartNode, mesh_paths: MeshPaths
):
    set_timeouts(mesh_paths, send_seconds=1.0)
    bob = await start_node("bob")
    async with scripted(lambda *_: HANG) as hanging:
        add(mesh_paths, "hung", hanging.url)
        alpha = await start_node("alpha")
        stuck = await alpha.put("hung")
        began = asyncio.get_running_loop().time()
        for _ in range(20):
            await alpha.put("bob")
        await bob.event(MessageArrived)

        async with asyncio.timeout(4):
            outcome = await alpha.node.first_outcome(stuck.id)
        tried = await alpha.event(OutboxChanged, is_state("queued"), within_s=1)
        assert "no answer in time" in (tried.message.last_error or "")

    assert outcome.state == "queued"
    assert 0.5 < asyncio.get_running_loop().time() - began < 4.0


async def test_decision_2_a_retry_sends_the_identical_bytes_and_a_known_nonce_means_delivered(
    start_node: StartNode, mesh_paths: MeshPaths
):
    replies: list[Reply] = [(500, "<html>"), (400, {"error": "Duplicate nonce (replay detected)"})]
    async with scripted(lambda *_: replies[len(peer.requests) - 1]) as peer:
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha")
        put = await alpha.put("bob")
        await peer.heard(1)
        alpha.node.wake()
        await alpha.event(OutboxChanged, is_state("delivered"))

    assert peer.bodies[0] == peer.bodies[1]
    assert await states(alpha, put.id) == ["delivered"]


async def test_decision_2_after_the_clock_window_a_retry_has_a_fresh_stamp_and_nonce(
    start_node: StartNode, mesh_paths: MeshPaths
):
    clock = FakeClock()
    replies: list[Reply] = [(503, {"error": "later"}), (200, {"delivered": True})]
    async with scripted(lambda *_: replies[len(peer.requests) - 1]) as peer:
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha", clock=clock)
        await alpha.put("bob")
        await alpha.event(OutboxChanged, is_state("queued"))
        clock.advance(120_000)
        alpha.node.wake("bob")
        await alpha.event(OutboxChanged, is_state("delivered"))

    (_, first), (_, second) = peer.requests
    assert first["id"] == second["id"]
    assert first["nonce"] != second["nonce"]
    assert second["timestamp"] == clock.now_ms()


async def test_decision_2_a_crash_between_delivery_and_its_note_doubles_nothing(
    start_node: StartNode, monkeypatch: pytest.MonkeyPatch
):
    bob, alpha = await start_node("bob"), await start_node("alpha")

    async def lost(*_: object) -> None:
        raise MailboxUnavailableError("crashed")

    with monkeypatch.context() as patch:
        patch.setattr(Mailbox, "finish", lost)
        put = await alpha.put("bob")
        await bob.event(MessageArrived)
        await alpha.stop()
    assert alpha.mailbox.counts.queued == 1

    alpha = await start_node("alpha")
    await alpha.event(OutboxChanged, is_state("delivered"))

    assert await states(alpha, put.id) == ["delivered"]
    assert bob.mailbox.counts.unread == 1


@pytest.mark.parametrize(("status", "error"), [(400, "bad"), (404, "not here"), (413, "too large")])
async def test_decision_3_some_refusals_are_final_and_do_not_hold_up_the_next(
    start_node: StartNode, mesh_paths: MeshPaths, status: int, error: str
):
    def answer(path: str, message: dict[str, object]) -> Reply:
        return (
            (status, {"error": error}) if message["payload"] == "no" else delivered(path, message)
        )

    async with scripted(answer) as peer:
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha")
        ids = [(await alpha.put("bob", text)).id for text in ("no", "yes")]
        failed = await alpha.event(OutboxChanged, is_state("failed"))
        await alpha.event(OutboxChanged, is_state("delivered"))

    assert failed.message.last_error == f"HTTP {status}: {error}"
    assert await states(alpha, *ids) == ["failed", "delivered"]


@pytest.mark.parametrize(
    "reply",
    [
        (401, {"error": "key"}),
        (403, ""),
        (500, "<p>"),
        (502, ""),
        (200, "<html>"),
        (302, ""),
        CLOSE,
    ],
)
async def test_decision_3_other_refusals_are_tried_again_and_keep_the_order(
    start_node: StartNode, mesh_paths: MeshPaths, reply: Reply
):
    is_well = False

    def answer(path: str, message: dict[str, object]) -> Reply:
        return delivered(path, message) if is_well else reply

    async with scripted(answer) as peer:
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha")
        ids = [(await alpha.put("bob", text)).id for text in ("one", "two")]
        await alpha.event(OutboxChanged, is_state("queued"))
        assert await states(alpha, *ids) == ["queued", "queued"]
        is_well = True
        alpha.node.wake()
        await alpha.event(OutboxChanged, lambda e: e.message.id == ids[1])

    assert [message["payload"] for _, message in peer.requests][-2:] == ["one", "two"]
    assert await states(alpha, *ids) == ["delivered", "delivered"]


async def test_decision_3_what_is_out_of_time_is_withdrawn(
    start_node: StartNode, mesh_paths: MeshPaths, closed_door: str
):
    clock = FakeClock()
    add(mesh_paths, "bob", closed_door)
    alpha = await start_node("alpha", clock=clock)
    put = await alpha.put("bob", ttl_ms=24 * 3600 * 1000)
    await alpha.event(OutboxChanged, is_state("queued"))

    clock.advance(24 * 3600 * 1000)
    expired = await alpha.event(OutboxChanged, is_state("expired"))

    assert expired.message.id == put.id
    assert alpha.mailbox.counts.queued == 0


async def test_decision_3_an_ask_ends_with_its_own_time_even_when_it_was_delivered(
    start_node: StartNode,
):
    clock = FakeClock()
    bob, alpha = await start_node("bob", clock=clock), await start_node("alpha", clock=clock)
    put = await alpha.put("bob", "?", kind="ask", ttl_ms=5_000)
    await alpha.event(OutboxChanged, is_state("delivered"))

    clock.advance(5_000)
    await alpha.event(OutboxChanged, lambda event: event.message.ask_state == "timed_out")

    status = await alpha.mailbox.ask_status(put.id)
    assert status is not None
    assert (status.state, bob.mailbox.counts.unread) == ("timed_out", 1)


async def test_a_peer_that_speaks_to_us_gets_what_waits_for_it_at_once(
    start_node: StartNode, mesh_paths: MeshPaths, closed_door: str
):
    add(mesh_paths, "bob", closed_door)
    alpha = await start_node("alpha")
    await alpha.put("bob", "waiting")
    await alpha.event(OutboxChanged, is_state("queued"))

    bob = await start_node("bob")
    await alpha.event(ConfigChanged)
    await bob.put("alpha", "I am up")
    arrived = await bob.event(MessageArrived, within_s=3)

    assert arrived.message.payload == "waiting"
    await alpha.event(PeerHeard, lambda event: event.name == "bob")


async def test_a_peer_that_answers_health_gets_what_waits_for_it_at_once(
    start_node: StartNode, mesh_paths: MeshPaths
):
    is_well = False

    def answer(path: str, message: dict[str, object]) -> Reply:
        if path == "/mesh/health":
            return 200, {"agent": "bob", "status": "online", "timestamp": 5}
        return delivered(path, message) if is_well else (503, {"error": "busy"})

    async with scripted(answer) as peer:
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha")
        for _ in range(3):  # the pause is 2 to 4 s by now
            await alpha.put("bob")
            await asyncio.sleep(0)
        await alpha.event(OutboxChanged, is_state("queued"))
        is_well = True
        assert (await alpha.node.probe("bob")).is_online
        await alpha.event(OutboxChanged, is_state("delivered"), within_s=0.9)


async def test_a_peer_that_entered_the_mesh_this_moment_is_found(start_node: StartNode):
    alpha, bob = await start_node("alpha"), await start_node("bob")

    await alpha.put("bob")

    await bob.event(MessageArrived)


async def test_a_peer_that_was_removed_gets_nothing_more(
    start_node: StartNode, mesh_paths: MeshPaths, closed_door: str
):
    add(mesh_paths, "bob", closed_door)
    alpha = await start_node("alpha")
    put = await alpha.put("bob")
    await alpha.event(OutboxChanged, is_state("queued"))

    tell_mesh(mesh_paths, lambda config: without_peer(config, "bob"))
    await alpha.event(ConfigChanged)
    alpha.node.wake("bob")

    failed = await alpha.event(OutboxChanged, is_state("failed"))
    assert failed.message.id == put.id
    assert 'Unknown agent "bob"' in (failed.message.last_error or "")


async def test_decision_8_a_refusal_for_skew_names_both_clocks(
    start_node: StartNode, mesh_paths: MeshPaths
):
    ours, theirs = FakeClock(1_700_000_000_000), FakeClock(1_700_000_600_000)
    await start_node("bob", clock=theirs)
    alpha = await start_node("alpha", clock=ours)
    await alpha.put("bob")

    failed = await alpha.event(OutboxChanged, is_state("failed"))

    error = failed.message.last_error or ""
    assert "its clock says 2023-11-14T22:23:20" in error
    assert "ours says 2023-11-14T22:13:20" in error
    assert "600 s ahead" in error
    health = await alpha.node.probe("bob")
    assert (health.is_online, health.skew_ms) == (True, 600_000)


async def test_decision_8_a_reference_peer_is_asked_for_its_clock(
    start_node: StartNode, mesh_paths: MeshPaths
):
    def answer(path: str, _message: dict[str, object]) -> Reply:
        if path == "/mesh/health":
            return 200, {"agent": "bob", "status": "online", "timestamp": 1_700_000_000_000}
        return 400, {"error": "Message timestamp expired"}

    async with scripted(answer) as peer:
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha")
        await alpha.put("bob")
        failed = await alpha.event(OutboxChanged, is_state("failed"))

    assert "2023-11-14T22:13:20" in (failed.message.last_error or "")


async def test_a_clock_set_back_gives_old_messages_a_fresh_stamp(
    start_node: StartNode, mesh_paths: MeshPaths, closed_door: str
):
    clock = FakeClock()
    add(mesh_paths, "bob", closed_door)
    alpha = await start_node("alpha", clock=clock)
    put = await alpha.put("bob")
    await alpha.event(OutboxChanged, is_state("queued"))

    clock.advance(-3_600_000)
    bob = await start_node("bob", clock=clock)
    await alpha.event(ConfigChanged)
    alpha.node.wake()

    assert (await bob.event(MessageArrived)).message.sent_at_ms == clock.now_ms()
    assert (await alpha.event(OutboxChanged, is_state("delivered"))).message.id == put.id


async def test_what_an_earlier_run_left_is_delivered(
    start_node: StartNode, mesh_paths: MeshPaths, closed_door: str
):
    add(mesh_paths, "bob", closed_door)
    alpha = await start_node("alpha")
    put = await alpha.put("bob")
    await alpha.event(OutboxChanged, is_state("queued"))
    await alpha.stop()

    bob = await start_node("bob")
    await start_node("alpha")

    assert (await bob.event(MessageArrived)).message.id == put.id


async def test_a_response_goes_to_the_path_for_answers(
    start_node: StartNode, mesh_paths: MeshPaths
):
    async with scripted(lambda *_: (200, {"received": True, "resolved": False})) as peer:
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha")
        await alpha.put("bob", "yes", kind="response", reply_to=new_id())
        await alpha.event(OutboxChanged, is_state("delivered"))
        await alpha.put("bob", "?", kind="ask")
        await peer.heard(2)

    assert [path for path, _ in peer.requests] == ["/mesh/response", "/mesh/ask"]


async def test_proxies_of_the_environment_are_not_used(
    start_node: StartNode, mesh_paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://localhost:1")
    bob, alpha = await start_node("bob"), await start_node("alpha")

    await alpha.put("bob")

    await bob.event(MessageArrived)


async def test_a_proxy_that_the_configuration_names_is_used(
    start_node: StartNode, mesh_paths: MeshPaths
):
    async with scripted() as proxy:
        add(mesh_paths, "bob", "http://bob.example:9820")
        tell_mesh(mesh_paths, lambda config: config.model_copy(update={"proxy": proxy.url}))
        alpha = await start_node("alpha")
        await alpha.put("bob")
        await alpha.event(OutboxChanged, is_state("delivered"))

    assert proxy.requests[0][0] == "http://bob.example:9820/mesh/msg"


async def test_a_redirect_is_not_followed_with_the_key(
    start_node: StartNode, mesh_paths: MeshPaths
):
    async with scripted() as elsewhere, scripted(lambda *_: (307, "")) as peer:
        peer.location = f"{elsewhere.url}/mesh/msg"
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha")
        await alpha.put("bob")
        await alpha.event(OutboxChanged, is_state("queued"))

    assert not elsewhere.requests


async def test_lanes_end_when_nothing_is_left(start_node: StartNode):
    _, alpha = await start_node("bob"), await start_node("alpha")
    put = await alpha.put("bob")
    await alpha.node.first_outcome(put.id)

    async with asyncio.timeout(5):
        while alpha.node._courier is None or alpha.node._courier._lanes:  # noqa: ASYNC110 -- no event tells
            await asyncio.sleep(0)


async def test_the_end_does_not_wait_for_a_peer_that_hangs(
    start_node: StartNode, mesh_paths: MeshPaths
):
    async with scripted(lambda *_: HANG) as peer:
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha")
        await alpha.put("bob")
        await peer.heard(1)
        async with asyncio.timeout(2):
            await alpha.stop()


async def test_fifty_peers_that_hang_cost_one_time_out(
    start_node: StartNode, mesh_paths: MeshPaths
):
    set_timeouts(mesh_paths, health_seconds=0.5)
    loop = asyncio.get_running_loop()
    async with scripted(lambda *_: HANG) as peer:
        for n in range(50):
            add(mesh_paths, f"hung-{n}", peer.url)
        alpha = await start_node("alpha")
        await start_node("bob")
        await alpha.event(ConfigChanged, lambda _: "bob" in alpha.node.config.peers)
        began = loop.time()
        came = [
            (health.name, health.is_online, loop.time() - began)
            async for health in alpha.node.probe_all()
        ]

    assert came[0][:2] == ("bob", True)
    assert came[0][2] < came[1][2]
    assert len(came) == 51
    assert came[-1][2] < 5.0  # one after the other they would take 25 s


async def test_decision_21_another_agent_at_a_peers_url_is_not_taken_for_it(
    start_node: StartNode, mesh_paths: MeshPaths
):
    bob, alpha = await start_node("bob"), await start_node("alpha")
    add(mesh_paths, "carol", bob.node.url)
    await alpha.event(ConfigChanged, lambda _: "carol" in alpha.node.config.peers)

    health = await alpha.node.probe("carol")

    assert not health.is_online
    assert health.error == 'another agent answers there: "bob"'
