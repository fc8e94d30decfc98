"""Programs that tests run beside themselves: ``python -m tests.mailbox.child WHAT PATH``."""

import asyncio
import resource
import sys
from pathlib import Path

from meshbot_core.errors import MailboxUnavailableError
from meshbot_core.mailbox.mailbox import Mailbox
from tests.mailbox.support import UNTIL_MS, Place, reader, wire
from tests.support.clock import FakeClock


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 -- the parent reads it


async def receive_until_killed(mailbox: Mailbox) -> None:
    """Say each message after its commit; read and acknowledge some of them meanwhile."""

    async def receiver() -> None:
        while True:
            message = wire("x" * 300)
            await mailbox.receive(message, nonce_until_ms=UNTIL_MS)
            say("stored", message.id, message.nonce)

    async def reading() -> None:
        while True:
            batch = await mailbox.lease(reader(max_messages=5))
            say("leased", *(message.id for message in batch.messages))
            await mailbox.acknowledge([batch.lease_id])
            say("done", *(message.id for message in batch.messages))

    async with asyncio.TaskGroup() as group:
        for _ in range(32):
            group.create_task(receiver())
        group.create_task(reading())


async def fill_the_disk(mailbox: Mailbox) -> None:
    """Write until the limit on file sizes ends it, then lift the limit and go on."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    for _ in range(1000):
        message = wire("x" * 5000)
        try:
            await mailbox.receive(message, nonce_until_ms=UNTIL_MS)
        except MailboxUnavailableError as error:
            say("refused", error.http_status, message.id)
            break
        say("stored", message.id)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await mailbox.receive(message, nonce_until_ms=UNTIL_MS)
    say("stored", message.id)


async def main(what: str, path: Path) -> None:
    program = {"receive": receive_until_killed, "fill": fill_the_disk}[what]
    async with Place(path, FakeClock()).opened() as mailbox:
        await program(mailbox)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
