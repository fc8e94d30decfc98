"""``ask``, ``reply``, ``inbox`` and ``serve`` as processes, with the hosts that they start."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import time

import pytest

from meshbot_core.mailbox.reader import MailboxReader
from meshbot_core.mesh.paths import MeshPaths
from tests.cli.peers import ListeningPeer, free_port
from tests.cli.running import Runner, finished, started

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("mesh_paths", "hosts")]


def line_of(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode()


def next_object(process: "subprocess.Popen[bytes]") -> dict[str, str]:
    found: dict[str, str] = json.loads(line_of(process))
    return found


def following(name: str) -> "subprocess.Popen[bytes]":
    """An agent that shows what comes in, one object a line; it is up when this returns."""
    process = started("inbox", "--as", name, "--follow", "--json")
    assert process.stderr is not None
    process.stderr.readline()
    return process


def ended(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.communicate(timeout=20)


def until_listed(name: str, run: Runner) -> None:
    deadline_s = time.monotonic() + 10
    while f'"{name}"' not in run("status", "--json").out:
        assert time.monotonic() < deadline_s


def test_an_ask_prints_the_answer_that_a_reply_brings(run: Runner) -> None:
    with following("dev") as dev:
        until_listed("dev", run)
        with started("ask", "dev", "-", "--as", "ops") as asking:
            assert asking.stdin is not None
            asking.stdin.write(b"ready?")
            asking.stdin.close()
            question = next_object(dev)
            replied = finished("reply", "ops", question["id"], "yes \x1b[31m", "--as", "dev")
            answer = line_of(asking)
            status = asking.wait(timeout=20)
        ended(dev)

    assert (question["type"], question["from"], question["message"]) == ("ask", "ops", "ready?")
    assert re.match(r'Message sent to "ops" \(', replied.out)
    assert (status, answer) == (0, "yes \\x1b[31m\n")


def test_an_ask_that_nobody_answers_ends_with_1_after_its_time(alpha: ListeningPeer) -> None:
    ran = finished("ask", "alpha", "anyone?", "--timeout", "0.5")

    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("meshbot: alpha did not answer within 0.5 s\n")
    assert "meshbot inbox" in ran.err
    assert alpha.messages[0].kind == "ask"
    assert alpha.messages[0].sender.startswith("operator-")


def test_ctrl_c_withdraws_a_question(alpha: ListeningPeer, mesh_paths: MeshPaths) -> None:
    with started("ask", "alpha", "anyone?", "--timeout", "60", "--as", "ops") as asking:
        assert alpha.arrived.wait(15)
        asking.send_signal(signal.SIGINT)
        out, err = asking.communicate(timeout=20)

    assert (asking.returncode, out, err) == (130, b"", b"")
    with MailboxReader.opened(mesh_paths.agent("ops").mailbox) as reader:
        (entry,) = reader.journal()
    assert entry.ask_state == "timed_out"


def test_inbox_shows_each_message_once_and_as_json_too() -> None:
    finished("add-peer", "dev", f"http://localhost:{free_port()}")
    finished("send", "dev", "one\x1b[2J\ntwo", "--queue", "--from", "ops")

    # It waits with ops until somebody is dev; it may come while the first looks, or later.
    shown = finished("inbox", "--as", "dev").out
    with following("dev") as dev:
        finished("send", "dev", "three", "--from", "ops", "--queue")
        seen = [next_object(dev)["message"]]
        while seen[-1] != "three":
            seen.append(next_object(dev)["message"])
        ended(dev)
    listed = json.loads(finished("inbox", "--as", "dev", "--json").out)

    assert "\x1b" not in shown
    assert shown.count("  one\\x1b[2J\n  two\n") + seen.count("one\x1b[2J\ntwo") == 1
    assert listed == []


def test_a_port_in_use_is_one_line_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started("serve", "--as", "dev", "--port", str(port)) as serving:
            # Input stays open: it is the port that ends this.
            assert serving.stderr is not None
            said = serving.stderr.read().decode()
            status = serving.wait(timeout=20)

    first, second = said.splitlines()
    assert status == 1
    assert first.startswith("meshbot: ")
    assert f"port {port}" in first
    assert "--port" in second


def test_a_name_that_another_session_uses_elsewhere_is_one_line_that_says_by_whom() -> None:
    with following("dev") as dev:
        with started("serve", "--as", "dev", "--port", "1") as serving:
            assert serving.stderr is not None
            said = serving.stderr.read().decode()
            status = serving.wait(timeout=20)
        ended(dev)

    first, second = said.splitlines()
    assert status == 1
    assert f"(pid {dev.pid})" in first
    assert "leave --port and --host out" in second


def test_serve_ends_with_0_when_its_input_ends(mesh_paths: MeshPaths) -> None:
    ran = finished("serve", "--as", "dev")

    assert (ran.status, ran.out) == (0, "")
    assert mesh_paths.agent("dev").mailbox.exists()


def test_serve_on_a_terminal_tells_a_person_how_to_register_it() -> None:
    person, terminal = pty.openpty()
    with started("serve", "--as", "dev", stdin=terminal) as serving:
        os.close(terminal)
        assert serving.stderr is not None
        said = b"".join(iter(serving.stderr.readline, b"}\n"))
        os.close(person)
        serving.terminate()
        serving.communicate(timeout=20)

    assert b"claude mcp add mesh -- meshbot serve --as dev\n" in said
    assert b'"alwaysLoad": true' in said
