"""What a listener answers about the manifest; texts and status as the reference's."""

import pytest

from meshbot_core.bootstrap.answers import read_head, read_manifest
from meshbot_core.bootstrap.meshes import add_peer, create_mesh
from meshbot_core.errors import MeshError
from meshbot_core.wire.envelope import manifest_hash


def refusal(ask, *arguments):
    with pytest.raises(MeshError) as refused:
        ask(*arguments)
    return refused.value.http_status, str(refused.value)


def test_the_head_tells_version_and_hash_of_the_manifest(mesh_paths):
    add_peer(mesh_paths, "dev", "localhost:9")

    head = read_head(mesh_paths).model_dump(by_alias=True)

    envelope = read_manifest(mesh_paths, "latest")
    assert list(head) == ["mesh", "version", "manifestHash", "issuedAt"]
    assert head["mesh"] == "default"
    assert head["version"] == 2
    assert head["manifestHash"] == manifest_hash(envelope)
    assert head["issuedAt"].endswith("Z")


def test_the_manifest_is_given_for_its_version_and_for_latest(mesh_paths):
    latest = read_manifest(mesh_paths, "latest")

    assert list(latest.model_dump()) == ["alg", "kid", "payload", "sig"]
    assert read_manifest(mesh_paths, "1") == read_manifest(mesh_paths, "01") == latest


def test_another_version_is_404(mesh_paths):
    for version in ("99", "0", "2"):
        expected = (404, f"Manifest version {version} not found")
        assert refusal(read_manifest, mesh_paths, version) == expected


@pytest.mark.parametrize(
    "text", ["abc", "1abc", "", "-1", "+1", "1.0", " 1", "1\n", "٣", "LATEST", "9" * 5000, "../x"]
)
def test_what_is_not_a_number_is_400(mesh_paths, text):
    assert refusal(read_manifest, mesh_paths, text) == (400, "Invalid manifest version")


def test_a_mesh_without_a_manifest_is_503(home):
    paths = create_mesh("old", legacy=True)
    text = 'Manifest not found for "old". Initialize bootstrap or publish a manifest first.'

    assert refusal(read_head, paths) == (503, text)
    assert refusal(read_manifest, paths, "latest") == (503, text)
    assert refusal(read_manifest, paths, "abc") == (400, "Invalid manifest version")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"alg":"Ed25519","kid":"k","payload":"*","sig":""}',
        b'{"alg":"Ed25519","kid":"k","payload":"e30","sig":""}',
        b'{"alg":"Ed25519","kid":"k","payload":"W10","sig":""}',
        b'{"alg":"Ed25519","kid":"k","payload":"eyJ2IjoyfQ","sig":""}',
    ],
)
def test_protocol_1_a_damaged_manifest_is_503_and_no_path_leaves_the_process(mesh_paths, data):
    mesh_paths.manifest.write_bytes(data)

    for ask in (lambda: read_head(mesh_paths), lambda: read_manifest(mesh_paths, "1")):
        assert refusal(ask) == (503, 'Manifest of "default" is damaged')


def test_protocol_1_an_unreadable_manifest_is_503_and_no_path_leaves_the_process(mesh_paths):
    mesh_paths.manifest.unlink()
    mesh_paths.manifest.mkdir()

    status, text = refusal(read_head, mesh_paths)

    assert status == 503
    assert str(mesh_paths.home) not in text
