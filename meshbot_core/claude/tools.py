"""What Claude Code reads in the description of an MCP tool."""

from typing import Final

ALWAYS_LOAD: Final = "anthropic/alwaysLoad"
"""Under a tool's ``_meta``: it is never hidden behind tool search, however it was registered."""
