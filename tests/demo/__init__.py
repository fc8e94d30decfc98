"""Tests of meshbot_core.demo."""
