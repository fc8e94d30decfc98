"""What the listener answers: always JSON, never more than the caller may know."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

_STATUS_LINES: Final[Mapping[int, bytes]] = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_COMMON: Final = b"Content-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON text; ``allow`` are the methods of a path asked with another one."""

    status: int
    body: bytes
    allow: str = ""


def error_answer(status: int, text: str, *, allow: str = "") -> Answer:
    """The answer to a request that we do not serve."""
    # A text may quote what came in; half a surrogate pair in it must not break the answer.
    return Answer(status, json.dumps({"error": text}).encode(), allow)


def encoded(answer: Answer, *, closes: bool, is_head: bool) -> bytes:
    """The answer's bytes; ``closes`` says that no further request is read."""
    parts = [_STATUS_LINES[answer.status], _COMMON % len(answer.body)]
    if answer.allow:
        parts.append(f"Allow: {answer.allow}\r\n".encode())
    if closes:
        parts.append(b"Connection: close\r\n")
    parts.append(b"\r\n")
    if not is_head:
        parts.append(answer.body)
    return b"".join(parts)
