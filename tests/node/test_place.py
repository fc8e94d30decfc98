"""Where an agent listens, what it registers, and how its entry survives."""

import asyncio
import json
import os
import socket

import pytest

from meshbot_core.errors import ConfigError, HostError, PortInUseError
from meshbot_core.mesh.config import MeshConfig, change_config, read_config
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.mesh.peers import with_peer, without_peer
from meshbot_core.node.events import ConfigChanged, ConfigFailed
from meshbot_core.node.node import Listen
from meshbot_core.node.place import Place, machine_address, own_url, place_of
from tests.node.conftest import StartNode
from tests.node.talk import request, say


def config(own: str | None = None, **members: object) -> MeshConfig:
    peers = {"dev": {"url": own}} if own else {}
    return MeshConfig.model_validate({"mesh": "default", "peers": peers, **members})


TLS = {"cert": "c.pem", "key": "k.pem"}


@pytest.mark.parametrize(
    ("have", "listen", "place"),
    [
        (config(), Listen(), Place("127.0.0.1", 0, may_move=True)),
        (config(), Listen(port=9820), Place("127.0.0.1", 9820, may_move=False)),
        (config("http://localhost:9820"), Listen(), Place("127.0.0.1", 9820, may_move=True)),
        (config("http://127.0.0.1:9820"), Listen(port=5), Place("127.0.0.1", 5, may_move=False)),
        (config("http://dev.example:9820"), Listen(), Place("0.0.0.0", 9820, may_move=False)),  # noqa: S104 -- the rule itself
        (config("http://dev.example"), Listen(), Place("0.0.0.0", 0, may_move=False)),  # noqa: S104 -- the rule itself
        (config(tls=TLS), Listen(), Place("0.0.0.0", 0, may_move=True)),  # noqa: S104 -- the rule itself
        (config(tls=TLS), Listen(host="127.0.0.1"), Place("127.0.0.1", 0, may_move=True)),
        (
            config(),
            Listen(advertise="http://dev.example:81"),
            Place("0.0.0.0", 81, may_move=False),  # noqa: S104 -- the rule itself
        ),
        (
            config(advertise={"dev": "http://dev.example:81"}),
            Listen(),
            Place("0.0.0.0", 81, may_move=False),  # noqa: S104 -- the rule itself
        ),
        (config(), Listen(host="::1"), Place("::1", 0, may_move=True)),
    ],
)
def test_decision_30_where_we_listen(have: MeshConfig, listen: Listen, place: Place):
    assert place_of(have, "dev", listen) == place


def test_protocol_14_what_is_advertised_is_registered():
    def url(listen: Listen, have: MeshConfig, host: str) -> str:
        return own_url(have, "dev", listen, bound_host=host, bound_port=9820, tls=None)

    everywhere = "0.0.0.0"  # noqa: S104 -- the rule itself
    named = Listen(advertise="dev.example:81/")
    assert url(named, config(), everywhere) == "http://dev.example:81"
    assert url(Listen(), config(advertise={"dev": "http://x:1"}), everywhere) == "http://x:1"
    assert url(Listen(), config(), "127.0.0.1") == "http://localhost:9820"
    assert url(Listen(), config(), "10.1.2.3") == "http://10.1.2.3:9820"
    assert url(Listen(), config(), "::1") == "http://[::1]:9820"
    own = machine_address() or socket.gethostname()
    assert url(Listen(), config(), everywhere) == f"http://{own}:9820"


async def test_an_agent_enters_itself_and_keeps_port_and_description(
    start_node: StartNode, mesh_paths: MeshPaths
):
    dev = await start_node("dev")
    url = dev.node.url
    assert read_config(mesh_paths).peers["dev"].url == url == f"http://localhost:{dev.port}"
    change_config(mesh_paths, lambda config: with_peer(config, "dev", url, "builds things"))
    await dev.stop()

    dev = await start_node("dev")

    assert dev.node.url == url
    assert dev.node.config.peers["dev"].description == "builds things"


async def test_decision_30_an_entry_that_a_person_made_for_other_hosts_is_kept(
    start_node: StartNode, mesh_paths: MeshPaths
):
    change_config(mesh_paths, lambda config: with_peer(config, "dev", "http://dev.example:9820"))

    dev = await start_node("dev", listen=Listen(host="127.0.0.1", port=0))

    assert read_config(mesh_paths).peers["dev"].url == "http://dev.example:9820"
    assert (await say(dev.port, request("GET", "/mesh/health"))).status == 200


async def test_a_taken_port_of_our_own_entry_is_left_for_a_free_one(
    start_node: StartNode, mesh_paths: MeshPaths, closed_door: str
):
    change_config(mesh_paths, lambda config: with_peer(config, "dev", closed_door))

    dev = await start_node("dev")

    assert dev.node.url != closed_door
    assert read_config(mesh_paths).peers["dev"].url == dev.node.url


async def test_a_taken_port_that_was_asked_for_is_an_error_that_says_what_to_do(
    start_node: StartNode, mesh_paths: MeshPaths
):
    bob = await start_node("bob")

    with pytest.raises(PortInUseError, match=f"port {bob.port} of 127.0.0.1 is in use") as caught:
        await start_node("dev", listen=Listen(port=bob.port))

    assert "--port" in caught.value.hint
    assert "dev" not in read_config(mesh_paths).peers


async def test_a_taken_port_of_an_entry_that_others_use_is_an_error(
    start_node: StartNode, mesh_paths: MeshPaths
):
    bob = await start_node("bob")
    url = f"http://dev.example:{bob.port}"
    change_config(mesh_paths, lambda config: with_peer(config, "dev", url))

    with pytest.raises(PortInUseError):
        await start_node("dev", listen=Listen(host="127.0.0.1"))


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
async def test_an_address_that_is_not_ours_is_an_error(start_node: StartNode, host: str):
    with pytest.raises(HostError, match="cannot listen"):
        await start_node("dev", listen=Listen(host=host))


async def test_decision_21_our_own_entry_is_put_back_when_somebody_drops_it(
    start_node: StartNode, mesh_paths: MeshPaths
):
    dev = await start_node("dev")

    change_config(mesh_paths, lambda config: without_peer(config, "dev"))
    await dev.event(ConfigChanged)
    await dev.event(ConfigChanged, lambda _: "dev" in dev.node.config.peers)

    assert read_config(mesh_paths).peers["dev"].url == dev.node.url


async def test_decision_21_an_old_list_with_our_old_url_is_corrected(
    start_node: StartNode, mesh_paths: MeshPaths
):
    dev = await start_node("dev")
    # The way the reference writes: no lock, in place.
    text = mesh_paths.config.read_text()
    mesh_paths.config.write_text(text.replace(str(dev.port), "9"))

    await dev.event(ConfigChanged, lambda _: dev.node.config.peers["dev"].url.endswith(":9"))
    async with asyncio.timeout(5):
        while dev.node.config.peers["dev"].url != dev.node.url:
            dev.told.clear()
            await dev.told.wait()

    assert read_config(mesh_paths).peers["dev"].url == dev.node.url


async def test_decision_21_a_damaged_configuration_changes_nothing_until_it_is_well_again(
    start_node: StartNode, mesh_paths: MeshPaths
):
    dev = await start_node("dev")
    good = mesh_paths.config.read_bytes()
    old_s = 1_000_000_000

    mesh_paths.config.write_text('{"mesh": ')
    os.utime(mesh_paths.config, (old_s, old_s))  # long ago: nobody is still writing it
    await dev.event(ConfigFailed)

    assert "config.json" in (dev.node.config_error or "")
    assert dev.node.config.peers["dev"].url == dev.node.url
    assert (await say(dev.port, request("GET", "/mesh/health"))).status == 200

    mesh_paths.config.write_bytes(good)
    await dev.event(ConfigChanged)
    assert dev.node.config_error is None


async def test_an_agent_does_not_start_on_a_damaged_configuration(
    start_node: StartNode, mesh_paths: MeshPaths
):
    broken = json.loads(mesh_paths.config.read_text()) | {"peers": {"bob": {"url": "ftp://x"}}}
    mesh_paths.config.write_text(json.dumps(broken))

    with pytest.raises(ConfigError, match=r"peers\.bob\.url"):
        await start_node("dev")
