"""``status``: who is online, without a host."""

import json
import re
import time

import pytest

from meshbot_core.mesh.config import Timeouts, change_config
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.mesh.peers import with_peer
from tests.cli.peers import ListeningPeer, free_port, hanging, listening
from tests.cli.running import Runner, started


def test_rows_are_name_url_state_and_description_as_the_references(
    run: Runner, alpha: ListeningPeer
) -> None:
    run("add-peer", "beta", f"http://127.0.0.1:{free_port()}", "-d", "second")

    ran = run("status")

    assert ran.status == 0
    rows = sorted(ran.out.splitlines())
    assert re.fullmatch(rf"alpha +{alpha.url} +online - first of all", rows[0])
    assert re.fullmatch(
        r"beta +http://127.0.0.1:\d+ +offline - second \(connection refused\)", rows[1]
    )


def test_json_is_a_list_in_the_order_of_the_configuration(
    run: Runner, alpha: ListeningPeer
) -> None:
    run("add-peer", "aaa", f"http://127.0.0.1:{free_port()}")

    first, second = json.loads(run("status", "--json").out)

    assert (first["name"], first["status"], first["url"]) == ("alpha", "online", alpha.url)
    assert first["description"] == "first of all"
    assert abs(first["skewMs"]) < 5_000
    assert (second["name"], second["status"]) == ("aaa", "offline")
    assert second["error"] == "connection refused"


def test_an_empty_mesh_is_an_empty_list_and_a_word_on_how_to_begin(
    run: Runner, mesh_paths: MeshPaths
) -> None:
    assert run("status", "--json").out == "[]\n"
    ran = run("status")
    assert (ran.status, ran.out) == (0, "")
    assert "meshbot serve --as NAME" in ran.err


def test_decision_21_an_agent_of_another_name_at_the_url_is_not_online(
    run: Runner, key: MeshKey
) -> None:
    with listening(ListeningPeer("impostor", key)) as peer:
        run("add-peer", "dev", peer.url)

        out = run("status").out

    assert 'offline (another agent answers there: "impostor")' in out


def test_untrusted_descriptions_and_names_do_not_reach_the_terminal_raw(
    run: Runner, key: MeshKey
) -> None:
    with listening(ListeningPeer("x\x1b[2J", key)) as peer:
        run("add-peer", "dev", peer.url, "-d", "a\x1b]0;title\x07\u202eb\nc")

        for words in (["status"], ["status", "--json"], ["doctor"], ["doctor", "--json"]):
            said = run(*words).out

            assert not set(said) & set("\x1b\x07\u202e")
    assert len(run("status").out.splitlines()) == 1


def test_protocol_10_fifty_peers_that_hang_cost_one_time_out_and_lines_come_as_they_answer(
    run: Runner, mesh_paths: MeshPaths, alpha: ListeningPeer
) -> None:
    limit_s = 1.0
    with hanging(50) as ports:
        change_config(
            mesh_paths,
            lambda config: config.model_copy(update={"timeouts": Timeouts(healthSeconds=limit_s)}),
        )
        for number, port in enumerate(ports):
            change_config(
                mesh_paths,
                lambda config, name=f"p{number}", url=f"http://127.0.0.1:{port}": with_peer(
                    config, name, url
                ),
            )
        began = time.monotonic()

        ran = run("status")

        took_s = time.monotonic() - began
    rows = ran.out.splitlines()
    assert rows[0].startswith("alpha ")
    assert sum("offline (no answer in time)" in row for row in rows) == 50
    assert took_s < limit_s + 1.0  # 0.3 s when the machine has nothing else to do
    assert alpha.messages == []


@pytest.mark.slow
def test_lines_are_there_before_the_last_peer_has_answered(
    run: Runner, alpha: ListeningPeer
) -> None:
    with hanging(1) as (port,):
        run("add-peer", "mute", f"http://127.0.0.1:{port}")
        began = time.monotonic()
        with started("status") as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            took_s = time.monotonic() - began
            process.kill()

    assert first.startswith(b"alpha ")
    assert took_s < 4.5  # mute costs 5 s


@pytest.mark.slow
def test_watch_goes_on_and_tells_changes(run: Runner, alpha: ListeningPeer) -> None:
    with started("status", "--watch", "--json") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        alpha.name = "renamed"
        second = json.loads(process.stdout.readline())
        process.terminate()

    assert (first["status"], second["status"]) == ("online", "offline")
