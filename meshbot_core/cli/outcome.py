"""What became of a message that a host took, in words."""

from meshbot_core.cli.show import line
from meshbot_core.clients.text import clock_time, plain
from meshbot_core.errors import PeerRefusedError
from meshbot_core.host.api import SendResult

_BAD_REQUEST = 400


def tell_outcome(result: SendResult) -> None:
    """Print that a message was delivered or is kept.

    Raises:
        PeerRefusedError: The peer will not take it; it is not tried again.
    """
    if result.state == "delivered":
        line(f'Message sent to "{plain(result.to)}" ({plain(result.id)})')
    elif result.state == "queued":
        line(
            f'Message to "{plain(result.to)}" is queued ({plain(result.id)}): '
            f"{plain(result.reason)}; tried until {clock_time(result.retry_until_ms)}"
        )
    else:
        raise PeerRefusedError(
            f"{result.to} did not take the message: {result.reason}",
            status=_BAD_REQUEST,
            is_final=True,
        )
