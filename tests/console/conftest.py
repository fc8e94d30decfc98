"""Fixtures: agents with real sessions, and a peer that talks to them."""

from tests.sessions.conftest import agents, ended_hosts, newest, ops

__all__ = ["agents", "ended_hosts", "newest", "ops"]
