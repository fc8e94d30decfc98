"""What a session is started with."""

from pathlib import Path

import pytest

from meshbot_core.claude.launch import PATIENT_WITH_SERVERS
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session.records import SessionKind, SessionOptions
from meshbot_core.session.starting import prepared
from tests.support.stand_in_claude import stand_in_claude

SLOWEST = "MCP_CONNECT_TIMEOUT_MS"


@pytest.mark.parametrize(
    "case",
    [
        ("headless", None, PATIENT_WITH_SERVERS[SLOWEST]),
        ("headless", "7", "7"),
        ("interactive", None, None),
    ],
)
def test_a_headless_claude_waits_for_its_tools_unless_its_user_wants_it_otherwise(
    mesh_paths: MeshPaths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[SessionKind, str | None, str | None],
):
    kind, own, expected = case
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key")
    monkeypatch.delenv(SLOWEST, raising=False)
    if own is not None:
        monkeypatch.setenv(SLOWEST, own)
    claude = stand_in_claude(tmp_path / "claude")
    options = SessionOptions(kind=kind, folder=str(tmp_path), claude=str(claude))

    session = prepared(mesh_paths.agent("dev"), options)

    environment = session.environment(hook_url="http://x", token="t")  # noqa: S106 - a made-up one
    assert environment.get(SLOWEST) == expected
