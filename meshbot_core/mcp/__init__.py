"""The MCP server that gives Claude Code its mesh tools."""
