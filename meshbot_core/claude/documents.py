"""JSON from Claude Code, read into models without a surprise; no I/O."""

import json
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from meshbot_core.errors import ClaudeEventError, ClaudeEventTooLargeError

MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024
"""More than any event that Claude Code was seen to send: tool results are cut before that."""

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
"""A text that may be null: then it is empty."""

_NOTHING_SAID: Final = "the document"


class Document(BaseModel):
    """A model of something that Claude Code writes: members that we do not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


DocumentType = TypeVar("DocumentType", bound=Document)


def read_document(
    model: type[DocumentType], data: bytes, *, what: str, max_bytes: int = MAX_DOCUMENT_BYTES
) -> DocumentType:
    """Read ``data`` as JSON into ``model``; ``what`` names it in errors (``hook event``).

    Half a surrogate pair, which JavaScript writes when it cuts a text, becomes U+FFFD.

    Raises:
        ClaudeEventError: It is no JSON, or a member is not what it may be.
        ClaudeEventTooLargeError: It is larger than ``max_bytes``.
    """
    if len(data) > max_bytes:
        raise ClaudeEventTooLargeError(f"{what} of {len(data)} bytes: {max_bytes} are taken")
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        if not _may_hold_surrogates(error, data):
            raise _wrong(what, error) from error
    try:
        return model.model_validate_json(_whole_characters(data))
    except (ValueError, RecursionError) as error:
        raise _wrong(what, error) from error


def _may_hold_surrogates(error: ValidationError, data: bytes) -> bool:
    return (
        error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid"
        and b"\\u" in data
    )


def _whole_characters(data: bytes) -> bytes:
    text = json.dumps(json.loads(data), ensure_ascii=False)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _wrong(what: str, error: Exception) -> ClaudeEventError:
    if not isinstance(error, ValidationError):
        return ClaudeEventError(f"{what} is no JSON: {error}")
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return ClaudeEventError(f"{what} is no JSON: {first['msg']}")
    member = ".".join(str(step) for step in first["loc"]) or _NOTHING_SAID
    return ClaudeEventError(f"{what}: {member}: {first['msg']}")
