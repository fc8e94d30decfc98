"""What the rounds read in a model's requests is what pushes look like."""

from meshbot_core.claude.framing import framed
from meshbot_core.demo.script import ModelRequest, RequestMessage
from meshbot_core.mailbox.records import InboxMessage
from tests.sessions.kill_rounds import Shown


def push(*messages: tuple[str, int]) -> str:
    return framed(
        [
            InboxMessage(
                seq=1,
                id=identity,
                sender="ops",
                kind="message",
                payload=f"this is {identity}",
                reply_to=None,
                sent_at_ms=0,
                received_at_ms=0,
                state="leased",
                shown_count=shown_count,
            )
            for identity, shown_count in messages
        ],
        now_ms=0,
    )


def request(*texts: str) -> ModelRequest:
    return ModelRequest(messages=tuple(RequestMessage(role="user", content=t) for t in texts))


def test_the_rounds_see_each_message_of_a_push_and_its_mark():
    shown = Shown()

    shown.read([request(push(("m-1", 0)), push(("m-2", 0), ("m-3", 1)))])

    assert set(shown.plain) == {"m-1", "m-2"}
    assert set(shown.marked) == {"m-3"}
    assert shown.unmarked == set()


def test_the_rounds_see_what_comes_twice_without_a_mark():
    shown = Shown()

    shown.read([request(push(("m-1", 0)), push(("m-1", 0), ("m-2", 0)))])

    assert shown.unmarked == {"m-1"}
