"""HTTPS both ways, as the ``tls`` section says."""

import asyncio
import socket
from collections.abc import Callable

import pytest
import trustme

from meshbot_core.errors import ConfigError
from meshbot_core.mesh.config import Tls, change_config
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.node.events import ConfigFailed, MessageArrived, OutboxChanged
from meshbot_core.node.node import Listen
from meshbot_core.node.oneshot import probe_peers
from tests.node.conftest import StartNode
from tests.node.talk import Line, request

UseTls = Callable[..., None]
LOCAL = Listen(host="127.0.0.1")


@pytest.fixture
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def use_tls(mesh_paths: MeshPaths, ca: trustme.CA) -> UseTls:
    """Write certificates into the mesh folder and point the configuration to them."""

    def use(*names: str, cert: str = "cert.pem", key: str = "key.pem", **members: object) -> None:
        issued = ca.issue_cert(*(names or ("localhost",)))
        issued.private_key_pem.write_to_path(mesh_paths.folder / "key.pem")
        issued.cert_chain_pems[0].write_to_path(mesh_paths.folder / "cert.pem")
        ca.cert_pem.write_to_path(mesh_paths.folder / "ca.pem")
        tls = Tls.model_validate({"cert": cert, "key": key, **members})
        change_config(mesh_paths, lambda config: config.model_copy(update={"tls": tls}))

    return use


async def test_protocol_12_a_tls_section_makes_the_mesh_https_both_ways(
    start_node: StartNode, use_tls: UseTls
):
    use_tls(ca="ca.pem")
    bob, alpha = await start_node("bob", listen=LOCAL), await start_node("alpha", listen=LOCAL)
    assert bob.node.url == f"https://localhost:{bob.port}"

    await alpha.put("bob", "secret")

    assert (await bob.event(MessageArrived)).message.payload == "secret"
    await alpha.event(OutboxChanged, lambda event: event.message.state == "delivered")
    assert (await alpha.node.probe("bob")).is_online


async def test_protocol_12_the_client_trusts_whom_tls_ca_names_and_nobody_else(
    start_node: StartNode, use_tls: UseTls, mesh_paths: MeshPaths
):
    use_tls()  # no ca: the system's authorities do not know ours
    await start_node("bob", listen=LOCAL)
    alpha = await start_node("alpha", listen=LOCAL)
    await alpha.put("bob")

    kept = await alpha.event(OutboxChanged)

    assert kept.message.state == "queued"
    assert "certificate" in (kept.message.last_error or "")


async def test_protocol_12_reject_unauthorized_false_takes_any_certificate(
    start_node: StartNode, use_tls: UseTls
):
    use_tls("elsewhere.example", rejectUnauthorized=False)
    bob, alpha = await start_node("bob", listen=LOCAL), await start_node("alpha", listen=LOCAL)

    await alpha.put("bob")

    await bob.event(MessageArrived)


async def test_paths_of_certificates_may_begin_with_the_home_folder(
    start_node: StartNode, use_tls: UseTls, mesh_paths: MeshPaths
):
    folder = "~/" + str(mesh_paths.folder.relative_to(mesh_paths.home))
    use_tls(cert=f"{folder}/cert.pem", key=f"{folder}/key.pem", ca=f"{folder}/ca.pem")

    bob = await start_node("bob", listen=LOCAL)

    assert (await bob.node.probe("bob")).is_online


async def test_the_name_that_the_certificate_is_good_for_is_registered(
    start_node: StartNode, use_tls: UseTls
):
    use_tls(socket.gethostname(), ca="ca.pem")

    bob = await start_node("bob")

    assert bob.node.url == f"https://{socket.gethostname()}:{bob.port}"
    assert bob.node.host == "0.0.0.0"  # noqa: S104 -- with TLS we listen everywhere


async def test_the_one_shot_client_follows_the_same_rules(
    start_node: StartNode, use_tls: UseTls, mesh_paths: MeshPaths
):
    use_tls(ca="ca.pem")
    bob = await start_node("bob", listen=LOCAL)

    found = await asyncio.to_thread(lambda: list(probe_peers(bob.node.config, mesh_paths)))

    assert [(health.name, health.is_online) for health in found] == [("bob", True)]


async def test_plain_http_on_a_tls_port_is_turned_away(start_node: StartNode, use_tls: UseTls):
    use_tls(ca="ca.pem")
    bob = await start_node("bob", listen=LOCAL)

    async with Line(bob.port) as line:
        await line.write(request("GET", "/mesh/health"))
        assert await line.ended()

    assert (await bob.node.probe("bob")).is_online


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"cert": "no.pem"}, r"tls\.cert .*no\.pem: No such file"),
        ({"key": "no.pem"}, r"tls\.key .*no\.pem: No such file"),
        ({"cert": "config.json"}, r"expected a PEM certificate"),
        ({"cert": "ca.pem"}, r"expected a PEM certificate"),
        ({"ca": "no.pem"}, r"tls\.ca .*no\.pem: No such file"),
        ({"ca": "mesh.key"}, r"tls\.ca .*mesh\.key: expected certificates in PEM"),
    ],
)
async def test_a_bad_certificate_file_is_named(
    start_node: StartNode, use_tls: UseTls, members: dict[str, str], text: str
):
    use_tls(**members)

    with pytest.raises(ConfigError, match=text):
        await start_node("bob")


async def test_a_ca_that_vanishes_while_we_run_leaves_the_last_good_one(
    start_node: StartNode, use_tls: UseTls
):
    use_tls(ca="ca.pem")
    bob = await start_node("bob", listen=LOCAL)

    use_tls(ca="gone.pem")
    await bob.event(ConfigFailed)

    assert (await bob.node.probe("bob")).is_online
    assert "gone.pem" in (bob.node.config_error or "")
