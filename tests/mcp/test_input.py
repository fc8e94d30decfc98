"""What a client may do wrong."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from meshbot_core.mcp.lines import MAX_LINE_BYTES
from meshbot_core.mcp.wire import MAX_OPEN_REQUESTS
from meshbot_core.mesh.paths import MeshPaths
from tests.mcp.driving import Serve, peer, serving

pytestmark = pytest.mark.slow


@pytest.fixture
async def alpha(paths: MeshPaths) -> AsyncIterator[Serve]:
    async with peer(paths.agent("alpha")), serving("alpha") as serve:
        yield serve


async def test_the_newest_opening_is_declined_so_that_clients_fall_back(paths: MeshPaths):
    async with serving("alpha", ready=False) as alpha:
        answer = await alpha.request("server/discover", {"_meta": {}})
        assert answer["error"]["code"] == -32601
        assert (await alpha.initialize())["protocolVersion"] == "2025-11-25"


async def test_lines_that_are_no_messages_are_refused_and_the_session_goes_on(alpha: Serve):
    for line in (b"{nonsense\n", b"\xff\xfe\n", b'"text"\n', b"[]\n", b"{}\n", b"[" * 5000 + b"\n"):
        alpha.write(line)
        code = (await alpha.answer(None))["error"]["code"]
        assert code in (-32700, -32600)
    alpha.write(b'{"jsonrpc":"1.0","id":"odd","method":"ping"}\n')
    assert (await alpha.answer("odd"))["error"]["code"] == -32600
    alpha.write(b"\n   \n")
    assert (await alpha.request("ping"))["result"] == {}


async def test_a_line_without_end_is_refused_and_the_session_goes_on(alpha: Serve):
    alpha.write(b"x" * (MAX_LINE_BYTES + 10) + b"\n")
    assert (await alpha.answer(None))["error"]["code"] == -32600
    assert (await alpha.request("ping"))["result"] == {}


async def test_unknown_methods_and_tools_are_told(alpha: Serve):
    assert (await alpha.request("resources/list"))["error"]["code"] == -32601
    assert (await alpha.request("no/such"))["error"]["code"] == -32601
    alpha.notify("notifications/no_such")
    unknown = await alpha.tool("no_such_tool")
    assert unknown.is_error
    assert "Tool no_such_tool not found" in unknown.texts[0]
    assert "send_message" in unknown.texts[0]


WRONG_ARGUMENTS = [
    ("send_message", {}, "Required at to"),
    ("send_message", {"to": None, "message": "x"}, "Expected string, received null at to"),
    ("send_message", {"to": ["a"], "message": "x"}, "Expected string, received array at to"),
    (
        "ask_agent",
        {"to": "a", "message": "x", "timeoutSeconds": True},
        "Expected number, received boolean at timeoutSeconds",
    ),
    ("broadcast", {"message": "x", "exclude": [1]}, "received number at exclude.0"),
    ("read_message", {"id": "x", "offset": 1.5}, "Expected integer, received number at offset"),
]


async def test_arguments_of_the_wrong_kind_are_results_that_say_what_to_do(alpha: Serve):
    for tool, arguments, problem in WRONG_ARGUMENTS:
        result = await alpha.result(
            alpha.begin("tools/call", {"name": tool, "arguments": arguments})
        )
        assert result.is_error
        assert problem in result.texts[0]
        assert f"call {tool} again" in result.texts[0]


async def test_too_many_requests_at_once_are_refused_and_later_ones_served(alpha: Serve):
    calls = [
        alpha.begin_tool("ask_agent", to="alpha", message="?", timeoutSeconds=6)
        for _ in range(MAX_OPEN_REQUESTS + 20)
    ]
    refused = [
        call for call in calls if "too many" in str((await alpha.answer(call)).get("error", ""))
    ]
    # An ask to oneself crosses itself and may end early, which makes room again.
    assert refused
    assert (await alpha.request("ping"))["result"] == {}


async def test_an_id_in_use_is_refused(alpha: Serve):
    line = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": "twice",
            "method": "tools/call",
            "params": {
                "name": "ask_agent",
                "arguments": {"to": "alpha", "message": "?", "timeoutSeconds": 1},
            },
        }
    ).encode()
    alpha.write(line + b"\n" + line + b"\n")
    assert (await alpha.answer("twice"))["error"]["code"] == -32600
    assert "result" in await alpha.answer("twice")


async def test_a_client_that_does_not_read_is_not_buffered_without_end(alpha: Serve):
    alpha.process._transport.get_pipe_transport(1).pause_reading()
    for _ in range(5000):
        alpha.begin("tools/list")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await alpha.process.stdin.drain()
    alpha.process._transport.get_pipe_transport(1).resume_reading()
    assert (await alpha.request("ping"))["result"] == {}
