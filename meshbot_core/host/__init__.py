"""The agent host: owns an agent's place on the mesh and serves its control socket."""
