"""What is known of Claude Code; nothing stands here yet."""
