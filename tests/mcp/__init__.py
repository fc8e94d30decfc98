"""Tests of the MCP server: the real process, real hosts, the official client."""
