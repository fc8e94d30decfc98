"""``python -m meshbot_tui`` is ``meshbot-tui``."""

from meshbot_tui.main import main

main()
