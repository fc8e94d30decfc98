"""The operator console; nothing stands here yet."""
