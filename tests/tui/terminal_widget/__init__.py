"""Tests of the terminal widget."""
