"""Sessions: their state, their messages, their processes."""
