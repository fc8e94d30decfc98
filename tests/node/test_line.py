"""The client's side of HTTP: what it takes for an answer, and when it connects anew."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.node.events import OutboxChanged
from meshbot_core.node.framing import RequestError
from meshbot_core.node.line import ReplyReader, Target, target_of
from tests.node.conftest import StartNode
from tests.node.scripted import delivered, scripted
from tests.node.test_courier import add, is_state

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"


def read(*pieces: bytes, max_bytes: int = 100) -> list[tuple[int, bytes]]:
    reader, found = ReplyReader(max_bytes), []
    for piece in pieces:
        reader.feed(piece)
        while (reply := reader.next_reply()) is not None:
            found.append(reply)
    return found


@given(st.integers(0, 200), st.integers(0, 200))
def test_answers_are_the_same_wherever_the_bytes_are_cut(one: int, other: int):
    data = b"HTTP/1.1 100 Continue\r\n\r\n" + OK + CHUNKED + b"HTTP/1.1 204 No\r\n\r\n" + OK
    first, second = sorted((one, other))

    found = read(data[:first], data[first:second], data[second:])

    assert found == [(200, b"{}"), (200, b"{}"), (204, b""), (200, b"{}")]


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"x" * 20_000,
    ],
)
def test_what_is_no_answer_is_refused(data: bytes):
    with pytest.raises(RequestError):
        read(data)


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(junk: bytes):
    for data in (junk, OK[:20] + junk, CHUNKED[:50] + junk):
        try:
            read(data)
        except RequestError:
            continue


def test_urls_are_taken_apart():
    assert target_of("http://localhost:9") == Target("localhost", 9, False, "localhost:9", "")
    assert target_of("HTTPS://x.example/a b") == Target(
        "x.example", 443, True, "x.example", "/a%20b"
    )
    assert target_of("http://[::1]:5/m") == Target("::1", 5, False, "[::1]:5", "/m")
    assert target_of("http://bücher.example").host == "xn--bcher-kva.example"


async def test_one_connection_carries_many_messages(start_node: StartNode, mesh_paths: MeshPaths):
    async with scripted() as peer:
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha")
        for n in range(5):
            await alpha.put("bob", str(n))
        await alpha.event(OutboxChanged, lambda event: event.message.payload == "4")

    assert peer.connections == 1


async def test_a_connection_that_the_peer_closed_meanwhile_costs_no_failed_attempt(
    start_node: StartNode, mesh_paths: MeshPaths
):
    async with scripted(delivered) as peer:
        peer.closes_after = 1
        add(mesh_paths, "bob", peer.url)
        alpha = await start_node("alpha")
        for n in range(5):
            put = await alpha.put("bob", str(n))
            await alpha.event(OutboxChanged, lambda event, put=put: event.message.id == put.id)

    assert not [e for e in alpha.events if isinstance(e, OutboxChanged) and is_state("queued")(e)]


async def test_an_answer_that_never_ends_is_cut_off(start_node: StartNode, mesh_paths: MeshPaths):
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"2000\r\n" + b"x" * 8192 + b"\r\n")
                await writer.drain()
        except OSError:
            writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    async with server:
        add(mesh_paths, "bob", f"http://localhost:{server.sockets[0].getsockname()[1]}")
        alpha = await start_node("alpha")
        await alpha.put("bob")
        kept = await alpha.event(OutboxChanged, is_state("queued"))

    assert "too large" in (kept.message.last_error or "")
