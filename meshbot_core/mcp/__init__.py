"""The MCP server behind ``meshbot serve``: thin, over the control client of the agent's host."""
