"""``python -m meshbot_core.host``: one agent's host as a process.

With ``--detach`` it forks once more before anything heavy is imported, so that it belongs to
nobody's process tree. ``--report-fd`` gets one JSON line: that it is up, or why not.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from meshbot_core import garbage


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="meshbot-host", description=__doc__)
    parser.add_argument("--mesh", required=True)
    parser.add_argument("--as", dest="agent", required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--host")
    parser.add_argument("--advertise")
    parser.add_argument("--linger", type=float, default=10.0)
    parser.add_argument("--report-fd", type=int)
    parser.add_argument("--detach", action="store_true")
    return parser.parse_args()


def main() -> int:
    """Run the host until nobody needs it; the exit status."""
    arguments = _arguments()
    if arguments.detach and os.fork():
        os._exit(0)
    os.umask(0o077)
    if arguments.report_fd is not None:
        os.set_inheritable(arguments.report_fd, False)

    garbage.hold()
    from meshbot_core.host import process  # noqa: PLC0415 - heavy, so after the fork

    def report(facts: dict[str, object]) -> None:
        if arguments.report_fd is None:
            return
        try:
            os.write(arguments.report_fd, json.dumps(facts).encode() + b"\n")
            os.close(arguments.report_fd)
        except OSError:
            pass  # whoever started us is gone; the host goes on without
        arguments.report_fd = None

    return process.run(
        home=arguments.home,
        mesh=arguments.mesh,
        agent=arguments.agent,
        port=arguments.port,
        host=arguments.host,
        advertise=arguments.advertise,
        linger_s=arguments.linger,
        report=report,
    )


if __name__ == "__main__":
    sys.exit(main())
