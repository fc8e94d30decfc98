"""Makes the pictures of the README from the demonstration: ``make pictures``."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from textual.pilot import Pilot

from meshbot_core.demo.mesh import FIRST, any_claude, demo_mesh
from meshbot_tui.app import MeshbotApp
from meshbot_tui.themes import DEFAULT
from tests.support.waiting import until

ASSETS: Final = Path(__file__).resolve().parents[2] / "assets"
SIZE: Final = (120, 36)
_LIMIT_S: Final = 60.0


async def main() -> None:
    """Play the demonstration, and take a picture of each view."""
    async with demo_mesh(any_claude(), build_s=2.0) as demo:
        app = MeshbotApp(demo.mesh, first=FIRST)
        async with app.run_test(size=SIZE) as pilot:
            app.theme = DEFAULT  # whatever terminal the pictures are made in
            await shown(lambda: "web looks at it" in drawn(app))
            await taken(app, pilot, "terminal")
            await shown(lambda: app.screen is not app.main)
            await taken(app, pilot, "approval")
            await pilot.press("escape")
            for key, name in (
                ("g", "grid"),
                ("p", "approvals"),
                ("h", "health"),
                ("m", "messages"),
            ):
                await pilot.press(key)
                await taken(app, pilot, name)


async def shown(fits: Callable[[], bool]) -> None:
    """Wait until the console shows what is wanted."""
    await until(fits, _LIMIT_S)


def drawn(app: MeshbotApp) -> str:
    """What is on the screen, more or less."""
    return app.export_screenshot().replace("&#160;", " ")


async def taken(app: MeshbotApp, pilot: Pilot[None], name: str) -> None:
    """Take a picture, once everything has been drawn."""
    await asyncio.sleep(1.0)
    await pilot.pause()
    picture = app.export_screenshot(title=f"meshbot-tui: {name}")
    (ASSETS / f"console-{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
