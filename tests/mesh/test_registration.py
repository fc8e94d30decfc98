"""Many writers of one config.json at once: nobody is lost, nobody reads half a file."""

import subprocess
import sys
import threading
import time

import pytest

from meshbot_core.errors import ConfigError, StorageError
from meshbot_core.mesh import config as config_module
from meshbot_core.mesh.config import change_config, config_lock, load_config, read_config
from meshbot_core.mesh.peers import registered, with_peer

PROCESSES = 4
THREADS = 25
REGISTER = """
import sys, threading
from meshbot_core.mesh.config import change_config
from meshbot_core.mesh.paths import open_mesh
from meshbot_core.mesh.peers import registered

paths = open_mesh("default")

def register(name, port):
    change_config(paths, lambda config: registered(config, name, f"http://127.0.0.1:{port}"))

threads = [
    threading.Thread(target=register, args=(f"agent-{n}", 10_000 + n))
    for n in range(int(sys.argv[1]), int(sys.argv[2]))
]
print("ready", flush=True)
sys.stdin.readline()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.slow
def test_protocol_11_a_hundred_registrations_at_once_are_all_listed_and_never_half_read(mesh_paths):
    change_config(mesh_paths, lambda config: with_peer(config, "agent-7", "localhost:1", "seven"))
    processes = [
        subprocess.Popen(  # noqa: S603 -- our own interpreter and text
            [sys.executable, "-c", REGISTER, str(n * THREADS), str((n + 1) * THREADS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()

    counts = []
    while any(process.poll() is None for process in processes):
        counts.append(len(load_config(mesh_paths).peers))  # raises on half a file

    assert [process.wait() for process in processes] == [0] * PROCESSES
    for process in processes:
        process.communicate()
    peers = load_config(mesh_paths).peers
    assert set(peers) == {f"agent-{n}" for n in range(PROCESSES * THREADS)}
    assert peers["agent-7"].description == "seven"
    assert peers["agent-7"].url == "http://127.0.0.1:10007"
    assert counts == sorted(counts)


def test_protocol_11_registering_again_keeps_the_description(mesh_paths):
    change_config(mesh_paths, lambda config: with_peer(config, "dev", "localhost:1", "mine"))

    change_config(mesh_paths, lambda config: registered(config, "dev", "http://127.0.0.1:2"))

    entry = read_config(mesh_paths).peers["dev"]
    assert (entry.url, entry.description) == ("http://127.0.0.1:2", "mine")


def write_in_place(paths, halves, first_half_stands):
    """Write as the reference does: the file is cut to nothing, then filled piece by piece."""
    with paths.config.open("wb", buffering=0) as file:
        file.write(halves[0])
        first_half_stands.set()
        time.sleep(0.1)  # the writer's own pace: this pause is the thing tested
        file.write(halves[1])


@pytest.mark.parametrize("read", [read_config, lambda paths: change_config(paths, lambda c: c)])
def test_decision_21_a_file_that_is_written_in_place_is_read_once_it_is_whole(mesh_paths, read):
    change_config(mesh_paths, lambda config: with_peer(config, "dev", "h:1"))
    data = mesh_paths.config.read_bytes()
    first_half_stands = threading.Event()
    writer = threading.Thread(
        target=write_in_place, args=(mesh_paths, (data[:40], data[40:]), first_half_stands)
    )
    writer.start()
    assert first_half_stands.wait(5)
    with pytest.raises(ConfigError):
        load_config(mesh_paths)

    assert tuple(read(mesh_paths).peers) == ("dev",)

    writer.join()


def test_a_lock_that_somebody_holds_for_too_long_is_a_clear_error(mesh_paths, monkeypatch):
    monkeypatch.setattr(config_module, "_LOCK_TIMEOUT_S", 0.05)

    with (
        config_lock(mesh_paths),
        pytest.raises(StorageError, match="is held by another program"),
    ):
        change_config(mesh_paths, lambda config: config)

    assert change_config(mesh_paths, lambda config: config).mesh == "default"


def test_a_change_that_raises_leaves_file_and_lock_as_they_were(mesh_paths):
    before = mesh_paths.config.read_bytes()

    def broken(config):
        raise StorageError("on purpose")

    with pytest.raises(StorageError, match="on purpose"):
        change_config(mesh_paths, broken)

    assert mesh_paths.config.read_bytes() == before
    change_config(mesh_paths, lambda config: with_peer(config, "dev", "h:1"))


def test_a_change_that_makes_a_bad_configuration_is_not_written(mesh_paths):
    before = mesh_paths.config.read_bytes()

    with pytest.raises(ConfigError, match="mesh: expected a name"):
        change_config(mesh_paths, lambda config: config.model_copy(update={"mesh": "../x"}))

    assert mesh_paths.config.read_bytes() == before
