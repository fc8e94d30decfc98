"""The durable inbox, outbox, asks and journal of one agent, in one SQLite file."""
