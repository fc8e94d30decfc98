"""What the keys do, for the help and for the command palette."""

from typing import Final

HELP: Final = (
    (
        "Everywhere",
        (
            ("t", "the chosen agent's terminal"),
            ("g", "grid: all screens at once"),
            ("m", "messages"),
            ("p", "approvals and questions that wait for you"),
            ("h", "health of the peers"),
            ("a", "go to who has waited longest for you"),
            ("c or @", "write to the chosen agent"),
            ("z", "the centre alone, or with the list"),
            ("l", "notices so far"),
            ("ctrl+p", "all commands by name"),
            ("?", "this help"),
            ("q", "quit; every agent goes on"),
        ),
    ),
    (
        "Agents",
        (
            ("up, down", "choose"),
            ("enter", "type into its pane; ctrl+] leaves"),
            ("n", "start an agent, or the chosen one again"),
            ("s, r, x", "stop, restart, forget"),
            ("o", "let one go on that went past a limit"),
            ("f", "a fleet file up or down"),
        ),
    ),
    (
        "In a terminal",
        (
            ("ctrl+]", "leave the pane"),
            ("wheel", "scroll back; with shift where Claude Code has the mouse"),
            ("shift+pageup", "scroll back by keys; shift+end returns"),
        ),
    ),
    (
        "Grid",
        (
            ("arrows, enter", "choose a pane, and type into it"),
            ("pagedown, pageup", "the other agents"),
            ("+, -", "more or fewer panes on a page"),
        ),
    ),
    (
        "Messages",
        (
            ("/", "find words; @agent, @one>other, kind:ask narrow"),
            ("enter", "the whole message and its thread"),
            ("y", "copy"),
            ("R", "send again"),
            ("end", "back to the newest, and stay there"),
        ),
    ),
    (
        "Approvals",
        (
            ("y", "allow once"),
            ("Y", "allow for this session"),
            ("d", "deny, with a reason if you like"),
            ("e", "answer a question"),
        ),
    ),
    (
        "Writing",
        (
            ("@dev text", "a message"),
            ("?dev text", "a question; its answer comes as a message"),
            ("@all text", "to everybody"),
            ("!id text", "answer a question"),
            ("tab", "completes names and ids"),
        ),
    ),
)

COMMANDS: Final = (
    ("Start an agent", "New session, interactive or headless", "app.start_agent"),
    ("Stop the chosen agent", "Its messages wait", "app.stop_agent"),
    ("Restart the chosen agent", "In its conversation", "app.restart_agent"),
    ("Let the chosen agent go on", "After a limit", "app.resume_agent"),
    ("Forget the chosen agent", "Out of the mesh, messages put aside", "app.forget_agent"),
    ("Fleet up or down", "From a fleet file", "app.fleet"),
    ("Terminal", "The chosen agent", "screen.view('terminal')"),
    ("Grid", "All screens at once", "screen.view('grid')"),
    ("Messages", "What the agents tell each other", "screen.view('messages')"),
    ("Approvals", "What waits for you", "screen.view('approvals')"),
    ("Health", "The peers", "screen.view('health')"),
    ("Who waits", "The one that waits longest", "app.attend"),
    ("Write a message", "To the chosen agent", "screen.compose('@')"),
    ("Ask a question", "The chosen agent", "screen.compose('?')"),
    ("Zoom", "The centre alone, or with the list", "screen.zoom"),
    ("Notices", "What was said before", "app.notices"),
    ("Help", "The keys", "app.help"),
    ("Quit", "Every agent goes on", "app.quit"),
)
