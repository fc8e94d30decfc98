"""Everything that is known of Claude Code: its arguments, its configuration, its events."""
