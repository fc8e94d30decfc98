"""A pure picture of the mesh, and how events change it."""
