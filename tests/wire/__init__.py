"""Tests of meshbot_core.wire."""
