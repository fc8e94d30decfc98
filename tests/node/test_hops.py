"""Messages carry how many messages led to them, so that a chain can be seen for what it is."""

from collections.abc import Callable

import pytest

from meshbot_core.host import api
from meshbot_core.host.asking import Asking
from meshbot_core.host.desk import Desk
from meshbot_core.host.operating import Operators
from meshbot_core.host.writing import Writing
from meshbot_core.mailbox.records import Draft
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.node.events import MessageArrived, OutboxChanged
from meshbot_core.types import new_id
from meshbot_core.wire.message import MAX_HOPS
from tests.node.conftest import DAY_MS, Agent, StartNode
from tests.node.scripted import scripted
from tests.node.test_courier import add, is_state


def writing_of(agent: Agent, **members: Callable[..., object]) -> Writing:
    operators = Operators(agent.node._paths.agent(agent.node.agent))
    return Writing(agent.node, agent.clock, operators, **members)


def desk_of(agent: Agent, **members: Callable[..., object]) -> Desk:
    return Desk(agent.node.agent, agent.mailbox, agent.node, writing_of(agent, **members))


@pytest.mark.parametrize("hops", [0, 3])
async def test_hops_travel_only_where_there_are_any(
    start_node: StartNode, mesh_paths: MeshPaths, hops: int
):
    async with scripted(lambda *_: (200, {"delivered": True})) as peer:
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha")
        until_ms = alpha.clock.now_ms() + DAY_MS
        await alpha.mailbox.enqueue(
            Draft(new_id(), "bob", "message", "hi", None, until_ms, hops=hops)
        )
        alpha.node.wake("bob")
        await alpha.event(OutboxChanged, is_state("delivered"))

    ((_, body),) = peer.requests
    assert body.get("hops") == (hops or None)


async def test_a_chain_of_replies_between_two_agents_counts_up(start_node: StartNode):
    alpha, bob = await start_node("alpha"), await start_node("bob")
    desks = {"alpha": desk_of(alpha), "bob": desk_of(bob)}
    agents = {"alpha": alpha, "bob": bob}
    first = await desks["alpha"].send(api.SendRequest(id=new_id(), to="bob", message="hi"))
    seen, last = [], first.id
    for writer, reader in [("alpha", "bob"), ("bob", "alpha")] * 3:
        arrived = await agents[reader].event(
            MessageArrived, lambda event, last=last: event.message.id == last
        )
        seen.append(arrived.message.hops)
        answer = await desks[reader].reply(
            api.ReplyRequest(id=new_id(), to=writer, message="and?", message_id=last)
        )
        last = answer.id

    assert seen == [0, 1, 2, 3, 4, 5]


async def test_an_answer_to_an_ask_counts_on_without_a_session(start_node: StartNode):
    alpha, bob = await start_node("alpha"), await start_node("bob")
    writing = writing_of(alpha, hops=lambda: 4)
    asking = Asking(alpha.mailbox, alpha.node, alpha.clock, writing)
    asked = await asking.ask(
        api.AskRequest(id=new_id(), to="bob", message="ready?", timeout_s=5, session="s")
    )
    await desk_of(bob).reply(
        api.ReplyRequest(id=new_id(), to="alpha", message="yes", message_id=asked.id)
    )

    answered = await asking.ask_state(asked.id, session="s", wait_s=5)
    assert answered.state == "answered"
    assert (await bob.mailbox.message(asked.id)).hops == 4
    assert (await alpha.mailbox.message(answered.answer.id)).hops == 5


async def test_what_a_turn_was_shown_counts_and_the_count_ends_at_the_protocols_limit(
    start_node: StartNode,
):
    alpha, bob = await start_node("alpha"), await start_node("bob")
    hops = iter([7, MAX_HOPS + 5])
    desk = desk_of(alpha, hops=lambda: next(hops))
    ids = [new_id(), new_id()]
    for message_id in ids:
        await desk.send(api.SendRequest(id=message_id, to="bob", message="hi"))
    await bob.event(MessageArrived, lambda event: event.message.id == ids[1])

    kept = [await bob.mailbox.message(message_id) for message_id in ids]
    assert [message.hops for message in kept] == [7, MAX_HOPS]


async def test_who_reads_by_a_tool_is_told_what_was_shown(start_node: StartNode):
    alpha, bob = await start_node("alpha"), await start_node("bob")
    shown = []
    desk = desk_of(bob, saw=shown.extend)
    for text in ("one", "two"):
        put = await alpha.put("bob", text)
        await bob.event(MessageArrived, lambda event, put=put: event.message.id == put.id)
        call = api.LeaseCall(session="s", lease_id=new_id())
        await (desk.check(call) if text == "one" else desk.pending(call))

    assert [message.payload for message in shown] == ["one", "two"]
