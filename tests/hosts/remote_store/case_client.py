"""What the portal knows of the case system."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any


class CaseSystemDown(Exception):
    pass


@dataclass
class Case:
    number: str
    what: str
    where: str
    by: str | None
    created: datetime


class CaseClient:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def create(self, **fields: Any) -> Case:
        return self._case(self._call("POST", "", fields))

    def change(self, number: str, **fields: Any) -> Case:
        return self._case(self._call("PUT", f"/{number}", fields))

    def get(self, number: str) -> Case | None:
        found = self._call("GET", f"/{number}")
        return found and self._case(found)

    def all(self) -> list[Case]:
        return [self._case(one) for one in self._call("GET", "")]

    def _case(self, fields: dict[str, Any]) -> Case:
        return Case(**fields | {"created": datetime.fromisoformat(fields["created"])})

    def _call(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Any:
        body = None if fields is None else json.dumps(fields).encode()
        request = urllib.request.Request(  # noqa: S310
            f"{self.base_url}/cases{path}",
            data=body,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 404:
                    return None
                raise CaseSystemDown from error
        except urllib.error.URLError as error:
            raise CaseSystemDown from error
