"""The cases of ``data/http_cases.json`` as bytes to send and answers to expect."""

import gzip
import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path

from meshbot_core.mesh.keys import MeshKey
from meshbot_core.types import new_id

CASES = json.loads((Path(__file__).parent / "data" / "http_cases.json").read_text())["cases"]
_NEAR_MS = 10_000


@dataclass
class Setting:
    """What the placeholders of one case stand for."""

    key: MeshKey
    agent: str
    mesh: str
    now_ms: int

    def __post_init__(self) -> None:
        self._texts = {
            "KEY": self.key.text,
            "AGENT": self.agent,
            "MESH": self.mesh,
            "NODEPUB": "MCowBQYDK2VwAyEA",
            **{f"U{n}": new_id() for n in range(1, 10)},
        }

    def text(self, template: str) -> str:
        for name, value in self._texts.items():
            template = template.replace("${" + name + "}", value)
        return template

    def request(self, step) -> bytes:
        """The whole request of a step."""
        body, is_json = self._body(step)
        if step.get("encode") == "gzip":
            body = gzip.compress(body)
        headers = {name: self.text(value) for name, value in step.get("headers", {}).items()}
        if is_json:
            headers.setdefault("Content-Type", "application/json")
        if step.get("chunked"):
            headers["Transfer-Encoding"] = "chunked"
            half = len(body) // 2
            pieces = [piece for piece in (body[:half], body[half:], b"") if piece or not body]
            body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in [*pieces, b""])
        elif body:
            headers["Content-Length"] = str(len(body))
        first = f"{step['method']} {step['path']} HTTP/1.1"
        lines = [first, "Host: localhost", *(f"{name}: {text}" for name, text in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def holds(self, expected, found) -> bool:
        """Whether ``found`` holds everything that ``expected`` asks for."""
        match expected:
            case {"$any": _}:
                fits = found is not None
            case {"$now_about": offset}:
                fits = abs(found - self.now_ms - offset) < _NEAR_MS
            case dict():
                fits = all(self.holds(value, found.get(name)) for name, value in expected.items())
            case str():
                fits = self.text(expected) == found
            case _:
                fits = expected == found
        return fits

    def _body(self, step) -> tuple[bytes, bool]:
        if "raw_hex" in step:
            return bytes.fromhex(step["raw_hex"]), False
        if "raw" in step:
            return str(self._value(step["raw"])).encode(), False
        if "json" not in step:
            return b"", False
        return json.dumps(self._message(step["json"]), ensure_ascii=False).encode(), True

    def _message(self, template):
        found = {name: self._value(value) for name, value in template.items()}
        wanted = found.get("hmac")
        if isinstance(wanted, dict):
            over = {name: self._value(value) for name, value in wanted.get("over", {}).items()}
            found["hmac"] = self._hmac(wanted["$hmac"], found | over)
        return found

    def _value(self, template):
        match template:
            case {"$now": offset}:
                value = self.now_ms + offset
            case {"$now_str": offset}:
                value = str(self.now_ms + offset)
            case {"$repeat": [text, count]}:
                value = text * count
            case str():
                value = self.text(template)
            case _:
                value = template
        return value

    def _hmac(self, mode: str, fields) -> str:
        key = b"another key" if mode == "wrong_key" else self.key.bytes
        members = (
            fields.get(n, "undefined") for n in ("id", "type", "payload", "timestamp", "nonce")
        )
        text = "|".join(map(str, members)).encode()
        valid = hmac.new(key, text, hashlib.sha256).hexdigest()
        first = f"{int(valid[:2], 16) ^ 0xFF:02x}"
        return {
            "upper": valid.upper(),
            "trailing_junk": valid + "zz",
            "first_byte_flipped": first + valid[2:],
            "truncated": valid[:-2],
            "odd_length": valid[:-1],
            "doubled": valid * 2,
        }.get(mode, valid)
