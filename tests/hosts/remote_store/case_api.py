"""The case system, as it answers on its port: plain WSGI, cases in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any


class CaseApi:
    def __init__(self) -> None:
        self.cases: dict[str, dict[str, Any]] = {}
        self.is_down = False

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        status, answer = self.answer(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"].strip("/").split("/")[1:],
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
        )
        start_response(status, [("Content-Type", "application/json"), ("Connection", "close")])
        return [json.dumps(answer).encode()]

    def answer(self, method: str, path: list[str], body: bytes) -> tuple[str, Any]:
        if self.is_down:
            return "503 Service Unavailable", {"error": "maintenance"}
        match method, path:
            case "GET", []:
                return "200 OK", list(self.cases.values())
            case "POST", []:
                number = f"C{len(self.cases) + 1:03}"
                made = {"number": number, "created": datetime.now(UTC).isoformat()}
                self.cases[number] = json.loads(body) | made
                return "201 Created", self.cases[number]
            case "GET", [number] if number in self.cases:
                return "200 OK", self.cases[number]
            case "PUT", [number] if number in self.cases:
                self.cases[number] |= json.loads(body)
                return "200 OK", self.cases[number]
        return "404 Not Found", {"error": "no such case"}
