"""What a tool call would do, for the person who is to allow it.

All of it was written by a model or by strangers: it goes through ``prose``, and what is too
long to show says so, for an end that is not seen must not be approved unknowingly.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from itertools import islice
from typing import Final

from pydantic import JsonValue

from meshbot_core.clients.text import plain, prose

_MAX_CHARS: Final = 4000
_MAX_LINES: Final = 40
_MAX_DIFFED_LINES: Final = 400
"""A comparison takes the square of its lines."""


def gist(tool: str, tool_input: JsonValue) -> str:
    """The call on one line, cut to what a line holds."""
    first = _body(tool, tool_input).strip().split("\n", 1)[0]
    text = plain(f"{tool} {first}")
    return textwrap.shorten(text, 100, placeholder=" …")


def whole(
    tool: str,
    tool_input: JsonValue,
    *,
    max_chars: int = _MAX_CHARS,
    max_lines: int = _MAX_LINES,
) -> str:
    """The call on as many lines as it takes, up to a limit that says what it left out."""
    return _cut(prose(_body(tool, tool_input)), max_chars, max_lines)


def _body(tool: str, tool_input: JsonValue) -> str:
    """The command, the difference, or the input as JSON when it is not what we expect."""
    if isinstance(tool_input, dict):
        text = _known(tool, tool_input)
        if text is not None:
            return text
    return json.dumps(tool_input, ensure_ascii=False, separators=(", ", ": "))


def _known(tool: str, given: Mapping[str, JsonValue]) -> str | None:
    rows: list[str] | None = None
    match tool, given:
        case "Bash", {"command": str(command), **others}:
            rows = [command, *_besides(others)]
        case "Edit", {"file_path": str(path), "old_string": str(old), "new_string": str(new)}:
            everywhere = " (everywhere)" if given.get("replace_all") else ""
            rows = [f"{plain(path)}{everywhere}", *_difference(old, new)]
        case "MultiEdit", {"file_path": str(path), "edits": list(edits)}:
            rows = _many_edits(path, edits)
        case "Write", {"file_path": str(path), "content": str(content)}:
            rows = [f"{plain(path)} (the whole file)", *(f"+{row}" for row in content.split("\n"))]
        case _:
            pass
    return None if rows is None else "\n".join(rows)


def _besides(others: Mapping[str, JsonValue]) -> Iterator[str]:
    """What else a command is called with: running in the background and the like matters."""
    for name, value in others.items():
        if name == "description":
            yield f"# {plain(str(value))}"
        elif value not in (None, False):
            yield f"# {plain(name)}: {json.dumps(value, ensure_ascii=False)}"


def _many_edits(path: str, edits: list[JsonValue]) -> list[str] | None:
    # A line break in a name must not look like a line of the difference.
    parts = [plain(path)]
    for edit in edits:
        match edit:
            case {"old_string": str(old), "new_string": str(new), **others}:
                parts += ["@@ everywhere @@"] if others.get("replace_all") else []
                parts += _difference(old, new)
            case _:
                return None
    return parts


def _difference(old: str, new: str) -> list[str]:
    before, after = old.split("\n"), new.split("\n")
    if max(len(before), len(after)) > _MAX_DIFFED_LINES:
        return [*(f"-{row}" for row in before), *(f"+{row}" for row in after)]
    # The first two lines name files, of which there is one.
    return list(islice(unified_diff(before, after, n=2, lineterm=""), 2, None))


def _cut(text: str, max_chars: int, max_lines: int) -> str:
    rows = text.split("\n")
    shown = "\n".join(rows[:max_lines])[:max_chars]
    if len(shown) == len(text):
        return text
    left = text[len(shown) :]
    return (
        f"{shown}\n… {len(left)} more characters, {left.count(chr(10))} more lines: "
        "see all with meshbot approvals --json"
    )
