"""The shared core of meshbot: mesh files, wire, mailbox, node, host, MCP server, commands."""
