"""``doctor``: what is broken is said, with what to do about it."""

import json
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from meshbot_core.claude.binary import find_claude
from meshbot_core.cli.peer_checks import peer_finding
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.node.health import PeerHealth
from tests.cli.peers import ListeningPeer, listening
from tests.cli.running import Ran, Runner
from tests.support.stand_in_claude import stand_in_claude

Row = dict[str, str]


@pytest.fixture(autouse=True)
def private_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime folder and a claude of the test's own; returns the latter."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    claude = tmp_path / "claude"
    claude.write_text("#!/bin/sh\necho '2.1.330 (Claude Code)'\n")
    claude.chmod(0o700)
    monkeypatch.setenv("MESHBOT_CLAUDE", str(claude))
    return claude


def rows_of(ran: Ran) -> dict[str, Row]:
    return {row["what"]: row for row in json.loads(ran.out)}


def test_a_sound_machine_and_mesh_end_with_0_and_each_line_says_what_and_how(
    run: Runner, alpha: ListeningPeer
) -> None:
    ran = run("doctor")

    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[-1] == "Nothing is broken."
    assert any(line.startswith("well    claude ") and "2.1.330" in line for line in lines)
    assert any(line.startswith("well    peer alpha ") and alpha.url in line for line in lines)


def test_without_a_mesh_it_says_how_to_create_one(run: Runner) -> None:
    ran = run("doctor", "--json")

    assert ran.status == 1
    assert rows_of(ran)["mesh"]["todo"].endswith("meshbot init default")


def _be_impatient(paths: MeshPaths) -> None:
    document = json.loads(paths.config.read_text())
    document["timeouts"] = {"healthSeconds": 0.2}
    paths.config.write_text(json.dumps(document))


def _open_key(paths: MeshPaths) -> None:
    paths.key.chmod(0o644)


def _break_key(paths: MeshPaths) -> None:
    paths.key.write_text("a\nb\n")


def _lose_key(paths: MeshPaths) -> None:
    paths.key.unlink()


def _open_root_key(paths: MeshPaths) -> None:
    paths.root_key.chmod(0o640)


def _break_manifest(paths: MeshPaths) -> None:
    document = json.loads(paths.manifest.read_text())
    paths.manifest.write_text(json.dumps({**document, "sig": "A" * 86}))


def _open_folder(paths: MeshPaths) -> None:
    paths.folder.chmod(0o777)


def _break_config(paths: MeshPaths) -> None:
    paths.config.write_text("{")


def _name_no_certificate(paths: MeshPaths) -> None:
    document = json.loads(paths.config.read_text())
    document["tls"] = {"cert": "no.crt", "key": "no.key"}
    paths.config.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("break_it", "what", "todo"),
    [
        (_open_key, "mesh.key", "chmod 600"),
        (_break_key, "mesh key", "copy"),
        (_lose_key, "mesh key", "copy"),
        (_open_root_key, "root.key", "chmod 600"),
        (_break_manifest, "manifest", "copy"),
        (_open_folder, "mesh folder", "chmod 700"),
        (_break_config, "mesh", "correct"),
        (_name_no_certificate, "tls", "correct"),
    ],
)
def test_what_is_broken_in_a_mesh_is_named_with_what_to_do(
    break_it: Callable[[MeshPaths], None],
    what: str,
    todo: str,
    run: Runner,
    mesh_paths: MeshPaths,
) -> None:
    break_it(mesh_paths)

    ran = run("doctor", "--json")

    assert ran.status == 1
    assert rows_of(ran)[what]["state"] == "broken"
    assert rows_of(ran)[what]["todo"].startswith(todo)
    assert f"broken  {what} " in run("doctor").out


def test_a_certificate_is_read_and_its_end_told(run: Runner, mesh_paths: MeshPaths) -> None:
    issued = trustme.CA().issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(mesh_paths.folder / "own.key"))
    for pem in issued.cert_chain_pems:
        pem.write_to_path(str(mesh_paths.folder / "own.crt"), append=True)
    document = json.loads(mesh_paths.config.read_text())
    document["tls"] = {"cert": "own.crt", "key": "own.key"}
    mesh_paths.config.write_text(json.dumps(document))

    assert "is valid until" in rows_of(run("doctor", "--json"))["tls"]["found"]


def test_a_clock_outside_the_window_is_broken_and_says_by_how_much(
    run: Runner, key: MeshKey
) -> None:
    with listening(ListeningPeer("late", key, skew_ms=-90_000)) as peer:
        run("add-peer", "late", peer.url)
        ran = run("doctor", "--json")

    row = rows_of(ran)["peer late"]
    assert (ran.status, row["state"]) == (1, "broken")
    assert "behind ours" in row["found"]
    assert "clock" in row["todo"]


@pytest.mark.parametrize(
    ("skew_ms", "state"), [(0, "well"), (29_000, "well"), (31_000, "note"), (61_000, "broken")]
)
def test_a_peers_clock_is_judged_by_the_window(skew_ms: int, state: str) -> None:
    health = PeerHealth("p", "http://p", "", is_online=True, latency_ms=1, skew_ms=skew_ms)

    assert peer_finding(health, 60_000).state == state


def test_an_offline_peer_is_worth_a_note_and_another_agent_there_is_broken(
    run: Runner, key: MeshKey
) -> None:
    with listening(ListeningPeer("other", key)) as peer:
        run("add-peer", "dev", peer.url)
        run("add-peer", "gone", "http://127.0.0.1:1")
        rows = rows_of(run("doctor", "--json"))

    assert rows["peer dev"]["state"] == "broken"
    assert rows["peer gone"]["state"] == "note"


def test_a_port_that_another_program_took_is_broken(run: Runner, mesh_paths: MeshPaths) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run("add-peer", "dev", f"http://localhost:{port}")
        mesh_paths.agent("dev").folder.mkdir(parents=True)
        _be_impatient(mesh_paths)

        row = rows_of(run("doctor", "--json"))["agent dev"]

    assert row["state"] == "broken"
    assert f"port {port} is taken" in row["found"]


def test_a_local_agent_that_other_machines_cannot_reach_is_worth_a_note(
    run: Runner, mesh_paths: MeshPaths
) -> None:
    run("add-peer", "dev", "http://localhost:9")
    mesh_paths.agent("dev").folder.mkdir(parents=True)
    assert "reach" not in rows_of(run("doctor", "--json"))
    # An address of the documentation's range: nothing answers there.
    run("add-peer", "far", "http://192.0.2.1:9")
    _be_impatient(mesh_paths)

    assert rows_of(run("doctor", "--json"))["reach"]["state"] == "note"


def test_a_runtime_folder_that_others_may_enter_is_broken(
    run: Runner, mesh_paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not below tmp_path: sockets have short paths, or the folder is not used at all.
    with tempfile.TemporaryDirectory(prefix="mb") as place:
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        (Path(place) / "meshbot").mkdir()
        (Path(place) / "meshbot").chmod(0o755)

        row = rows_of(run("doctor", "--json"))["runtime folder"]

    assert (row["state"], row["todo"][:9]) == ("broken", "chmod 700")
    assert mesh_paths.folder.exists()


@pytest.mark.parametrize(
    ("script", "state"),
    [("exit 3", "broken"), ("echo nonsense", "broken"), ("echo '2.1.197 (Claude Code)'", "well")],
)
def test_claude_is_asked_for_its_version(
    script: str, state: str, run: Runner, private_machine: Path
) -> None:
    private_machine.write_text(f"#!/bin/sh\n{script}\n")

    assert rows_of(run("doctor", "--json"))["claude"]["state"] == state


def test_a_claude_without_a_login_is_worth_a_note(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = stand_in_claude(tmp_path / "stranger", is_logged_in=False)
    monkeypatch.setenv("MESHBOT_CLAUDE", str(binary))
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)

    row = rows_of(run("doctor", "--json"))["claude"]
    assert row["state"] == "note"
    assert "/login" in row["todo"]

    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key")
    assert rows_of(run("doctor", "--json"))["claude"]["state"] == "well"


def test_no_claude_is_worth_a_note_and_a_wrong_choice_is_broken(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESHBOT_CLAUDE", str(tmp_path / "none"))
    assert rows_of(run("doctor", "--json"))["claude"]["state"] == "broken"

    monkeypatch.delenv("MESHBOT_CLAUDE")
    monkeypatch.setattr(
        "meshbot_core.cli.machine_checks.find_claude",
        lambda configured: find_claude(configured, environment={"PATH": "", "HOME": str(tmp_path)}),
    )
    assert rows_of(run("doctor", "--json"))["claude"]["state"] in ("note", "well")
