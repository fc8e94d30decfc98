"""Fixtures: agents with real sessions, and a peer that talks to them."""

from tests.sessions.conftest import agents, newest, ops

__all__ = ["agents", "newest", "ops"]
