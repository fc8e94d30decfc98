"""JSON files that people edit by hand: strict reading with places, rewriting that keeps things."""

import json
import os
import re
from pathlib import Path
from typing import Final, NoReturn

from pydantic import JsonValue

from meshbot_core.errors import ConfigError

MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class _RefusedJsonError(ValueError):
    """JSON that the standard library would take and we do not."""


def load_document(path: Path) -> dict[str, JsonValue]:
    """Read a file of our own that holds one JSON object.

    Raises:
        ConfigError: Missing, unreadable, of another user, or not such a file.
    """
    try:
        with path.open("rb") as file:
            owner = os.fstat(file.fileno()).st_uid
            data = file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror})",
            hint=f"it must be readable for user {os.geteuid()}",
        ) from error
    if owner not in (os.geteuid(), 0):
        raise ConfigError(
            f"{path}: belongs to user {owner}, expected {os.geteuid()}",
            hint=f"run as that user, or: chown {os.geteuid()} {path}",
        )
    return parse_document(data, path)


def parse_document(data: bytes, path: Path) -> dict[str, JsonValue]:
    """Parse one JSON object; ``path`` is for error messages only.

    Raises:
        ConfigError: "FILE:LINE:COLUMN: what was expected", or what is wrong with the file.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        raise ConfigError(f"{path}: expected at most {MAX_DOCUMENT_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
        value: JsonValue = json.loads(
            text, object_pairs_hook=_unique_members, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}:{_place(data, error.start)}: expected UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}:{error.lineno}:{error.colno}: {_expected(error)}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: expected fewer levels of nesting") from error
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path}:1:1: expected an object, '{{ … }}'")
    return value


def merged(before: dict[str, JsonValue], after: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """``after``, with the members of ``before`` in their old order and new ones behind."""
    kept = {
        name: _merged_value(value, after[name]) for name, value in before.items() if name in after
    }
    return kept | {name: value for name, value in after.items() if name not in before}


def _merged_value(before: JsonValue, after: JsonValue) -> JsonValue:
    if isinstance(before, dict) and isinstance(after, dict):
        return merged(before, after)
    return before if before == after else after


def json_bytes(value: JsonValue) -> bytes:
    """JSON as the reference implementation writes its files: two spaces, text unescaped."""
    return escape_surrogates(json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def escape_surrogates(json_text: str) -> str:
    r"""Write halves of surrogate pairs as ``\ud800``: they have no UTF-8."""
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)


def _unique_members(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _RefusedJsonError(f"the member {twice[:80]!r} stands twice, expected it once")
    return members


def _refuse_constant(text: str) -> NoReturn:
    raise _RefusedJsonError(f"expected a number, found {text}")


def _expected(error: json.JSONDecodeError) -> str:
    if not error.doc.strip():
        return "expected an object, found an empty file"
    return error.msg[0].lower() + error.msg[1:]


def _place(data: bytes, offset: int) -> str:
    line_start = data.rfind(b"\n", 0, offset) + 1
    line = data.count(b"\n", 0, offset) + 1
    return f"{line}:{offset - line_start + 1}"
