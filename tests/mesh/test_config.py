"""The configuration: what it means, what is kept, what is refused and how that is said."""

import json
import os

import pytest

from meshbot_core.errors import ConfigError
from meshbot_core.mesh.config import MeshConfig, change_config, read_config
from meshbot_core.mesh.peers import with_peer, without_peer

FOREIGN = {
    "future": {"b": 1, "a": [None, True, 1.5, "漢字"]},
    "mesh": "default",
    "peers": {
        "zeta": {"x-colour": "red", "url": "http://localhost:1", "description": "last"},
        "alpha": {"url": "HTTPS://host", "tags": ["a"]},
    },
    "security": {"extra": 0, "maxMessageSizeBytes": 2048, "replayWindowSeconds": 30},
    "tls": {"key": "k.pem", "cert": "c.pem", "rejectUnauthorized": False, "ciphers": "x"},
    "trailing": "",
}
"""A configuration with members of somebody else's at every level, in an order of their own."""


def put(paths, data):
    """Put a file there that was not changed just now, so that nobody waits for its rest."""
    paths.config.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    os.utime(paths.config, (1_700_000_000, 1_700_000_000))


def shape(value):
    """The value with the order of members made visible."""
    if isinstance(value, dict):
        return [(name, shape(inner)) for name, inner in value.items()]
    return value


def test_what_the_reference_wrote_is_read(mesh_paths):
    put(mesh_paths, FOREIGN)

    config = read_config(mesh_paths)

    assert tuple(config.peers) == ("zeta", "alpha")
    assert config.peers["zeta"].description == "last"
    assert config.peers["alpha"].description == ""
    assert config.security.replay_window_seconds == 30
    assert config.security.max_message_size_bytes == 2048
    assert config.tls is not None
    assert not config.tls.reject_unauthorized


def test_what_is_not_said_has_a_default():
    config = MeshConfig(mesh="default")

    assert config.security.replay_window_seconds == 60
    assert config.security.max_message_size_bytes == 1_048_576
    timeouts = config.timeouts
    waits = (timeouts.connect_seconds, timeouts.send_seconds, timeouts.health_seconds)
    assert waits == (2, 10, 5)
    assert (config.tls, config.proxy, config.operator) == (None, None, None)
    assert dict(config.advertise) == {}


def test_a_change_keeps_unknown_members_and_the_order_at_every_level(mesh_paths):
    put(mesh_paths, FOREIGN)

    change_config(mesh_paths, lambda config: with_peer(config, "zeta", "http://other:2"))
    change_config(mesh_paths, lambda config: with_peer(config, "new", "h:3", "d"))

    expected = json.loads(json.dumps(FOREIGN))
    expected["peers"]["zeta"]["url"] = "http://other:2"
    expected["peers"]["new"] = {"url": "http://h:3", "description": "d"}
    assert shape(json.loads(mesh_paths.config.read_bytes())) == shape(expected)


def test_the_file_is_laid_out_as_the_reference_lays_it_out(mesh_paths):
    change_config(mesh_paths, lambda config: with_peer(config, "dev", "h:1", "naïve 漢字"))

    text = mesh_paths.config.read_text("utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    assert '    "dev": {\n      "url": "http://h:1",\n      "description": "naïve 漢字"' in text


def test_a_change_that_changes_nothing_does_not_touch_the_file(mesh_paths):
    put(mesh_paths, b'\t{"mesh" :"default","peers":{"dev":{"url":"http://h:1"}}}')
    before = mesh_paths.config.stat().st_ino, mesh_paths.config.read_bytes()

    change_config(mesh_paths, lambda config: with_peer(config, "dev", "http://h:1"))

    assert (mesh_paths.config.stat().st_ino, mesh_paths.config.read_bytes()) == before


def test_half_a_surrogate_pair_in_a_member_of_others_survives_a_change(mesh_paths):
    put(mesh_paths, b'{"mesh":"default","x":"\\ud800","peers":{}}')

    change_config(mesh_paths, lambda config: with_peer(config, "dev", "h:1"))

    assert b'"x": "\\ud800"' in mesh_paths.config.read_bytes()


def test_protocol_12_what_is_local_survives_changes_of_the_peers(mesh_paths):
    put(mesh_paths, FOREIGN)

    change_config(mesh_paths, lambda config: without_peer(config, "alpha"))

    written = json.loads(mesh_paths.config.read_bytes())
    assert written["tls"] == FOREIGN["tls"]
    assert written["peers"] == {"zeta": FOREIGN["peers"]["zeta"]}


def test_protocol_12_tls_paths_are_found_from_the_mesh_folder_and_home(mesh_paths, home):
    put(
        mesh_paths,
        {
            "mesh": "default",
            "tls": {"cert": "tls/c.pem", "key": "~/keys/k.pem", "ca": "/etc/ca.pem"},
        },
    )
    tls = read_config(mesh_paths).tls
    assert tls is not None

    resolved = tls.resolved(mesh_paths)

    assert resolved.cert == str(mesh_paths.folder / "tls/c.pem")
    assert resolved.key == str(home / "keys/k.pem")
    assert resolved.ca == "/etc/ca.pem"
    assert resolved.model_copy(update={"ca": None}).resolved(mesh_paths).ca is None


def test_protocol_14_urls_to_advertise_are_read_and_checked(mesh_paths):
    put(mesh_paths, {"mesh": "default", "advertise": {"dev": "https://dev.example.org:9"}})
    assert read_config(mesh_paths).advertise["dev"] == "https://dev.example.org:9"

    put(mesh_paths, {"mesh": "default", "advertise": {"dev": "nonsense://x"}})
    with pytest.raises(ConfigError, match=r"advertise\.dev: .*no peer URL"):
        read_config(mesh_paths)


DAMAGED = {
    "empty": (b"", r":1:1: expected an object, found an empty file"),
    "blank": (b" \n ", r"expected an object, found an empty file"),
    "half a file": (b'{\n  "mesh": "default",\n  "pe', r":3:3: unterminated string"),
    "comma too many": (b'{\n  "mesh": "default",\n}', r":\d:\d+: .*(double quotes|trailing comma)"),
    "comma missing": (b'{"mesh": "default"\n "peers": {}}', r":2:2: expecting ',' delimiter"),
    "single quotes": (b"{'mesh': 1}", r":1:2: expecting property name"),
    "a comment": (b'{"mesh": "default" // mine\n}', r":1:20: expecting ',' delimiter"),
    "something behind": (b'{"mesh": "default"}\nx', r":2:1: extra data"),
    "a list": (b"[]", r":1:1: expected an object"),
    "null": (b"null", r":1:1: expected an object"),
    "latin 1": ('{\n"mesh": "é"}'.encode("latin-1"), r":2:10: expected UTF-8 text"),
    "utf-16": ("{}".encode("utf-16"), r":1:1: expected UTF-8 text"),
    "binary": (b"\x00\x01\x02", r":1:1: expecting value"),
    "NaN": (b'{"mesh": "default", "x": NaN}', r"expected a number, found NaN"),
    "twice": (b'{"mesh":"a","peers":{"d":{},"d":{}}}', r"member 'd' stands twice"),
    "deep": (b'{"mesh":' + b"[" * 100_000, r"fewer levels"),
    "huge number": (b'{"mesh":' + b"9" * 5000 + b"}", r"digits"),
    "no mesh": (b"{}", r" mesh: expected this member, it is missing"),
    "mesh of another type": (b'{"mesh": 5}', r" mesh: expected a valid string"),
    "mesh with a path": (b'{"mesh": "../x"}', r" mesh: expected a name of"),
    "peers as a list": (b'{"mesh": "m", "peers": []}', r" peers: expected an object"),
    "peer as text": (b'{"mesh": "m", "peers": {"d": "h:1"}}', r" peers\.d: expected an object"),
    "peer without url": (b'{"mesh": "m", "peers": {"d": {}}}', r" peers\.d\.url: expected this"),
    "url of no use": (
        b'{"mesh": "m", "peers": {"d": {"url": "ftp://x"}}}',
        r" peers\.d\.url: .*no peer URL.*expected http://HOST:PORT",
    ),
    "bad peer name": (
        b'{"mesh": "m", "peers": {"a/b": {"url": "h:1"}}}',
        r" peers\.a/b: expected a name of",
    ),
    "description of another type": (
        b'{"mesh": "m", "peers": {"d": {"url": "h:1", "description": 5}}}',
        r" peers\.d\.description: expected a valid string",
    ),
    "window as text": (
        b'{"mesh": "m", "security": {"replayWindowSeconds": "60"}}',
        r" security\.replayWindowSeconds: expected a valid integer",
    ),
    "window of zero": (
        b'{"mesh": "m", "security": {"replayWindowSeconds": 0}}',
        r" security\.replayWindowSeconds: expected greater than or equal to 1",
    ),
    "tls without key": (b'{"mesh": "m", "tls": {"cert": "c"}}', r" tls\.key: expected this member"),
    "time-out below zero": (
        b'{"mesh": "m", "timeouts": {"sendSeconds": -1}}',
        r" timeouts\.sendSeconds: expected greater than 0",
    ),
}


@pytest.mark.parametrize(
    ("data", "told"), DAMAGED.values(), ids=[name.replace(" ", "_") for name in DAMAGED]
)
def test_damage_is_told_in_one_line_with_file_place_and_what_was_expected(mesh_paths, data, told):
    put(mesh_paths, data)

    with pytest.raises(ConfigError, match=told) as damaged:
        read_config(mesh_paths)

    assert str(damaged.value).startswith(f"{mesh_paths.config}:")
    assert "\n" not in str(damaged.value)
    with pytest.raises(ConfigError, match=told):
        change_config(mesh_paths, lambda config: config)
    assert mesh_paths.config.read_bytes() == data


def test_a_byte_order_mark_of_an_editor_is_forgiven(mesh_paths):
    put(mesh_paths, b'\xef\xbb\xbf{"mesh": "default"}')

    assert read_config(mesh_paths).mesh == "default"


def test_a_file_that_is_too_big_is_not_read_whole(mesh_paths):
    put(mesh_paths, b" " * (16 * 1024 * 1024 + 1))

    with pytest.raises(ConfigError, match="at most 16777216 bytes"):
        read_config(mesh_paths)


def test_a_missing_or_unreadable_file_is_told(mesh_paths):
    mesh_paths.config.unlink()
    with pytest.raises(ConfigError, match="cannot be read \\(No such file or directory\\)"):
        read_config(mesh_paths)

    mesh_paths.config.mkdir()
    with pytest.raises(ConfigError, match="cannot be read \\(Is a directory\\)"):
        read_config(mesh_paths)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_we_may_not_read_is_told(mesh_paths):
    mesh_paths.config.chmod(0)

    with pytest.raises(ConfigError, match="cannot be read \\(Permission denied\\)"):
        read_config(mesh_paths)


def test_a_file_of_another_user_is_told(mesh_paths, monkeypatch):
    put(mesh_paths, FOREIGN)
    owner = os.geteuid()
    if owner == 0:  # what root owns is trusted
        os.chown(mesh_paths.config, 12_345, -1)
        owner = 12_345
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)

    with pytest.raises(ConfigError, match=f"belongs to user {owner}, expected 54321"):
        read_config(mesh_paths)
