"""Where things lie: names that make no paths, and the folder of sockets."""

import os
import stat
from pathlib import Path

import pytest

from meshbot_core.errors import InvalidNameError, MeshNotFoundError, StorageError
from meshbot_core.mesh.paths import MeshPaths, home_folder, list_meshes, open_mesh, runtime_folder

BAD_NAMES = ["", ".", "..", "../x", "a/b", "/etc", ".x", "-x", "x" * 65, "a b", "a\n", "a\0", "ä"]


@pytest.fixture
def runtime(monkeypatch, tmp_path_factory):
    """A runtime folder of our own, with a short path as systems give it."""
    folder = tmp_path_factory.mktemp("r")
    folder.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


def test_the_files_lie_where_the_reference_has_them(home):
    paths = MeshPaths(home, "default")

    assert paths.config == home / ".mesh/default/config.json"
    assert paths.key == home / ".mesh/default/mesh.key"
    assert paths.root_pub == home / ".mesh/default/root.pub"
    assert paths.manifest == home / ".mesh/default/manifest.json"
    assert paths.node_pub == home / ".mesh/default/node.pub"
    assert paths.node_key == home / ".mesh/default/node.key"
    assert paths.root_key == home / ".mesh-admin/default/root.key"
    assert paths.agent("dev").legacy_queue == home / ".mesh/default/queues/dev/queue.json"
    assert paths.agent("dev").pid_file == home / ".mesh/default/daemons/dev.pid"


def test_ours_lie_beside_the_agent_s_queue(home):
    agent = MeshPaths(home, "default").agent("dev")

    ours = {agent.mailbox, agent.lock, agent.host_json, agent.host_log}
    assert {path.parent for path in ours} == {home / ".mesh/default/queues/dev"}
    assert len(ours) == 4


@pytest.mark.parametrize("name", BAD_NAMES)
def test_protocol_5_no_path_can_be_made_of_a_name(mesh_paths, name):
    with pytest.raises(InvalidNameError):
        mesh_paths.agent(name)
    with pytest.raises(InvalidNameError):
        open_mesh(name)


def test_meshbot_home_replaces_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MESHBOT_HOME", str(tmp_path))
    assert home_folder() == tmp_path

    monkeypatch.setenv("MESHBOT_HOME", "relative")
    assert home_folder() == Path.cwd() / "relative"

    monkeypatch.setenv("MESHBOT_HOME", "")
    assert home_folder() == Path.home()


def test_a_mesh_that_is_not_there_says_what_to_type(mesh_paths):
    with pytest.raises(MeshNotFoundError, match=r'"work" not found.*there is: default') as missing:
        open_mesh("work")

    assert missing.value.hint == "create it with: meshbot init work"
    assert open_mesh("default") == mesh_paths


def test_meshes_are_listed_by_name_and_other_folders_are_not(mesh_paths, home):
    (home / ".mesh/empty").mkdir()
    (home / ".mesh/.hidden").mkdir()
    (home / ".mesh/.hidden/config.json").write_text("{}")
    (home / ".mesh/alpha").mkdir()
    (home / ".mesh/alpha/config.json").write_text("{}")

    assert list_meshes() == ("alpha", "default")
    assert list_meshes(home / "nowhere") == ()


def test_decision_12_the_runtime_folder_is_private_and_comes_back_when_it_vanished(runtime):
    previous = os.umask(0)
    try:
        folder = runtime_folder()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder == runtime / "meshbot"

        folder.rmdir()
        assert runtime_folder().is_dir()
    finally:
        os.umask(previous)


def test_decision_12_without_a_runtime_folder_one_with_the_uid_in_its_name_is_used(
    monkeypatch, tmp_path_factory
):
    temporary = tmp_path_factory.mktemp("t")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    for gone in ("", "/nowhere/at/all"):
        monkeypatch.setenv("XDG_RUNTIME_DIR", gone)
        assert runtime_folder() == temporary / f"meshbot-{os.geteuid()}"


def test_decision_12_a_runtime_folder_open_to_others_is_refused(runtime):
    runtime_folder().chmod(0o755)

    with pytest.raises(StorageError, match="open to others") as refused:
        runtime_folder()

    assert refused.value.hint == f"chmod 700 {runtime / 'meshbot'}"


def test_decision_12_a_runtime_folder_that_is_a_link_is_refused(runtime, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (runtime / "meshbot").symlink_to(elsewhere)

    with pytest.raises(StorageError, match="not a folder of this user"):
        runtime_folder()


def test_decision_12_a_runtime_folder_of_another_user_is_refused(runtime, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(runtime))
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)

    with pytest.raises(StorageError, match="not a folder of this user"):
        runtime_folder()


def test_decision_12_a_socket_s_path_is_short_and_one_of_a_kind(runtime, home, tmp_path):
    other_home = tmp_path / "other"
    linked_home = tmp_path / "linked"
    linked_home.symlink_to(home)
    sockets = {
        MeshPaths(folder, mesh).agent(agent).socket
        for folder in (home, other_home)
        for mesh in ("default", "work")
        for agent in ("dev", "d" * 64)
    }

    assert len(sockets) == 8
    assert max(len(os.fsencode(path)) for path in sockets) < 100
    assert {path.parent for path in sockets} == {runtime / "meshbot"}
    assert MeshPaths(linked_home, "work").agent("dev").socket in sockets


def test_decision_12_a_runtime_folder_too_deep_for_sockets_is_passed_over(monkeypatch, tmp_path):
    deep = tmp_path / ("x" * 80)
    deep.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setattr("tempfile.tempdir", str(deep))

    assert runtime_folder() == Path(f"/tmp/meshbot-{os.geteuid()}")  # noqa: S108 -- the path itself is tested
