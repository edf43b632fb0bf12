"""What an intake row holds, sealed: the report as described, the step as posted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlsplit

from ..access.typed import clean_text
from ..ports import MonthKey
from ..values import Involved, Person, Report
from ..vault import seal
from .origin import Origin

MAX_URL = 500


@dataclass(frozen=True, slots=True)
class Preferences:
    """How somebody who asks for support would like it: a reporter, or who asks on `/self` (P5)."""

    channel: str = ""
    day_part: str = ""
    is_outside: bool = False
    not_to_ask: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What the host says of a report's analysis meeting, hearing or ruling (P20).

    `what` is a code of AnalysisKind; `at` None: it does not take place.
    """

    what: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Payload:
    """One way in of one report.

    Attributes:
        report: as described.
        fields: of the step, as posted.
        preferences: chosen on the page after the report.
        visitor: who was signed in and posted them; nobody where the report is anonymous.
        origin: the host's object that the report reads from, where that may have to be found.
        is_found: whether the report was found afterwards, so that its step is not known.
        is_passed_on: whether a complaints officer passes the colleagues on (P3).
        scheduled: where this is nothing but the host's word of when the case is discussed.
    """

    report: Report
    fields: Mapping[str, str]
    preferences: Preferences | None = None
    visitor: Person | None = None
    origin: Origin | None = None
    is_found: bool = False
    is_passed_on: bool = False
    scheduled: Scheduled | None = None

    @property
    def is_described(self) -> bool:
        """Whether the report is known; else its object has to be described first."""
        return bool(self.report.ref)

    @property
    def speaker(self) -> Person | None:
        """Who speaks for themself in the step: the visitor, or else the reporter."""
        return self.visitor or self.report.reporter


def _aware(instant: datetime | None, zone: tzinfo) -> str | None:
    if instant is None:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).isoformat()


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _person(values: Mapping[str, Any]) -> Person:
    """Return a person of the host's description, with texts that fit (200 characters each)."""
    texts = {field: clean_text(str(text)) for field, text in values.items() if text is not None}
    return Person(**{"name": "", **texts})


def _link(url: object) -> str | None:
    """Return the address of a report, where a page may link to it: on the web or on this host."""
    if not isinstance(url, str) or len(url) > MAX_URL:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    is_web = parts.scheme in ("http", "https") and bool(parts.netloc)
    return url if is_web or (not parts.scheme and url.startswith("/")) else None


def clean_report(report: Report) -> Report:
    """Return the report as it is stored: texts that fit, an anonymous reporter left out.

    What is no text becomes one; an address that is none is left out.
    """
    return replace(
        report,
        kind=clean_text(str(report.kind))[:32],
        ref=clean_text(str(report.ref)),
        department=clean_text(str(report.department)) if report.department else None,
        url=_link(report.url),
        reporter=None if report.anonymous else report.reporter,
    )


def seal_payload(row_id: str, payload: Payload, key: MonthKey, zone: tzinfo) -> bytes:
    """Encrypt a payload for the intake row `row_id`; naive instants are taken to be in `zone`."""
    report = payload.report
    content = {
        "report": {
            "kind": report.kind,
            "ref": report.ref,
            "department": report.department,
            "occurred_at": _aware(report.occurred_at, zone),
            "reported_at": _aware(report.reported_at, zone),
            "reporter": asdict(report.reporter) if report.reporter else None,
            "involved": [asdict(one) for one in report.involved],
            "url": report.url,
            "anonymous": report.anonymous,
        },
        "fields": dict(payload.fields),
        "preferences": asdict(payload.preferences) if payload.preferences else None,
        "visitor": asdict(payload.visitor) if payload.visitor else None,
        "origin": asdict(payload.origin) if payload.origin else None,
        "found": payload.is_found,
        "passed_on": payload.is_passed_on,
        "scheduled": _sealed_schedule(payload.scheduled, zone),
    }
    return seal.seal(key, f"intake {row_id}", seal.to_json(content))


def _sealed_schedule(scheduled: Scheduled | None, zone: tzinfo) -> dict[str, str | None] | None:
    if scheduled is None:
        return None
    return {"what": scheduled.what, "at": _aware(scheduled.at, zone)}


def open_payload(row_id: str, sealed: bytes, key: MonthKey) -> Payload:
    """Decrypt the payload of the intake row `row_id`."""
    content = json.loads(seal.unseal(key, f"intake {row_id}", sealed))
    values = content["report"]
    report = Report(
        **{
            **values,
            "occurred_at": _instant(values["occurred_at"]),
            "reported_at": _instant(values["reported_at"]),
            "reporter": _person(values["reporter"]) if values["reporter"] else None,
            "involved": tuple(
                Involved(**{**one, "person": _person(one["person"])}) for one in values["involved"]
            ),
        }
    )
    chosen = content["preferences"]
    preferences = (
        Preferences(**{**chosen, "not_to_ask": tuple(chosen["not_to_ask"])}) if chosen else None
    )
    visitor = _person(content["visitor"]) if content["visitor"] else None
    from_host = content["origin"]
    origin = Origin(**{**from_host, "key": tuple(from_host["key"])}) if from_host else None
    return Payload(
        report,
        content["fields"],
        preferences,
        visitor,
        origin,
        content["found"],
        content["passed_on"],
        Scheduled(told["what"], _instant(told["at"])) if (told := content["scheduled"]) else None,
    )
