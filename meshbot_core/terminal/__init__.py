"""Terminals: a program under a pseudo-terminal, its kept screen, and those who watch it."""
