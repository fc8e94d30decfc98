"""``add-peer`` and ``remove-peer``."""

import pytest

from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.paths import MeshPaths
from tests.cli.running import Runner, finished, started


def test_adding_and_removing_a_peer_is_said_as_the_reference_says_it(
    run: Runner, mesh_paths: MeshPaths
) -> None:
    added = run("add-peer", "dev", "http://localhost:9", "-d", "for tests")
    assert (added.status, added.out) == (
        0,
        'Added peer "dev" (http://localhost:9) to mesh "default".\n',
    )
    assert read_config(mesh_paths).peers["dev"].description == "for tests"

    removed = run("remove-peer", "dev")
    assert (removed.status, removed.out, removed.err) == (
        0,
        'Removed peer "dev" from mesh "default".\n',
        "",
    )
    assert not read_config(mesh_paths).peers


def test_adding_again_changes_the_url_and_keeps_the_description(
    run: Runner, mesh_paths: MeshPaths
) -> None:
    run("add-peer", "dev", "http://localhost:9", "-d", "for tests")

    assert "(http://localhost:10)" in run("add-peer", "dev", "localhost:10/").out
    assert read_config(mesh_paths).peers["dev"].description == "for tests"


@pytest.mark.slow
@pytest.mark.usefixtures("mesh_paths", "hosts")
def test_decision_21_a_running_agent_that_is_removed_is_said_to_come_back() -> None:
    with started("inbox", "--as", "dev", "--follow") as inbox:
        assert inbox.stderr is not None
        inbox.stderr.readline()

        ran = finished("remove-peer", "dev")

        inbox.terminate()
        inbox.communicate(timeout=20)
    assert (ran.status, ran.out) == (0, 'Removed peer "dev" from mesh "default".\n')
    assert '"dev" runs on this machine and will enter itself again' in ran.err
    assert f"kill {inbox.pid} " in ran.err
