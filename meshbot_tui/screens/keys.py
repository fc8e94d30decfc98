"""What the keys do, for the help and for the command palette."""

from typing import Final

HelpGroup = tuple[str, tuple[tuple[str, str], ...]]

HELP: Final[tuple[HelpGroup, ...]] = (
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
            ("v", "select and copy by keys; while you type into it: ctrl+shift+space"),
            ("drag", "select and copy; with shift where Claude Code has the mouse"),
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
            ("e", "in a message that is open: answer it"),
            ("esc", "show all again"),
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
            ("i", "put a question aside, unanswered"),
            ("pagedown, pageup", "read on, read back"),
            ("a", "to the next that waits"),
        ),
    ),
    (
        "Health",
        (
            ("up, down", "choose a peer: all that is known of it stands below"),
            ("pagedown, pageup", "a page of peers"),
        ),
    ),
    (
        "Writing",
        (
            ("@dev text", "a message"),
            ("?dev text", "a question; its answer comes as a message"),
            ("@all text", "to everybody"),
            ("!id text", "answer a question, or any message that came for you"),
            ("tab", "completes names and ids"),
            ("up, down", "what was written before"),
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
    ("Tell everybody", "A message to all agents", "screen.write('@all ')"),
    ("Type here", "Into the chosen agent's pane", "screen.within('agents', 'enter')"),
    ("Select and copy", "In the chosen agent's pane", "screen.within('screen', 'copy_mode')"),
    (
        "Allow once",
        "What is chosen in the approvals",
        "screen.within('approvals', 'allow(\"once\")')",
    ),
    (
        "Allow for this session",
        "What is chosen in the approvals",
        "screen.within('approvals', 'allow(\"session\")')",
    ),
    ("Deny", "What is chosen in the approvals", "screen.within('approvals', 'deny')"),
    (
        "Answer a question",
        "That is chosen in the approvals",
        "screen.within('approvals', 'answer')",
    ),
    (
        "Put a question aside",
        "Unanswered; that is chosen in the approvals",
        "screen.within('approvals', 'ignore')",
    ),
    ("Search messages", "Words, agents, kinds", "screen.within('messages', 'search')"),
    ("Show all messages", "No words, no agents", "screen.within('messages', 'show_all')"),
    ("Open message", "The chosen one and its thread", "screen.within('rows', 'open')"),
    ("Copy message", "The chosen one, whole", "screen.within('rows', 'copy')"),
    ("Send message again", "The chosen one", "screen.within('rows', 'again')"),
    ("Next page of the grid", "The other agents", "screen.within('grid', 'turn(1)')"),
    ("Page before in the grid", "The other agents", "screen.within('grid', 'turn(-1)')"),
    ("More panes in the grid", "On a page", "screen.within('grid', 'crowd(1)')"),
    ("Fewer panes in the grid", "On a page", "screen.within('grid', 'crowd(-1)')"),
    ("Zoom", "The centre alone, or with the list", "screen.zoom"),
    ("Notices", "What was said before", "app.notices"),
    ("Help", "The keys", "app.help"),
    ("Quit", "Every agent goes on", "app.quit"),
)


def help_for(place: str) -> tuple[HelpGroup, ...]:
    """All keys, those of where one is first."""
    here = [group for group in HELP if group[0] == place]
    return (*here, *(group for group in HELP if group[0] != place))
