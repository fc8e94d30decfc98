"""A Claude Code session of an agent: its process, its state, and how messages reach it."""
