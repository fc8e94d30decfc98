"""Tests of meshbot_core.mesh."""
