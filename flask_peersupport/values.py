"""The values that host applications and the extension exchange: plain and frozen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Wish(StrEnum):
    """Whether support is wanted: `ask` means "not sure, please ask them"."""

    YES = "yes"
    NO = "no"
    ASK = "ask"


class WishBy(StrEnum):
    """Who said so: the person, or the reporter on their behalf."""

    OWN = "own"
    REPORTER = "reporter"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works in or with the hospital.

    Two persons are the same when their `user_id` is the same (and their e-mail addresses, where
    both are known, do not differ), or else when their e-mail address is the same.

    `department` may name several departments, separated by semicolons. `profession`,
    `discipline` and `seniority` are codes of the settings; an unknown code is kept and flagged.
    """

    name: str
    email: str | None = None
    phone: str | None = None
    user_id: str | None = None
    department: str | None = None
    profession: str | None = None
    discipline: str | None = None
    seniority: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Involved:
    """A colleague touched by a report, and whether support is wanted (P1, P6, P14)."""

    person: Person
    wish: str = Wish.ASK
    wish_by: str = WishBy.REPORTER
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """One of the host's reports, as far as peer support needs to know it.

    `kind` and `ref` together identify the report. `occurred_at` and `reported_at` are aware
    datetimes; a naive one is taken to be in the programme's time zone.
    """

    kind: str
    ref: str
    department: str | None = None
    occurred_at: datetime | None = None
    reported_at: datetime | None = None
    reporter: Person | None = None
    involved: Sequence[Involved] = ()
    url: str | None = None
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a rule: whether it holds, a stable code, and a sentence for people."""

    ok: bool
    code: str
    message: str
