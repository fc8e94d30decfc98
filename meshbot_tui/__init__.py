"""The operator console: one more client of the agents' hosts, with a face."""
