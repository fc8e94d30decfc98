"""What the mesh's configuration says of sessions whose start says nothing."""

from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session.records import SessionOptions


def with_defaults(options: SessionOptions, mesh: MeshPaths) -> SessionOptions:
    """``options``, with the configuration's words where they have none.

    Raises:
        ConfigError: The configuration cannot be read.
    """
    sessions = read_config(mesh).sessions
    by_default = {
        "claude": sessions.claude,
        "approval_limit_s": sessions.approval_limit_seconds,
        "goes_on_after_limit": sessions.goes_on_after_limit,
    }
    missing = {name: each for name, each in by_default.items() if getattr(options, name) is None}
    return options.model_copy(update=missing)
