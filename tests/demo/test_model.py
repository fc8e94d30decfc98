"""The scripted model over HTTP."""

import asyncio
import json

import aiohttp

from meshbot_core.demo.model import serving
from meshbot_core.demo.script import ModelRequest, Plan, Rule, ScriptError, Turn, call, say, silence

PLAN = Plan(
    (
        Rule("speak", (say("Good day"),)),
        Rule("act", (Turn("So be it", call("reply", to="ops").calls),)),
        Rule("think", (silence(),)),
    )
)


def asking(text: str) -> dict[str, object]:
    return {"model": "m", "stream": True, "messages": [{"role": "user", "content": text}]}


async def streamed(text: str) -> list[dict[str, object]]:
    async with serving(PLAN) as model, aiohttp.ClientSession(model.url) as http:
        answer = await http.post("/v1/messages?beta=true", json=asking(text))
        return [json.loads(line[5:]) async for line in answer.content if line.startswith(b"data:")]


async def test_text_is_streamed_as_the_messages_api_does():
    events = await streamed("speak")

    assert [event["type"] for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert events[2]["delta"] == {"type": "text_delta", "text": "Good day"}
    assert events[4]["delta"]["stop_reason"] == "end_turn"


async def test_a_tool_call_follows_the_text_and_stops_the_turn():
    events = await streamed("act")

    starts = [event["content_block"] for event in events if event["type"] == "content_block_start"]
    assert [start["type"] for start in starts] == ["text", "tool_use"]
    assert starts[1]["name"] == "mcp__mesh__reply"
    assert events[5]["delta"] == {"type": "input_json_delta", "partial_json": '{"to": "ops"}'}
    assert events[-2]["delta"]["stop_reason"] == "tool_use"


async def test_head_and_count_tokens_are_answered():
    async with serving(PLAN) as model, aiohttp.ClientSession(model.url) as http:
        assert (await http.head("/")).status == 200
        counted = await http.post("/v1/messages/count_tokens", json=asking("speak"))
        assert await counted.json() == {"input_tokens": 1}


async def test_requests_can_be_waited_for_and_are_kept():
    async with serving(PLAN) as model, aiohttp.ClientSession(model.url) as http:
        waiting = asyncio.gather(model.asked(lambda asked: asked.user_text == "speak"))
        async with http.post("/v1/messages", json=asking("speak")):
            [seen] = await waiting

    assert seen in model.requests


async def test_a_silent_model_lets_go_when_the_client_gives_up():
    async with serving(PLAN) as model, aiohttp.ClientSession(model.url) as http:
        asking_for_ever = asyncio.gather(http.post("/v1/messages", json=asking("think")))
        async with asyncio.timeout(5):
            await model.asked(lambda asked: asked.user_text == "think")
        asking_for_ever.cancel()


class Lost:
    def answer(self, request: ModelRequest) -> Turn:
        raise ScriptError("nothing to go on")


async def test_a_script_that_cannot_go_on_is_a_refusal_that_no_client_retries():
    async with serving(Lost()) as model, aiohttp.ClientSession(model.url) as http:
        answer = await http.post("/v1/messages", json=asking("x"))
        assert answer.status == 400
        assert (await answer.json())["error"]["message"] == "nothing to go on"

    assert model.errors == ["nothing to go on"]
