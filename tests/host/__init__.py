"""The agent host."""
