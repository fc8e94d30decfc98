"""``init`` and the exports."""

import stat
from pathlib import Path

import pytest

from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.paths import MeshPaths, open_mesh
from tests.cli.running import Runner


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_init_says_what_it_created_as_the_reference_does(run: Runner, home: Path) -> None:
    ran = run("init", "default")

    assert ran.status == 0
    assert ran.out.startswith('Created mesh "default"')
    assert "meshbot start --as dev\n" in ran.out
    assert "claude mcp add mesh -- meshbot serve --as dev\n" in ran.out
    assert read_config(open_mesh("default", home)).mesh == "default"


def test_init_of_another_mesh_names_it_in_the_next_commands(run: Runner) -> None:
    ran = run("init", "blue")

    assert "meshbot start --as dev -m blue\n" in ran.out
    assert "meshbot serve --as dev -m blue\n" in ran.out
    assert "meshbot status -m blue\n" in ran.out


@pytest.mark.parametrize("word", ["--legacy", "--no-bootstrap"])
def test_two_words_make_a_mesh_without_root_key(word: str, run: Runner, home: Path) -> None:
    assert run("init", "default", word).status == 0

    paths = open_mesh("default", home)
    assert not paths.root_pub.exists()
    assert not paths.root_key.exists()
    ran = run("export-root-pub")
    assert (ran.status, ran.out) == (1, "")
    assert "no root key" in ran.err


def test_whatever_the_umask_a_new_mesh_is_the_users_own(run: Runner, home: Path) -> None:
    run("init", "default")

    paths = open_mesh("default", home)
    assert mode(paths.folder) == mode(paths.admin_folder) == 0o700
    for secret in (paths.key, paths.manifest, paths.root_key):
        assert mode(secret) == 0o600


def test_init_twice_is_an_error_and_changes_nothing(run: Runner, mesh_paths: MeshPaths) -> None:
    before = mesh_paths.key.read_bytes()

    ran = run("init", "default")

    assert ran.status == 1
    assert ran.err.startswith('meshbot: Mesh "default" already exists')
    assert mesh_paths.key.read_bytes() == before


def test_the_key_is_printed_by_export_key_and_by_nothing_else(
    run: Runner, mesh_paths: MeshPaths
) -> None:
    secret = mesh_paths.key.read_text().strip()

    assert run("export-key").out == f"{secret}\n"
    for words in (["init", "default"], ["add-peer", "a", "h:1"], ["status"], ["doctor", "--json"]):
        ran = run(*words)
        assert secret not in ran.out + ran.err


def test_the_root_key_is_exported_as_pem(run: Runner, mesh_paths: MeshPaths) -> None:
    ran = run("export-root-pub")

    assert ran.out == mesh_paths.root_pub.read_text().strip() + "\n"
    assert ran.out.startswith("-----BEGIN PUBLIC KEY-----")


def test_a_mesh_is_chosen_by_option_or_environment(
    run: Runner, mesh_paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init", "blue")
    blue = open_mesh("blue", mesh_paths.home).key.read_text()

    assert run("export-key", "-m", "blue").out == blue
    monkeypatch.setenv("MESHBOT_MESH", "blue")
    assert run("export-key").out == blue
    assert run("export-key", "--mesh", "default").out == mesh_paths.key.read_text()
