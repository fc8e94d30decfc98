"""One agent on the mesh: listener, peer client, courier, registration, health."""
