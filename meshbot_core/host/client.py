"""The one typed client of an agent host's control socket.

Used by the MCP server, the command line and later the console. Importing it is cheap: httpx
comes in when a client is made.
"""
