"""Pseudo-terminals, screens and those who watch."""
