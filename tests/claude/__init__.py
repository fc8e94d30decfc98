"""Tests of meshbot_core.claude, and of all of it under the real claude."""
