"""What is told where the console was, when it has ended."""

from pathlib import Path

import pytest

from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui import main
from meshbot_tui.app import MeshbotApp, telling


@pytest.fixture
def faulty(mesh_paths: MeshPaths) -> MeshbotApp:
    """A console that has fallen over itself."""
    app = MeshbotApp(mesh_paths)
    app.fault = "ValueError: that was wrong"
    app.fault_log = mesh_paths.folder / "console.log"
    app.fault_log.write_text("Traceback ...")
    return app


def test_after_a_fault_agents_go_on_and_all_of_it_is_kept(faulty: MeshbotApp, capsys):
    main._ended(faulty)
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("meshbot-tui: a fault of the console, agents go on: ValueError")
    assert said.endswith(f"(kept in {faulty.fault_log})")


def test_a_fault_says_nothing_to_the_terminal_and_is_kept_whatever_it_says(
    mesh_paths: MeshPaths, capsys
):
    app = MeshbotApp(mesh_paths)
    error = ValueError("\x1b]0;x\x07 \ud800")
    app.fault, app.fault_log = telling._brief(error), app._kept(error)
    main._ended(app)
    said = capsys.readouterr().err
    assert r"ValueError: \x1b]0;x\x07 \ud800 (kept in" in said
    assert app.fault_log is not None
    assert r"\ud800" in app.fault_log.read_text()


def test_a_demonstration_ends_with_its_console_and_its_fault_is_kept_elsewhere(
    faulty: MeshbotApp, capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert faulty.fault_log is not None
    faulty.fault_log = main._kept(faulty.fault_log)
    assert faulty.fault_log.parent == tmp_path
    assert faulty.fault_log.read_text() == "Traceback ..."
    main._ended(faulty, what_else="the demonstration ends with it")
    assert "the demonstration ends with it: ValueError" in capsys.readouterr().err


def test_without_a_fault_nothing_is_said(mesh_paths: MeshPaths, capsys):
    assert main._ended(MeshbotApp(mesh_paths)) == 0
    assert capsys.readouterr().err == ""
