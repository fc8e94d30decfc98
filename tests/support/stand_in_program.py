"""A program that behaves as ``claude`` does at its borders; run as ``python -I -S FILE``.

Standard library only, and quick to start. It is copied by ``stand_in_claude``, which puts the
file ``stand-in.json`` beside it: how it is to behave, and ``starts.jsonl``: how it was started.

A line of its user's that is one of these words does something:

``exit N``
    Ends with status N.
``crash``
    Dies of SIGKILL.
``hang``
    Its turn goes on until it is interrupted (headless).
``fail``
    Its turn ends as an error (headless).
``limit``
    Its first turn meets a limit of the API that is over at once (headless).
``deny``
    It says that a call was not allowed (headless).
``tool``
    It calls a tool before it answers (headless).
``modes``
    It switches on what a full-screen program switches on (interactive).
``size``
    It prints the size of its terminal (interactive).
``lines N``
    It prints so many lines (interactive).
``take FILE``
    It wants pastes in brackets, and once the file is there takes what is typed, up to the end of
    a paste or ctrl+d, and says how much it was, and its hash (interactive).
``replay RATE FILE``
    It prints the file over and over, so many bytes a second (interactive).
``env NAME``
    It prints a variable of its environment.
"""

import hashlib
import json
import os
import signal
import sys
import termios
import time
import tty
import uuid
from pathlib import Path

HERE = Path(__file__).parent
CLEAR = "\x1b[2J\x1b[H"
MODES = "\x1b[?1049h\x1b[?2004h\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h\x1b[?1004h\x1b[>1u"


def main() -> int:
    facts = json.loads((HERE / "stand-in.json").read_text())
    words = sys.argv[1:]
    if words == ["--version"]:
        show(f"{facts['version']} (Claude Code)\n")
        return 0
    if words[:2] == ["auth", "status"]:
        show(json.dumps({"loggedIn": facts["is_logged_in"], "authMethod": "api_key"}) + "\n")
        return 0 if facts["is_logged_in"] else 1
    ours = {name: text for name, text in os.environ.items() if name.startswith("MESHBOT_")}
    start = {
        "pid": os.getpid(), "arguments": words, "folder": str(Path.cwd()), "environment": ours,
    }  # fmt: skip
    with (HERE / "starts.jsonl").open("a") as starts:
        starts.write(json.dumps(start) + "\n")
    return begin(facts, words)


def begin(facts: dict, words: list[str]) -> int:
    at_start = facts["at_start"]
    if at_start == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if at_start.startswith("exit "):
        sys.stderr.write(f"{facts['last_words']}\n")
        return int(at_start.split()[1])
    if at_start == "garbage":
        show("\x00\xff this is no JSON {\n")
    if at_start == "flood":
        show("x" * 50_000_000)
        return 3
    if at_start == "babble":
        for line in sys.stdin:
            show(f"I was told something of {len(line)} letters\n")
        return 0
    return headless(words, hangs=at_start == "hang") if "-p" in words else interactive(words)


def commanded(text: str) -> None:
    """Do what ``exit N`` and ``crash`` say."""
    if text == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if text.startswith("exit ") and text.split()[1].lstrip("-").isdigit():
        sys.stdout.flush()
        os._exit(int(text.split()[1]))


def answer(text: str) -> str:
    if text.startswith("env "):
        return os.environ.get(text.split()[1], "(not set)")
    return f"heard: {text}"


def conversation(words: list[str]) -> str:
    for word in words:
        name, _, value = word.partition("=")
        if name in ("--session-id", "--resume") and value:
            return value
    return str(uuid.uuid4())


# -- headless


class Stream:
    """What a headless session writes."""

    def __init__(self, session_id: str, *, hangs: bool) -> None:
        self.session_id = session_id
        self.hangs = hangs
        self.turns = 0

    def say(self, **members: object) -> None:
        members |= {"session_id": self.session_id, "uuid": str(uuid.uuid4())}
        sys.stdout.write(json.dumps(members) + "\n")
        sys.stdout.flush()

    def turn(self, line: dict) -> None:
        content = line["message"]["content"]
        text = content if isinstance(content, str) else content[0]["text"]
        word = text.strip()
        self.turns += 1
        self.say(
            type="system", subtype="init", cwd=str(Path.cwd()), model="stand-in", tools=[],
            mcp_servers=[{"name": "mesh", "status": "connected"}],
            claude_code_version="2.1.330", permissionMode="default",
        )  # fmt: skip
        self.replay(line)
        commanded(word)
        if word == "hang" or self.hangs:
            return
        if word == "tool":
            self.tool()
        if word == "limit":
            info = {"status": "rejected", "resetsAt": int(time.time())}
            self.say(type="rate_limit_event", rate_limit_info=info)
            self.result("You've hit your limit", is_error=True)
            return
        self.message("assistant", [{"type": "text", "text": answer(text)}])
        denied = (
            [{"tool_name": "Bash", "tool_input": {"command": "rm x"}}] if word == "deny" else []
        )
        self.result(answer(text), is_error=word == "fail", denied=denied)

    def replay(self, line: dict) -> None:
        members = {"type": "user", "message": line["message"], "isReplay": True}
        members |= {"session_id": self.session_id, "uuid": line.get("uuid") or str(uuid.uuid4())}
        sys.stdout.write(json.dumps(members | {"parent_tool_use_id": None}) + "\n")
        sys.stdout.flush()

    def tool(self) -> None:
        call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}}
        self.message("assistant", [call])
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a b"}
        self.message("user", [result])

    def message(self, role: str, content: list) -> None:
        message = {"role": role, "content": content}
        self.say(type=role, message=message, parent_tool_use_id=None)

    def result(
        self, text: str, *, is_error: bool, ended_by: str = "completed", denied: list = ()
    ) -> None:
        self.say(
            type="result", subtype="error_during_execution" if is_error else "success",
            is_error=is_error, result=text, total_cost_usd=round(0.01 * self.turns, 4),
            num_turns=1, duration_ms=1, permission_denials=list(denied), terminal_reason=ended_by,
        )  # fmt: skip


def headless(words: list[str], *, hangs: bool) -> int:
    stream = Stream(conversation(words), hangs=hangs)
    for raw in sys.stdin:
        line = json.loads(raw)
        if line.get("type") == "control_request":
            response = {"subtype": "success", "request_id": line["request_id"]}
            stream.say(type="control_response", response=response)
            stream.result("", is_error=True, ended_by="aborted_streaming")
        elif line.get("type") == "user":
            stream.turn(line)
    return 0


# -- interactive


def interactive(words: list[str]) -> int:
    sys.stdin.reconfigure(errors="replace")
    prompt = words[words.index("--") + 1] if "--" in words else ""
    show(f"{CLEAR}\x1b]0;✳ Claude Code\x07Welcome to the stand-in\r\n")
    if prompt:
        show(f"heard: {prompt}\r\n")
    while True:
        show("> ")
        line = sys.stdin.readline()
        if not line:
            return 0
        react(line.strip())


def react(text: str) -> None:
    commanded(text)
    if text == "modes":
        show(MODES)
    elif text.startswith("lines "):
        show("".join(f"\x1b[1mline\x1b[m {number}\r\n" for number in range(int(text[6:]))))
    elif text.startswith("take "):
        take(Path(text[5:]))
    elif text.startswith("replay "):
        rate, path = text[7:].split(" ", 1)
        replay(int(rate), Path(path).read_bytes())
    elif text == "size":
        columns, rows = os.get_terminal_size(0)
        show(f"size {columns}x{rows}\r\n")
    else:
        show(f"{answer(text)}\r\n")


def take(sign: Path) -> None:
    """Take all, byte for byte, and no sooner than ``sign`` is there."""
    before = termios.tcgetattr(0)
    tty.setraw(0)
    show("\x1b[?2004hready\r\n")
    while not sign.exists():
        time.sleep(0.02)
    taken = bytearray()
    while not taken.endswith((b"\x1b[201~", b"\x04")):
        taken += os.read(0, 65536)
    termios.tcsetattr(0, termios.TCSANOW, before)
    show(f"took {len(taken)} bytes {hashlib.sha256(taken).hexdigest()[:16]}\r\n")


def replay(bytes_per_s: int, data: bytes) -> None:
    """Write ``data`` over and over, a piece at each twentieth of a second."""
    piece, place = bytes_per_s // 20, 0
    while True:
        sys.stdout.buffer.write(data[place : place + piece])
        sys.stdout.flush()
        place = place + piece if place + piece < len(data) else 0
        time.sleep(0.05)


def show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
