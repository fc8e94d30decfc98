"""A tool call of Claude Code in a few words, for reading."""

import json
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

_SHOWN_CHARS: Final = 60
_TELLING: Final = ("command", "file_path", "pattern", "url", "query", "description", "to")


def call_text(tool: str, tool_input: JsonValue) -> str:
    """The tool, and the member of its input that tells most."""
    if isinstance(tool_input, Mapping):
        for name in _TELLING:
            value = tool_input.get(name)
            if isinstance(value, str) and value:
                return f"{tool} {' '.join(value.split())}"[:_SHOWN_CHARS]
    elif tool_input is not None:
        return f"{tool} {json.dumps(tool_input)}"[:_SHOWN_CHARS]
    return tool[:_SHOWN_CHARS]
