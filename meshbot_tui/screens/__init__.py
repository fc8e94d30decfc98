"""Screens and dialogs, built of widgets."""
