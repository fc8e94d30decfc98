"""Making a mesh and changing its peers, files and manifest included."""

import base64
import json
import os
import stat

import pytest

from meshbot_core.bootstrap.manifest import manifest_payload, read_envelope
from meshbot_core.bootstrap.meshes import add_peer, create_mesh, remove_peer
from meshbot_core.errors import (
    EnvelopeError,
    InvalidNameError,
    InvalidUrlError,
    KeyFileError,
    MeshExistsError,
    UnknownPeerError,
)
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.keys import read_mesh_key
from meshbot_core.mesh.paths import open_mesh
from meshbot_core.wire.envelope import load_private_key, sign_envelope, verify_envelope
from tests.support.clock import FakeClock

NEW_YEAR_MS = 1_767_225_600_000


def payload_of(paths):
    """The manifest's payload, its signature verified with the mesh's root.pub."""
    verified = verify_envelope(read_envelope(paths), paths.root_pub.read_text())
    return json.loads(verified)


def modes_below(folder):
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
    }


def test_a_new_mesh_has_the_reference_s_files(home):
    paths = create_mesh("default", clock=FakeClock(NEW_YEAR_MS))

    assert paths == open_mesh("default")
    assert json.loads(paths.config.read_bytes()) == {
        "mesh": "default",
        "peers": {},
        "security": {"replayWindowSeconds": 60, "maxMessageSizeBytes": 1_048_576},
    }
    assert len(base64.b64decode(read_mesh_key(paths).text, validate=True)) == 32
    assert paths.root_pub.read_text().startswith("-----BEGIN PUBLIC KEY-----\n")
    assert paths.root_key.read_text().startswith("-----BEGIN PRIVATE KEY-----\n")
    assert read_envelope(paths).kid == "root-2026-01-01"
    assert payload_of(paths) == {
        "v": 1,
        "mesh": "default",
        "version": 1,
        "issuedAt": "2026-01-01T00:00:00.000Z",
        "security": {"replayWindowSeconds": 60, "maxMessageSizeBytes": 1_048_576},
        "transport": {"meshKey": read_mesh_key(paths).text},
        "agents": {},
        "revocations": {"inviteJti": [], "agents": []},
    }


def test_a_legacy_mesh_has_no_root_key_and_no_manifest(home):
    paths = create_mesh("old", legacy=True)

    left_out = (paths.root_pub, paths.root_key, paths.manifest, paths.admin_folder)
    assert not any(path.exists() for path in left_out)
    add_peer(paths, "dev", "localhost:9")
    assert not paths.manifest.exists()


def test_protocol_13_what_holds_the_mesh_key_is_private_under_umask_zero(home):
    previous = os.umask(0)
    try:
        paths = create_mesh("default")
        add_peer(paths, "dev", "localhost:9")
    finally:
        os.umask(previous)

    modes = modes_below(home)
    folders = {".mesh", ".mesh/default", ".mesh-admin", ".mesh-admin/default"}
    assert {modes.pop(folder) for folder in folders} == {0o700}
    assert modes.pop(".mesh/default/root.pub") == 0o644
    assert {name for name in modes if name.endswith(("manifest.json", ".key"))} == {
        ".mesh/default/manifest.json",
        ".mesh/default/mesh.key",
        ".mesh-admin/default/root.key",
    }
    assert set(modes.values()) == {0o600}


def test_several_meshes_stand_side_by_side(home):
    keys = {read_mesh_key(create_mesh(name)).text for name in ("default", "work")}

    assert len(keys) == 2


def test_a_mesh_is_not_made_twice_nor_over_what_is_left_of_one(mesh_paths):
    with pytest.raises(MeshExistsError, match="already exists"):
        create_mesh("default")

    mesh_paths.config.unlink()
    with pytest.raises(MeshExistsError, match=r"mesh\.key is left from an earlier mesh"):
        create_mesh("default")

    mesh_paths.key.unlink()
    with pytest.raises(MeshExistsError, match=r"root\.key is left from an earlier mesh"):
        create_mesh("default")

    mesh_paths.root_key.unlink()
    mesh_paths.manifest.unlink()
    assert create_mesh("default") == mesh_paths


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "x" * 65])
def test_protocol_5_a_mesh_of_a_bad_name_is_not_made(home, name):
    with pytest.raises(InvalidNameError):
        create_mesh(name)

    assert list(home.iterdir()) == []


def test_each_change_of_the_peers_signs_the_next_version(mesh_paths):
    clock = FakeClock(NEW_YEAR_MS + 1)
    add_peer(mesh_paths, "dev", "localhost:9/", "the developer", clock=clock)
    add_peer(mesh_paths, "ops", "https://ops", clock=clock)

    payload = payload_of(mesh_paths)
    assert payload["version"] == 3
    assert payload["issuedAt"] == "2026-01-01T00:00:00.001Z"
    assert payload["agents"] == {
        "dev": {"url": "http://localhost:9", "description": "the developer"},
        "ops": {"url": "https://ops"},
    }

    remove_peer(mesh_paths, "dev", clock=clock)
    assert payload_of(mesh_paths)["version"] == 4
    assert set(payload_of(mesh_paths)["agents"]) == set(read_config(mesh_paths).peers) == {"ops"}


def test_a_change_that_changes_nothing_signs_nothing(mesh_paths):
    add_peer(mesh_paths, "dev", "localhost:9", "d")
    before = mesh_paths.manifest.read_bytes()

    add_peer(mesh_paths, "dev", "http://localhost:9", "d")
    add_peer(mesh_paths, "dev", "http://localhost:9")

    assert mesh_paths.manifest.read_bytes() == before


def test_without_the_root_key_only_the_configuration_changes(mesh_paths):
    mesh_paths.root_key.unlink()
    before = mesh_paths.manifest.read_bytes()

    add_peer(mesh_paths, "dev", "localhost:9")

    assert "dev" in read_config(mesh_paths).peers
    assert mesh_paths.manifest.read_bytes() == before


def test_revocations_and_unknown_members_of_the_manifest_are_carried_over(mesh_paths):
    payload = payload_of(mesh_paths)
    payload["revocations"] = {"inviteJti": ["j"], "agents": ["a"], "more": 1}
    payload["future"] = {"x": [1]}
    sign_into(mesh_paths, payload)

    add_peer(mesh_paths, "dev", "localhost:9")

    assert payload_of(mesh_paths)["revocations"] == payload["revocations"]
    assert payload_of(mesh_paths)["future"] == payload["future"]
    assert payload_of(mesh_paths)["version"] == 2


def sign_into(paths, payload):
    key = load_private_key(paths.root_key.read_text())
    envelope = sign_envelope(payload, key=key, kid="k")
    paths.manifest.write_text(envelope.model_dump_json())


@pytest.mark.parametrize("data", ["", "{}", '{"alg":"Ed25519","kid":"k","payload":"e30","sig":""}'])
def test_a_damaged_manifest_stops_the_change_before_anything_is_written(mesh_paths, data):
    mesh_paths.manifest.write_text(data)
    before = mesh_paths.config.read_bytes()

    with pytest.raises(EnvelopeError):
        add_peer(mesh_paths, "dev", "localhost:9")

    assert mesh_paths.config.read_bytes() == before


def test_a_damaged_root_key_stops_the_change_before_anything_is_written(mesh_paths):
    mesh_paths.root_key.write_text("garbage")
    before = mesh_paths.config.read_bytes()

    with pytest.raises(KeyFileError, match="expected an Ed25519 private key"):
        add_peer(mesh_paths, "dev", "localhost:9")

    assert mesh_paths.config.read_bytes() == before


def test_bad_peers_are_refused_and_nothing_changes(mesh_paths):
    before = mesh_paths.config.read_bytes(), mesh_paths.manifest.read_bytes()

    with pytest.raises(InvalidNameError):
        add_peer(mesh_paths, "a/b", "localhost:9")
    with pytest.raises(InvalidUrlError):
        add_peer(mesh_paths, "dev", "ftp://x")
    with pytest.raises(UnknownPeerError, match='Unknown agent "dev"'):
        remove_peer(mesh_paths, "dev")

    assert (mesh_paths.config.read_bytes(), mesh_paths.manifest.read_bytes()) == before


def test_the_manifest_never_shows_the_key_in_its_repr(mesh_paths):
    payload = manifest_payload(read_envelope(mesh_paths))

    assert read_mesh_key(mesh_paths).text not in repr(payload)
