"""What the listener takes, refuses and survives."""

import asyncio
import contextlib
import gzip
import json
import logging
import random
import resource
import socket

import pytest

from meshbot_core.errors import MailboxUnavailableError
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import Draft, Receipt
from meshbot_core.mesh.config import change_config
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.node.connection import TimeLimits
from meshbot_core.node.events import AnswerArrived, ConfigChanged, MessageArrived
from meshbot_core.node.listener import ListenLimits
from meshbot_core.wire.message import WireMessage, encode
from tests.node.conftest import DAY_MS, StartNode
from tests.node.talk import PATHS, Line, message, posted, request, say
from tests.support.clock import FakeClock


async def test_a_signed_message_is_on_disk_when_it_is_answered(start_node: StartNode, key: MeshKey):
    alpha = await start_node("alpha")
    wire = message(key, alpha.clock.now_ms())

    said = await say(alpha.port, posted(key, wire))

    assert (said.status, said.json) == (200, {"delivered": True, "messageId": wire.id})
    stored = await alpha.mailbox.message(wire.id)
    assert stored is not None
    assert stored.payload == "hello"
    assert (await alpha.event(MessageArrived)).message.id == wire.id


async def test_health_tells_name_time_and_protocols(start_node: StartNode):
    alpha = await start_node("alpha", clock=FakeClock(1_000_000))

    said = await say(alpha.port, request("GET", "/mesh/health"))

    assert said.json == {
        "agent": "alpha",
        "status": "online",
        "timestamp": 1_000_000,
        "version": "0.0.test",
        "protocols": [1],
    }


async def test_head_gets_the_head_of_an_answer(start_node: StartNode):
    alpha = await start_node("alpha")

    async with Line(alpha.port) as line:
        said = await line.ask(request("HEAD", "/mesh/health"))
        assert (said.status, said.body) == (200, b"")
        assert (await line.ask(request("GET", "/mesh/health"))).json["agent"] == "alpha"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_an_unknown_method_is_told_the_one_that_works(
    start_node: StartNode, key: MeshKey, method: str
):
    alpha = await start_node("alpha")

    said = await say(alpha.port, request(method, "/mesh/msg", key=key))

    assert (said.status, said.headers["allow"]) == (405, "POST")
    assert "error" in said.json


async def test_protocol_1_nothing_is_read_before_the_key_was_shown(start_node: StartNode):
    alpha = await start_node("alpha")

    async with Line(alpha.port) as line:
        # The body announced here never comes; the answer does.
        await line.write(request("POST", "/mesh/msg", headers={"Content-Length": "100000"}))
        said = await line.answer()

    assert (said.status, said.json["error"]) == (401, "Missing or invalid authorization")
    assert dict(alpha.node.rejected) == {"unauthorized": 1}


async def test_protocol_1_a_secret_never_gets_into_a_log_line(
    start_node: StartNode, key: MeshKey, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    alpha = await start_node("alpha")
    wrong = key.text[:-2] + "x="

    await say(
        alpha.port, request("POST", "/mesh/msg", headers={"Authorization": f"Bearer {wrong}"})
    )
    await say(alpha.port, request("POST", "/mesh/msg", b"{nope", key=key))
    await say(
        alpha.port, request("POST", "/mesh/msg", headers={"Authorization": key.text, "A b": ""})
    )

    assert key.text[:20] not in caplog.text


async def test_protocol_3_and_7_a_message_cannot_be_replayed_after_a_restart(
    start_node: StartNode, key: MeshKey
):
    alpha = await start_node("alpha")
    captured = posted(key, message(key, alpha.clock.now_ms()))
    assert (await say(alpha.port, captured)).status == 200
    await alpha.stop()

    alpha = await start_node("alpha")
    said = await say(alpha.port, captured)

    assert (said.status, said.json["error"]) == (400, "Duplicate nonce (replay detected)")
    assert alpha.mailbox.counts.unread == 1


async def test_protocol_3_a_forged_message_burns_no_nonce(start_node: StartNode, key: MeshKey):
    alpha = await start_node("alpha")
    wire = message(key, alpha.clock.now_ms())
    forged = wire.model_copy(update={"hmac": "0" * 64})

    assert (await say(alpha.port, posted(key, forged))).status == 400
    assert (await say(alpha.port, posted(key, wire))).status == 200


async def test_protocol_4_a_message_never_answers_an_ask(start_node: StartNode, key: MeshKey):
    alpha = await start_node("alpha")
    now_ms = alpha.clock.now_ms()
    ask = await alpha.mailbox.enqueue(Draft("ask-1", "bob", "ask", "?", None, now_ms + DAY_MS))
    wire = message(key, now_ms, sender="bob", kind="message", reply_to=ask.id)

    said = await say(alpha.port, posted(key, wire, path="/mesh/response"))

    assert said.status == 400
    assert alpha.mailbox.counts.open_asks == 1


async def test_protocol_4_only_the_agent_that_was_asked_can_answer(
    start_node: StartNode, key: MeshKey
):
    alpha = await start_node("alpha")
    now_ms = alpha.clock.now_ms()
    ask = await alpha.mailbox.enqueue(Draft("ask-1", "bob", "ask", "?", None, now_ms + DAY_MS))

    for sender, is_resolved in (("mallory", False), ("bob", True)):
        wire = message(key, now_ms, sender=sender, kind="response", reply_to=ask.id)
        said = await say(alpha.port, posted(key, wire))
        assert said.json == {"received": True, "resolved": is_resolved}

    assert (await alpha.event(AnswerArrived)).message.sender == "bob"


async def test_protocol_6_an_answer_that_comes_before_the_ask_was_sent_counts(
    start_node: StartNode, key: MeshKey
):
    alpha = await start_node("alpha")
    now_ms = alpha.clock.now_ms()
    # On disk, and never sent: bob is not in the mesh.
    await alpha.mailbox.enqueue(Draft("ask-1", "bob", "ask", "?", None, now_ms + DAY_MS))

    wire = message(key, now_ms, sender="bob", kind="response", reply_to="ask-1", payload="yes")
    said = await say(alpha.port, posted(key, wire))

    assert said.json["resolved"]
    assert (await alpha.event(AnswerArrived)).ask_id == "ask-1"


async def test_protocol_6_a_late_answer_goes_to_the_inbox_with_what_it_answers(
    start_node: StartNode, key: MeshKey
):
    alpha = await start_node("alpha")
    now_ms = alpha.clock.now_ms()
    await alpha.mailbox.enqueue(Draft("ask-1", "bob", "ask", "?", None, now_ms + DAY_MS))
    await alpha.mailbox.end_ask("ask-1")

    wire = message(key, now_ms, sender="bob", kind="response", reply_to="ask-1")
    said = await say(alpha.port, posted(key, wire))

    assert said.json == {"received": True, "resolved": False}
    assert (await alpha.event(MessageArrived)).message.reply_to == "ask-1"


async def test_protocol_7_a_broken_mailbox_answers_503_and_the_sender_keeps_the_message(
    start_node: StartNode, key: MeshKey, monkeypatch: pytest.MonkeyPatch
):
    alpha = await start_node("alpha")

    async def full(*_: object, **__: object) -> None:
        raise MailboxUnavailableError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(Mailbox, "receive", full)
        said = await say(alpha.port, posted(key, message(key, alpha.clock.now_ms())))
        assert (said.status, said.json) == (503, {"error": "disk full"})
    assert (await say(alpha.port, posted(key, message(key, alpha.clock.now_ms())))).status == 200


async def test_protocol_8_the_same_message_again_is_taken_once_and_answered_twice(
    start_node: StartNode, key: MeshKey
):
    alpha = await start_node("alpha")

    for _ in range(2):
        wire = message(key, alpha.clock.now_ms(), message_id="the-same")
        said = await say(alpha.port, posted(key, wire))
        assert (said.status, said.json["messageId"]) == (200, "the-same")

    assert alpha.mailbox.counts.unread == 1


async def test_decision_8_a_refusal_for_skew_tells_our_clock(start_node: StartNode, key: MeshKey):
    alpha = await start_node("alpha", clock=FakeClock())

    said = await say(alpha.port, posted(key, message(key, alpha.clock.now_ms() - 61_000)))

    assert said.status == 400
    assert said.json == {
        "error": "Message timestamp expired",
        "timestamp": alpha.clock.now_ms(),
    }


async def test_a_clock_set_back_and_forth_lets_no_message_in_twice(
    start_node: StartNode, key: MeshKey
):
    clock = FakeClock()
    alpha = await start_node("alpha", clock=clock)
    captured = posted(key, message(key, clock.now_ms()))

    statuses = []
    for step_ms in (0, 3_600_000, -3_600_000, -3_600_000, 3_600_000):
        clock.advance(step_ms)
        await alpha.mailbox.tidy(clock.now_ms())
        statuses.append((await say(alpha.port, captured)).status)

    assert statuses[:2] == [200, 400]
    assert set(statuses[2:]) <= {200, 400}
    assert alpha.mailbox.counts.unread == 1


async def test_a_gzip_body_is_read_and_a_bomb_is_not(start_node: StartNode, key: MeshKey):
    alpha = await start_node("alpha")
    packed = {"Content-Encoding": "gzip"}
    body = encode(message(key, alpha.clock.now_ms()))

    async def status(data: bytes, encoding: dict[str, str] = packed) -> int:
        asked = request("POST", "/mesh/msg", data, key=key, headers=encoding)
        return (await say(alpha.port, asked)).status

    assert await status(gzip.compress(body)) == 200
    assert await status(gzip.compress(b" " * 2_000_000)) == 413
    assert await status(gzip.compress(body)[:-4]) == 400
    assert await status(b"no gzip") == 400
    assert await status(body, {"Content-Encoding": "br"}) == 415


async def test_a_chunked_body_is_read_in_pieces(start_node: StartNode, key: MeshKey):
    alpha = await start_node("alpha")
    body = encode(message(key, alpha.clock.now_ms()))
    chunked = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}

    async with Line(alpha.port) as line:
        await line.write(request("POST", "/mesh/msg", key=key, headers=chunked))
        for byte in (body[:10], body[10:200], body[200:]):
            await line.write(b"%x\r\n%s\r\n" % (len(byte), byte))
        assert (await line.ask(b"0\r\n\r\n")).status == 200


async def test_who_asks_first_whether_to_send_is_told_to(start_node: StartNode, key: MeshKey):
    alpha = await start_node("alpha")
    asked = posted(key, message(key, alpha.clock.now_ms()))
    head, body = asked.split(b"\r\n\r\n")

    async with Line(alpha.port) as line:
        assert (await line.ask(head + b"\r\nExpect: 100-continue\r\n\r\n")).status == 100
        assert (await line.ask(body)).status == 200


async def test_requests_sent_at_once_are_answered_in_order(start_node: StartNode, key: MeshKey):
    alpha = await start_node("alpha")
    wires = [message(key, alpha.clock.now_ms()) for _ in range(20)]

    async with Line(alpha.port) as line:
        health = request("GET", "/mesh/health")
        await line.write(b"".join(posted(key, wire) + health for wire in wires))
        for wire in wires:
            assert (await line.answer()).json["messageId"] == wire.id
            assert (await line.answer()).json["agent"] == "alpha"


async def test_a_body_over_the_limit_is_refused_and_the_limit_follows_the_configuration(
    start_node: StartNode, mesh_paths: MeshPaths, key: MeshKey
):
    alpha = await start_node("alpha")
    wire = posted(key, message(key, alpha.clock.now_ms(), payload="x" * 5000))
    change_config(
        mesh_paths,
        lambda config: config.model_copy(
            update={"security": config.security.model_copy(update={"max_message_size_bytes": 4096})}
        ),
    )
    await alpha.event(ConfigChanged)

    said = await say(alpha.port, wire)

    assert (said.status, said.json["error"]) == (413, "Message too large")
    assert alpha.node.rejected["too_large"] == 1


async def test_half_a_head_is_not_waited_for_longer_than_its_time(start_node: StartNode):
    alpha = await start_node("alpha", limits=ListenLimits(TimeLimits(head_s=0.2)))

    async with Line(alpha.port) as line:
        for piece in (b"GET /mesh/he", b"alth HTTP/1.1\r\n"):
            await line.write(piece)
        assert (await line.answer()).status == 408
        assert await line.ended()
    assert alpha.node.rejected["too_slow"] == 1


async def test_half_a_body_is_not_waited_for_longer_than_its_time(
    start_node: StartNode, key: MeshKey
):
    alpha = await start_node("alpha", limits=ListenLimits(TimeLimits(body_s=0.2)))

    async with Line(alpha.port) as line:
        await line.write(posted(key, message(key, alpha.clock.now_ms()))[:-10])
        assert (await line.answer()).status == 408


async def test_silent_and_idle_lines_are_closed_in_time(start_node: StartNode):
    alpha = await start_node("alpha", limits=ListenLimits(TimeLimits(head_s=0.2, idle_s=0.2)))

    async with Line(alpha.port) as silent, Line(alpha.port) as idle:
        await idle.ask(request("GET", "/mesh/health"))
        assert await silent.ended()
        assert await idle.ended()


async def test_a_client_that_reads_no_answers_is_not_served_for_ever(
    start_node: StartNode, key: MeshKey
):
    alpha = await start_node("alpha", limits=ListenLimits(TimeLimits(body_s=0.3, head_s=0.3)))

    async with Line(alpha.port) as line:
        with contextlib.suppress(OSError):
            async with asyncio.timeout(20):
                while True:
                    await line.write(request("GET", "/mesh/health") * 1000)


async def test_strangers_make_room_for_those_who_come_later(start_node: StartNode, key: MeshKey):
    alpha = await start_node("alpha", limits=ListenLimits(max_connections=5))

    async with contextlib.AsyncExitStack() as stack:
        friend = await stack.enter_async_context(Line(alpha.port))
        assert (await friend.ask(posted(key, message(key, alpha.clock.now_ms())))).status == 200
        strangers = [await stack.enter_async_context(Line(alpha.port)) for _ in range(10)]

        said = await say(alpha.port, posted(key, message(key, alpha.clock.now_ms())))

        assert said.status == 200
        assert await strangers[0].ended()
        assert (await friend.ask(posted(key, message(key, alpha.clock.now_ms())))).status == 200
    assert alpha.node.rejected["too_many_connections"] > 0


async def test_when_only_friends_are_there_a_newcomer_is_told_to_come_later(
    start_node: StartNode, key: MeshKey
):
    alpha = await start_node("alpha", limits=ListenLimits(max_connections=2))

    async with Line(alpha.port) as one, Line(alpha.port) as two:
        for friend in (one, two):
            assert (await friend.ask(posted(key, message(key, alpha.clock.now_ms())))).status == 200
        async with Line(alpha.port) as newcomer:
            assert (await newcomer.answer()).status == 503
            assert await newcomer.ended()


@pytest.mark.slow
async def test_ten_thousand_silent_clients_do_not_keep_a_real_one_out(
    start_node: StartNode, key: MeshKey
):
    alpha = await start_node("alpha")
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Both ends of each line are in this process.
    wanted = min(10_000, (soft - 400) // 2)
    silent: list[socket.socket] = []
    try:
        for number in range(wanted):
            line = socket.socket()
            line.setblocking(False)
            silent.append(line)
            await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", alpha.port))
            if number % 2:
                line.send(b"POST /mesh/msg HT")

        async with asyncio.timeout(2):
            said = await say(alpha.port, posted(key, message(key, alpha.clock.now_ms())))

        assert said.status == 200
    finally:
        for line in silent:
            line.close()


async def test_protocol_15_what_is_held_at_the_end_is_answered_and_nothing_more_is_taken(
    start_node: StartNode, key: MeshKey, monkeypatch: pytest.MonkeyPatch
):
    alpha = await start_node("alpha")
    loop = asyncio.get_running_loop()
    held, go_on = asyncio.Event(), asyncio.Event()
    receive = Mailbox.receive

    async def slow(box: Mailbox, wire: WireMessage, *, nonce_until_ms: int) -> Receipt:
        held.set()
        await go_on.wait()
        return await receive(box, wire, nonce_until_ms=nonce_until_ms)

    monkeypatch.setattr(Mailbox, "receive", slow)
    async with Line(alpha.port) as idle, Line(alpha.port) as half, Line(alpha.port) as busy:
        await half.write(b"POST /mesh/msg HTTP/1.1\r\n")
        await busy.write(posted(key, message(key, alpha.clock.now_ms())))
        await held.wait()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            group.create_task(alpha.stop())
            assert await idle.ended()
            assert await half.ended()
            with pytest.raises(OSError, match=r"refused|failed"):
                await asyncio.open_connection("127.0.0.1", alpha.port)
            go_on.set()
            said = await busy.answer()
            assert await busy.ended()

    assert (said.status, said.headers["connection"]) == (200, "close")
    assert loop.time() - began < 2


async def test_protocol_15_a_request_that_the_disk_never_answers_does_not_hold_up_the_end(
    start_node: StartNode, key: MeshKey, monkeypatch: pytest.MonkeyPatch
):
    alpha = await start_node("alpha")
    held = asyncio.Event()

    async def never(*_: object, **__: object) -> None:
        held.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Mailbox, "receive", never)
    async with Line(alpha.port) as busy:
        await busy.write(posted(key, message(key, alpha.clock.now_ms())))
        await held.wait()
        async with asyncio.timeout(2):
            await alpha.stop()
            assert await busy.ended()


HOSTILE = (
    b"{}", b"[]", b"null", b'"x"', b"NaN", b"{" * 50_000, b"[" * 50_000, b'{"id":' * 20_000,
    b'{"id":"a","id":"b"}', b'{"id":"\xed\xa0\x80"}', b'{"id":"\\ud800"}', b'{"id":"\x00"}',
    b'{"timestamp":1e400}', b'{"timestamp":' + b"9" * 5000 + b"}", b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
)  # fmt: skip


async def test_hostile_json_is_refused_and_nothing_is_kept(start_node: StartNode, key: MeshKey):
    alpha = await start_node("alpha")

    for body in HOSTILE:
        for path in PATHS.values():
            said = await say(alpha.port, request("POST", path, body, key=key))
            assert (said.status, said.json) == (400, {"error": "Invalid message format"}), body
    assert alpha.node.rejected == {"bad_message": len(HOSTILE) * len(PATHS)}
    assert alpha.mailbox.counts.unread == 0


@pytest.mark.parametrize("change", [
    {"payload": 5}, {"payload": None}, {"from": "../x"}, {"from": "a" * 65}, {"from": None},
    {"id": 5}, {"id": ""}, {"id": "x" * 300}, {"nonce": ["x"]}, {"timestamp": True},
    {"timestamp": 1.5}, {"timestamp": -1}, {"hmac": 5}, {"hmac": "\ud83d"}, {"type": "shout"},
    {"type": ["message"]}, {"to": {}}, {"replyTo": 7},
])  # fmt: skip
async def test_protocol_5_members_of_the_wrong_kind_are_refused(
    start_node: StartNode, key: MeshKey, change
):
    alpha = await start_node("alpha")
    members = json.loads(encode(message(key, alpha.clock.now_ms()))) | change

    said = await say(
        alpha.port, request("POST", "/mesh/msg", json.dumps(members).encode(), key=key)
    )

    assert said.status == 400
    assert alpha.mailbox.counts.unread == 0


def mangled(request: bytes, chance: random.Random) -> bytes:
    data = bytearray(request)
    for _ in range(chance.randint(1, 8)):
        place = chance.randint(0, len(data))
        match chance.randrange(4):
            case 0:
                data[place : place + 1] = chance.randbytes(1)
            case 1:
                del data[place : place + chance.randint(1, 40)]
            case 2:
                data[place:place] = chance.randbytes(chance.randint(1, 40))
            case _:
                data[place:place] = chance.choice([b"\r\n", b"\x00", b": ", b"HTTP/1.1"])
    return bytes(data)


async def test_mangled_requests_get_json_or_nothing_and_leave_the_listener_alive(
    start_node: StartNode, key: MeshKey
):
    alpha = await start_node("alpha", limits=ListenLimits(TimeLimits(head_s=0.5, body_s=0.5)))
    chance = random.Random(20_240_607)  # noqa: S311 -- the same every time
    # A wrong hmac, so that whatever survives the mangling is refused.
    wire = message(key, alpha.clock.now_ms()).model_copy(update={"hmac": "0" * 64})
    seeds = [
        posted(key, wire),
        request("GET", "/mesh/health"),
        request("POST", "/mesh/ask", key=key, headers={"Transfer-Encoding": "chunked"}) + b"5\r\n",
    ]

    async def one(number: int) -> None:
        data = mangled(seeds[number % len(seeds)], chance)
        async with Line(alpha.port) as line:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await line.write(data)
                line.writer.write_eof()
                said = await line.answer()
                assert said.status != 500
                assert said.status == 200 or "error" in said.json or not said.body

    for start in range(0, 600, 50):
        async with asyncio.TaskGroup() as group:
            for number in range(start, start + 50):
                group.create_task(one(number))

    assert alpha.mailbox.counts.unread == 0
    assert (await say(alpha.port, posted(key, message(key, alpha.clock.now_ms())))).status == 200
