"""Tests of one agent on the mesh."""
