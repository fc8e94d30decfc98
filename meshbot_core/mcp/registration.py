"""What registers our MCP server with Claude Code."""

import json
from typing import Final

SERVER_NAME: Final = "mesh"
_DEFAULT_MESH: Final = "default"


def registration(agent: str, mesh: str) -> str:
    """The MCP configuration, JSON text, under which a session becomes ``agent`` of ``mesh``.

    ``alwaysLoad`` keeps newer versions from hiding the tools behind a search.
    """
    arguments = ["serve", "--as", agent]
    if mesh != _DEFAULT_MESH:
        arguments += ["--mesh", mesh]
    entry = {"type": "stdio", "command": "meshbot", "args": arguments, "alwaysLoad": True}
    return json.dumps({"mcpServers": {SERVER_NAME: entry}}, indent=2)
