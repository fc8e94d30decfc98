"""Hosts, mailboxes and health: what the console knows it learns here."""
