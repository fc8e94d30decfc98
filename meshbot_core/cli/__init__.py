"""The meshbot command line, one file for each group of commands."""
