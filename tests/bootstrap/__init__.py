"""Tests of meshbot_core.bootstrap."""
