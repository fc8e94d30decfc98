"""Which request gets which answer: the table of paths, and what guards them.

Everything that can be refused is refused by the head alone, before a byte of the body is kept.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from meshbot_core.errors import (
    MeshError,
    NoSuchPathError,
    StaleMessageError,
    TooLargeError,
    UnauthorizedError,
)
from meshbot_core.mesh.config import MeshConfig
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.node.answers import Answer, error_answer
from meshbot_core.node.http1 import Head
from meshbot_core.node.intake import Intake
from meshbot_core.types import Clock, MessageKind
from meshbot_core.wire.admission import check_bearer

PROTOCOLS: Final = (1,)

BodyHandler = Callable[[bytes], Awaitable[Answer]]
"""Answers a request once its body is there; raises MeshError."""

_KINDS: Final[Mapping[str, MessageKind]] = {
    "/mesh/msg": "message",
    "/mesh/ask": "ask",
    "/mesh/response": "response",
}
_HEALTH: Final = "/mesh/health"
_JOIN: Final = "/mesh/bootstrap/join"
_CHARSETS: Final = frozenset({"", "utf-8", "utf8"})


@dataclass(frozen=True, slots=True)
class ExtraRoute:
    """A path of another floor, behind the bearer.

    ``path`` matches as it stands; when it ends with a slash it stands for everything below it.
    ``handler`` gets the rest of the path and returns JSON; it may raise MeshError.
    """

    method: str
    path: str
    handler: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class AsyncRoute:
    """An ``ExtraRoute`` whose answer has to be waited for."""

    method: str
    path: str
    handler: Callable[[str], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The answers of one agent; ``intake`` takes what comes with a body."""

    agent: str
    key: MeshKey
    version: str
    clock: Clock
    config: Callable[[], MeshConfig]
    intake: Intake
    extra_routes: Sequence[ExtraRoute | AsyncRoute]
    count: Callable[[str], None]

    @property
    def max_body_bytes(self) -> int:
        """What a body may weigh now."""
        return self.config().security.max_message_size_bytes

    state: Callable[[], str] = lambda: ""
    """What the agent's session does, in one word; empty without one."""

    def opened(self, head: Head) -> Answer | BodyHandler:
        """Decide about a request by its head: an answer, or who takes the body.

        The bearer of a refused request may be wrong; nobody reads its body then.
        """
        try:
            return self._opened(head)
        except MeshError as error:
            return self.refusal(error)

    def refusal(self, error: MeshError) -> Answer:
        """Count a refusal and put it into an answer."""
        self.count(error.code)
        if isinstance(error, StaleMessageError):
            told = {"error": str(error), "timestamp": self.clock.now_ms()}
            return Answer(error.http_status, json.dumps(told).encode())
        return error_answer(error.http_status, str(error))

    def refused(self, status: int, code: str, text: str, *, allow: str = "") -> Answer:
        """Count what no error class stands for, and answer it."""
        self.count(code)
        return error_answer(status, text, allow=allow)

    def _opened(self, head: Head) -> Answer | BodyHandler:
        if head.content_length is not None and head.content_length > self.max_body_bytes:
            raise TooLargeError("Message too large")
        kind = _KINDS.get(head.path)
        if kind is None:
            return self._without_message(head)
        check_bearer(head.headers.get("authorization"), self.key)
        if head.method != "POST":
            return self._wrong_method("POST")
        return self._message(head, kind)

    def _message(self, head: Head, kind: MessageKind) -> Answer | BodyHandler:
        content_type = head.headers.get("content-type", "")
        if content_type != "application/json" and not _is_json(content_type):
            return self.refused(415, "bad_content_type", "Expected Content-Type application/json")
        encoding = head.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            return self.refused(415, "bad_content_type", "Unsupported content encoding")
        return lambda body: self.intake.take(body, kind, is_gzip=encoding == "gzip")

    def _without_message(self, head: Head) -> Answer | BodyHandler:
        if head.path == _HEALTH:
            return self._health() if head.method in ("GET", "HEAD") else self._wrong_method("GET")
        if head.path == _JOIN:
            return self._join(head)
        if not head.path.startswith("/mesh/"):
            raise NoSuchPathError("Not found")
        check_bearer(head.headers.get("authorization"), self.key)
        return self._extra(head)

    def _health(self) -> Answer:
        told = {
            "agent": self.agent,
            "status": "online",
            "timestamp": self.clock.now_ms(),
            "version": self.version,
            "protocols": PROTOCOLS,
        }
        if state := self.state():
            told["state"] = state
        return Answer(200, json.dumps(told).encode())

    def _join(self, head: Head) -> Answer:
        if head.method != "POST":
            return self._wrong_method("POST")
        return self.refused(503, "no_enrolment", "This host does not enrol newcomers")

    def _extra(self, head: Head) -> Answer | BodyHandler:
        found = [route for route in self.extra_routes if _matches(route.path, head.path)]
        if not found:
            raise NoSuchPathError("Not found")
        method = "GET" if head.method == "HEAD" else head.method
        for route in found:
            if route.method == method:
                return _answered(route, head.path.removeprefix(route.path))
        return self._wrong_method(", ".join(route.method for route in found))

    def _wrong_method(self, allow: str) -> Answer:
        return self.refused(405, "bad_method", "Method not allowed", allow=allow)


def is_stranger(answer: Answer) -> bool:
    """Whether the answer went to somebody who did not show the key."""
    return answer.status == UnauthorizedError.http_status


def _answered(route: ExtraRoute | AsyncRoute, rest: str) -> Answer | BodyHandler:
    if isinstance(route, ExtraRoute):
        return Answer(200, route.handler(rest))
    handler = route.handler

    async def later(_body: bytes) -> Answer:
        return Answer(200, await handler(rest))

    return later


def _matches(pattern: str, path: str) -> bool:
    if pattern.endswith("/"):
        return path.startswith(pattern) and len(path) > len(pattern)
    return path == pattern


def _is_json(content_type: str) -> bool:
    kind, _, parameters = content_type.partition(";")
    if kind.strip().lower() != "application/json":
        return False
    charset = ""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
    return charset in _CHARSETS
