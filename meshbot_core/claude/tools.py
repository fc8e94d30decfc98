"""What Claude Code reads in the description of an MCP tool."""

from typing import Final

ALWAYS_LOAD: Final = "anthropic/alwaysLoad"
"""Under a tool's ``_meta``: it is never hidden behind tool search, however it was registered."""

APPROVAL_TOOL: Final = "approve"
"""The tool of our server that a headless session asks for permission."""

APPROVAL_VARIABLE: Final = "MESHBOT_APPROVALS"
"""Set in the environment of sessions that ask so; else the server does not have the tool."""
