"""A mesh on disk: paths, configuration, keys, peers."""
