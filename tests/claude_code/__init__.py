"""What is known of Claude Code, held by unit tests, by fuzzing, and by the real binaries."""
