"""What the tests of the mailbox share: messages, drafts and an opened box."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import Draft, LeaseRequest, MailboxLimits
from meshbot_core.types import new_id
from meshbot_core.wire.message import WireMessage
from tests.support.clock import FakeClock

NOW_MS = FakeClock().now_ms()
UNTIL_MS = NOW_MS + 60_000


def wire(payload: str = "hello", **members: object) -> WireMessage:
    """A message from ``dev``; every one has an id and a nonce of its own."""
    usual: dict[str, object] = {
        "id": new_id(),
        "sender": "dev",
        "to": "ops",
        "kind": "message",
        "payload": payload,
        "timestamp": NOW_MS,
        "nonce": new_id(),
        "hmac": "0" * 64,
    }
    return WireMessage.model_validate(usual | members, by_name=True)


def answer_to(ask_id: str, payload: str = "yes", **members: object) -> WireMessage:
    return wire(payload, kind="response", reply_to=ask_id, **members)


def draft(payload: str = "hello", **members: object) -> Draft:
    usual: dict[str, object] = {
        "id": new_id(),
        "to": "dev",
        "kind": "message",
        "payload": payload,
        "reply_to": None,
        "expires_at_ms": NOW_MS + 86_400_000,
    }
    return Draft(**(usual | members))


def reader(session: str = "s1", **members: object) -> LeaseRequest:
    return LeaseRequest(**({"session": session, "channel": "check"} | members))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test's mailbox lies, and how it is opened again."""

    path: Path
    clock: FakeClock

    def opened(
        self, *, limits: MailboxLimits | None = None, machine_id: str = "this-machine"
    ) -> AbstractAsyncContextManager[Mailbox]:
        return Mailbox.opened(
            self.path,
            agent="ops",
            machine_id=machine_id,
            clock=self.clock,
            limits=limits or MailboxLimits(),
        )


async def receive(mailbox: Mailbox, *messages: WireMessage) -> None:
    for message in messages:
        await mailbox.receive(message, nonce_until_ms=UNTIL_MS)
