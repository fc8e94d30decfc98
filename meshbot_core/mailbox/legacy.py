"""Taking over ``queue.json``, the inbox that the reference implementation leaves behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from meshbot_core.errors import MailboxUnavailableError
from meshbot_core.mailbox.ledger import Ledger
from meshbot_core.mailbox.receiving import Arrival, keep
from meshbot_core.mailbox.texts import size_of
from meshbot_core.types import NAME_PATTERN, MessageKind

_Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Entry(BaseModel):
    """One message of the reference's queue; what it has beside these is left."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: _Text
    sender: Annotated[str, Field(alias="from", pattern=f"^{NAME_PATTERN.pattern}$")]
    message: str
    timestamp: Annotated[int, Field(ge=0, lt=2**53)]
    kind: MessageKind = Field(default="message", alias="type")
    reply_to: _Text | None = Field(default=None, alias="replyTo")


_QUEUE: Final = TypeAdapter(list[object])
_ENTRY: Final = TypeAdapter(_Entry)


@dataclass(frozen=True, slots=True)
class LegacyQueue:
    """What a ``queue.json`` holds; ``arrivals`` is None when there is nothing to take over."""

    arrivals: tuple[Arrival, ...] | None
    problem: str = ""


def read_queue(path: Path) -> LegacyQueue:
    """Read a ``queue.json``; what it holds beside messages is a problem, not an error.

    Raises:
        MailboxUnavailableError: The file cannot be read.
    """
    try:
        items = _QUEUE.validate_json(path.read_bytes())
    except FileNotFoundError:
        return LegacyQueue(None)
    except OSError as error:
        raise MailboxUnavailableError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError:
        return LegacyQueue(None, f"{path} is not a list of messages; it was left as it is")
    found = [_arrival_in(item) for item in items]
    arrivals = tuple(arrival for arrival in found if arrival is not None)
    broken = len(found) - len(arrivals)
    problem = f"{broken} entries of {path} were no messages" if broken else ""
    return LegacyQueue(arrivals, problem)


def _arrival_in(item: object) -> Arrival | None:
    try:
        return _arrival(_ENTRY.validate_python(item))
    except ValidationError:
        return None


def _arrival(entry: _Entry) -> Arrival:
    return Arrival(
        id=entry.id,
        sender=entry.sender,
        kind=entry.kind,
        payload=entry.message,
        reply_to=entry.reply_to,
        sent_at_ms=entry.timestamp,
        nonce="",
        nonce_until_ms=0,
        size=size_of(entry.message),
    )


def take_over(ledger: Ledger, arrivals: Sequence[Arrival]) -> int:
    """Store messages that are not here yet, whatever the limits; how many."""
    return sum(keep(ledger, arrival) for arrival in arrivals)


def put_away(path: Path) -> Path:
    """Rename a queue that was taken over, over no earlier one; return the new name.

    Raises:
        MailboxUnavailableError: It cannot be renamed.
    """
    target = path.with_name(f"{path.name}.imported")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.imported-{number}")
    try:
        path.rename(target)
    except OSError as error:
        raise MailboxUnavailableError(f"{path} cannot be renamed: {error.strerror}") from error
    return target
