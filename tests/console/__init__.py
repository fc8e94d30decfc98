"""The console in a real terminal, with real hosts and the real claude."""
