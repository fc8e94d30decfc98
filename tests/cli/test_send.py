"""``send``: one-shot and queued."""

import json
import re
from io import BytesIO, TextIOWrapper

import pytest

from meshbot_core.mesh.config import MeshConfig, Timeouts, change_config
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.mesh.operator import operator_name
from meshbot_core.mesh.paths import MeshPaths
from tests.cli.peers import ListeningPeer, free_port, hanging, listening
from tests.cli.running import Runner, finished

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


def given_on_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(data)))


def test_a_message_is_sent_and_said_to_be_as_the_reference_says_it(
    run: Runner, alpha: ListeningPeer
) -> None:
    ran = run("send", "alpha", "hello", "--from", "me")

    assert ran.status == 0
    said = re.fullmatch(rf'Message sent to "alpha" \(({UUID})\)\n', ran.out)
    assert said is not None
    (message,) = alpha.messages
    assert (message.id, message.sender, message.payload) == (said[1], "me", "hello")


def test_without_from_it_is_the_operator_who_sends(run: Runner, alpha: ListeningPeer) -> None:
    run("send", "alpha", "hello")

    assert alpha.messages[0].sender == operator_name(MeshConfig(mesh="default"))


def test_a_dash_reads_standard_input_and_drops_one_line_break(
    run: Runner, alpha: ListeningPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_on_stdin(monkeypatch, "zwölf\nlines\n\n".encode())

    assert run("send", "alpha", "-").status == 0
    assert alpha.messages[0].payload == "zwölf\nlines\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", (2, "nothing came on standard input")),
        (b"\xff\xfe", (2, "not valid UTF-8")),
        (b"x" * 1_048_577, (1, "the message is over 1048576 bytes")),
    ],
)
def test_standard_input_that_makes_no_message_is_refused(
    data: bytes,
    said: tuple[int, str],
    run: Runner,
    alpha: ListeningPeer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_on_stdin(monkeypatch, data)

    ran = run("send", "alpha", "-")

    assert ran.status == said[0]
    assert said[1] in ran.err
    assert not alpha.messages


def test_an_argument_that_is_not_utf8_is_refused(run: Runner, alpha: ListeningPeer) -> None:
    ran = run("send", "alpha", "bad \udcff byte")

    assert ran.status == 2
    assert not alpha.messages


def test_a_peer_that_is_down_ends_with_1_and_says_how_to_keep_trying(
    run: Runner, mesh_paths: MeshPaths
) -> None:
    run("add-peer", "down", f"http://127.0.0.1:{free_port()}")

    ran = run("send", "down", "hello")

    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith('meshbot: "down" does not answer at http://127.0.0.1:')
    assert "meshbot send --queue" in ran.err
    assert not (mesh_paths.folder / "queues").exists()


def test_a_peer_that_refuses_ends_with_1_and_its_words_made_harmless(
    run: Runner, alpha: ListeningPeer
) -> None:
    alpha.refusal = (400, "no\x1b[2J way")

    ran = run("send", "alpha", "hello")

    assert (ran.status, ran.out) == (1, "")
    assert "HTTP 400" in ran.err
    assert "\x1b" not in ran.err


def test_protocol_10_a_peer_that_hangs_costs_the_time_out(
    run: Runner, mesh_paths: MeshPaths
) -> None:
    change_config(
        mesh_paths,
        lambda config: config.model_copy(update={"timeouts": Timeouts(sendSeconds=0.5)}),
    )
    with hanging(1) as (port,):
        run("add-peer", "mute", f"http://127.0.0.1:{port}")
        ran = run("send", "mute", "hello")

    assert ran.status == 1
    assert "no answer in time" in ran.err


@pytest.mark.slow
@pytest.mark.usefixtures("hosts")
def test_queue_delivers_at_once_to_a_peer_that_is_up(alpha: ListeningPeer) -> None:
    ran = finished("send", "alpha", "-", "--queue", given="kept\n")

    assert ran.status == 0
    assert re.fullmatch(rf'Message sent to "alpha" \({UUID}\)\n', ran.out)
    assert [message.payload for message in alpha.messages] == ["kept"]


@pytest.mark.slow
@pytest.mark.usefixtures("hosts", "mesh_paths")
def test_queue_keeps_a_message_for_a_peer_that_is_down_until_it_is_up(key: MeshKey) -> None:
    port = free_port()
    finished("add-peer", "late", f"http://127.0.0.1:{port}")

    ran = finished("send", "late", "for later", "--queue")

    assert ran.status == 0
    assert re.match(rf'Message to "late" is queued \({UUID}\): .*; tried until ', ran.out)
    with listening(ListeningPeer("late", key)) as late:
        finished("add-peer", "late", late.url)
        # A later message of the same sender goes after the one that waits.
        assert finished("send", "late", "second", "--queue").status == 0
        assert [message.payload for message in late.messages] == ["for later", "second"]


@pytest.mark.parametrize(
    ("hostname", "name"),
    [
        ("box", "operator-box"),
        ("my host.örg", "operator-my-host.-rg"),
        ("-.-", "operator-here"),
        ("", "operator-here"),
        ("h" * 99, "operator-" + "h" * 55),
    ],
)
def test_decision_14_the_operators_name_is_made_of_the_hostname(hostname: str, name: str) -> None:
    assert operator_name(MeshConfig(mesh="default"), hostname=hostname) == name


def test_decision_14_the_operators_name_may_be_configured(
    run: Runner, alpha: ListeningPeer, mesh_paths: MeshPaths
) -> None:
    document = json.loads(mesh_paths.config.read_text())
    mesh_paths.config.write_text(json.dumps({**document, "operator": "ann"}))

    run("send", "alpha", "hello")

    assert alpha.messages[0].sender == "ann"
