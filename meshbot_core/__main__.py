"""``python -m meshbot_core`` is ``meshbot``."""

import sys

from meshbot_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
