"""A Messages API on loopback whose model is a script."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from pydantic import JsonValue, ValidationError

from meshbot_core.demo.script import ModelRequest, Script, ScriptError, Turn
from meshbot_core.types import new_id

_MAX_BODY_BYTES: Final = 64 * 1024 * 1024
_USAGE: Final[dict[str, JsonValue]] = {"input_tokens": 1, "output_tokens": 1}


@dataclass(slots=True)
class ScriptedModel:
    """A running model: its address, what it was asked, and what the script found missing."""

    script: Script
    url: str = ""
    requests: list[ModelRequest] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _asked: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def asked(self, fits: Callable[[ModelRequest], bool]) -> ModelRequest:
        """Wait until a request came that ``fits``; the caller sets the time limit."""
        async with self._asked:
            while True:
                for request in self.requests:
                    if fits(request):
                        return request
                await self._asked.wait()

    async def answer(self, request: ModelRequest) -> Turn:
        """Note the request and play the script.

        Raises:
            ScriptError: The script cannot go on.
        """
        async with self._asked:
            self.requests.append(request)
            self._asked.notify_all()
        try:
            return self.script.answer(request)
        except ScriptError as error:
            self.errors.append(str(error))
            raise


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[ScriptedModel]:
    """Serve ``script`` as a model on 127.0.0.1 until the block ends."""
    model = ScriptedModel(script)
    app = web.Application(client_max_size=_MAX_BODY_BYTES)
    app.add_routes(_routes(model))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        model.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield model
    finally:
        await runner.cleanup()


def _routes(model: ScriptedModel) -> list[web.RouteDef]:
    async def alive(_: web.Request) -> web.Response:
        return web.Response()

    async def count(_: web.Request) -> web.Response:
        return web.json_response({"input_tokens": 1})

    async def messages(request: web.Request) -> web.StreamResponse:
        try:
            asked = ModelRequest.model_validate_json(await request.read())
            turn = await model.answer(asked)
        except (ScriptError, ValidationError) as error:
            return _refusal(str(error))
        if turn.is_silent:
            await asyncio.Event().wait()
        return await _stream(request, asked.model, turn)

    return [
        web.get("/", alive),  # HEAD comes with it
        web.post("/v1/messages", messages),
        web.post("/v1/messages/count_tokens", count),
    ]


def _refusal(text: str) -> web.Response:
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": text}}
    return web.json_response(error, status=400)


async def _stream(request: web.Request, model_name: str, turn: Turn) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in _events(model_name, turn):
        line = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
        await response.write(line.encode())
    await response.write_eof()
    return response


def _events(model_name: str, turn: Turn) -> Iterator[dict[str, JsonValue]]:
    message: dict[str, JsonValue] = {
        "id": f"msg_{new_id()}",
        "type": "message",
        "role": "assistant",
        "model": model_name,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _USAGE,
    }
    yield {"type": "message_start", "message": message}
    for index, (block, delta) in enumerate(_blocks(turn)):
        yield {"type": "content_block_start", "index": index, "content_block": block}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stop = "tool_use" if turn.calls else "end_turn"
    delta = {"stop_reason": stop, "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": _USAGE}
    yield {"type": "message_stop"}


def _blocks(turn: Turn) -> Iterator[tuple[dict[str, JsonValue], dict[str, JsonValue]]]:
    if turn.text:
        yield {"type": "text", "text": ""}, {"type": "text_delta", "text": turn.text}
    for called in turn.calls:
        block: dict[str, JsonValue] = {
            "type": "tool_use",
            "id": f"toolu_{new_id()}",
            "name": called.tool,
            "input": {},
        }
        arguments = json.dumps(dict(called.arguments))
        yield block, {"type": "input_json_delta", "partial_json": arguments}
