"""The key that detaches, however a terminal sends it."""

import pytest

from meshbot_core.cli.detach_key import DEFAULT_KEY, DetachKey, Typed
from meshbot_core.errors import InvalidArgumentError


@pytest.mark.parametrize(
    "sent",
    [
        b"\x1d",
        b"\x1b[93;5u",
        b"\x1b[93;5:1u",
        b"\x1b[93;69u",
        b"\x1b[93;133u",
        b"\x1b[93:125:93;5u",
        b"\x1b[27;5;93~",
    ],
)
def test_the_key_is_known_in_every_protocol_and_ends_what_is_typed(sent: bytes) -> None:
    assert DetachKey.named(DEFAULT_KEY).split(b"ab" + sent + b"cd") == Typed(b"ab", True)


@pytest.mark.parametrize(
    "sent",
    [b"]", b"\x1b[93u", b"\x1b[93;6u", b"\x1b[93;5:3u", b"\x1b[94;5u", b"\x1b]0;\x07", b"\x1b[A"],
)
def test_other_keys_and_the_release_of_this_one_are_typed(sent: bytes) -> None:
    assert DetachKey.named(DEFAULT_KEY).split(sent) == Typed(sent)


def test_what_is_pasted_is_no_key_even_when_it_comes_in_parts() -> None:
    key = DetachKey.named("ctrl+]")

    parts = [key.split(part) for part in (b"a\x1b[200~b\x1d", b"\x1dc", b"d\x1b[201~e", b"f\x1dg")]

    assert [part.is_detached for part in parts] == [False, False, False, True]
    assert parts[-1].data == b"f"


@pytest.mark.parametrize(
    ("name", "sent"),
    [("ctrl+]", b"\x1d"), ("ctrl-q", b"\x11"), ("^\\", b"\x1c"), ("CTRL+A", b"\x01")],
)
def test_another_key_can_be_chosen(name: str, sent: bytes) -> None:
    assert DetachKey.named(name).split(sent).is_detached


@pytest.mark.parametrize("name", ["", "q", "ctrl+", "alt+q", "ctrl+enter", "ctrl+1"])
def test_what_is_no_key_with_ctrl_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError):
        DetachKey.named(name)
