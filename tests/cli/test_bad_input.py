"""No mesh, no such peer, bad name, bad URL: a line, and what to type next."""

import pytest

from meshbot_core.mesh.paths import MeshPaths
from tests.cli.running import Runner

WITH_A_MESH = [
    ["add-peer", "dev", "http://localhost:9"],
    ["remove-peer", "dev"],
    ["status"],
    ["send", "dev", "hi"],
    ["send", "dev", "hi", "--queue"],
    ["ask", "dev", "hi"],
    ["reply", "dev", "id", "hi"],
    ["inbox"],
    ["export-key"],
    ["export-root-pub"],
    ["serve", "--as", "dev"],
]
WITH_A_PEER = [
    ["remove-peer", "nobody"],
    ["send", "nobody", "hi"],
    ["send", "nobody", "hi", "--queue"],
    ["ask", "nobody", "hi"],
    ["reply", "nobody", "id", "hi"],
]
WITH_A_NAME = [
    ["init", "{}"],
    ["add-peer", "{}", "http://localhost:9"],
    ["status", "-m", "{}"],
    ["send", "dev", "hi", "--from", "{}"],
    ["ask", "dev", "hi", "--as", "{}"],
    ["inbox", "--as", "{}"],
    ["serve", "--as", "{}"],
]


@pytest.mark.parametrize("words", WITH_A_MESH, ids=" ".join)
def test_no_mesh_says_how_to_create_it(words: list[str], run: Runner) -> None:
    ran = run(*words)

    first, second = ran.err.splitlines()
    assert (ran.status, ran.out) == (1, "")
    assert first.startswith('meshbot: Mesh "default" not found')
    assert second.endswith("meshbot init default")


@pytest.mark.parametrize("words", WITH_A_PEER, ids=" ".join)
@pytest.mark.usefixtures("alpha")
def test_no_such_peer_says_who_is_known_and_how_to_add_one(words: list[str], run: Runner) -> None:
    ran = run(*words)

    first, second = ran.err.splitlines()
    assert (ran.status, ran.out) == (1, "")
    assert first == 'meshbot: Unknown agent "nobody". Known peers: alpha'
    assert "meshbot add-peer" in second


@pytest.mark.parametrize("name", ["a b", "../x", "", "-x", "x" * 65, "ä", "a\x1b[31m"])
@pytest.mark.parametrize("words", WITH_A_NAME, ids=" ".join)
def test_a_bad_name_is_refused_with_the_rule(words: list[str], name: str, run: Runner) -> None:
    run("init", "default")
    run("add-peer", "dev", "http://localhost:9")

    ran = run(*[word.format(name) for word in words])

    assert ran.status == 2
    assert ran.err.startswith("meshbot: ")
    assert len(ran.err.splitlines()) == 2
    assert "\x1b" not in ran.err


@pytest.mark.parametrize(
    "url", ["ftp://host", "http://", "http://h:0", "http://h:99999", "h ost", "", "http://u@h"]
)
@pytest.mark.parametrize("words", [["add-peer", "dev"], ["serve", "--as", "dev", "--advertise"]])
def test_a_bad_url_is_refused_with_an_example(
    words: list[str], url: str, run: Runner, mesh_paths: MeshPaths
) -> None:
    before = mesh_paths.config.read_bytes()
    if not url and words[0] == "serve":
        pytest.skip("no URL at all is none given")

    ran = run(*words, url)

    first, second = ran.err.splitlines()
    assert ran.status == 2
    assert first.startswith("meshbot: ")
    assert "http" in second
    assert mesh_paths.config.read_bytes() == before


def test_a_damaged_configuration_is_one_line_with_its_place(
    run: Runner, mesh_paths: MeshPaths
) -> None:
    mesh_paths.config.write_text('{\n  "mesh": oops}')

    ran = run("status")

    assert ran.status == 1
    assert f"{mesh_paths.config}:2:11" in ran.err.splitlines()[0]
    assert "meshbot doctor" in ran.err
