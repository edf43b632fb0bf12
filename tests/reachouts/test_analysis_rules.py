"""When all involved are told around a meeting, and how long identity waits for it (P20)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from flask_peersupport.reachouts.analysis_rules import (
    Reminders,
    is_around,
    kept_until,
    reminders_around,
    usual_kind,
)
from flask_peersupport.reachouts.states import AnalysisKind

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
#: A Tuesday afternoon in winter, and the two reminders around it, at eight by the clock.
MEETING = datetime(2026, 12, 8, 14, 0, tzinfo=UTC)
BEFORE, AFTER = datetime(2026, 12, 6, 7, tzinfo=UTC), datetime(2026, 12, 10, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("meeting", "now", "told"),
    [
        (MEETING, BEFORE - timedelta(days=30), Reminders(BEFORE, AFTER)),
        (MEETING, MEETING - timedelta(hours=1), Reminders(MEETING - timedelta(hours=1), AFTER)),
        (MEETING, MEETING, Reminders(None, AFTER)),
        (MEETING, AFTER - timedelta(seconds=1), Reminders(None, AFTER)),
        (MEETING, AFTER, Reminders(None, None)),
        # just after midnight by the clock on the wall, still the day before in UTC
        (
            datetime(2026, 12, 7, 23, 30, tzinfo=UTC),
            datetime(2026, 11, 1, tzinfo=UTC),
            Reminders(BEFORE, AFTER),
        ),
        # the clock goes forward on the 28th: eight is six in UTC from then on
        (
            datetime(2027, 3, 29, 12, 0, tzinfo=UTC),
            datetime(2027, 3, 1, tzinfo=UTC),
            Reminders(datetime(2027, 3, 27, 7, tzinfo=UTC), datetime(2027, 3, 31, 6, tzinfo=UTC)),
        ),
        # and back on 25 October
        (
            datetime(2026, 10, 26, 12, 0, tzinfo=UTC),
            datetime(2026, 10, 1, tzinfo=UTC),
            Reminders(datetime(2026, 10, 24, 6, tzinfo=UTC), datetime(2026, 10, 28, 7, tzinfo=UTC)),
        ),
    ],
)
def test_reminders_come_two_days_before_and_after_as_the_day_begins(
    meeting: datetime, now: datetime, told: Reminders
) -> None:
    assert reminders_around(meeting, now=now, hours=(8, 22), zone=AMSTERDAM) == told


def test_a_call_is_about_the_meeting_from_two_days_before_for_a_week() -> None:
    on = date(2026, 12, 8)
    around = [n for n in range(-10, 15) if is_around(MEETING, on + timedelta(days=n), AMSTERDAM)]
    assert around == list(range(-2, 8))


@pytest.mark.parametrize(
    ("kind", "usual"),
    [
        ("calamity", AnalysisKind.ANALYSIS),
        ("incident", AnalysisKind.ANALYSIS),
        ("complaint", AnalysisKind.HEARING),
        ("disciplinary", AnalysisKind.HEARING),
    ],
)
def test_complaints_and_disciplinary_cases_are_heard(kind: str, usual: AnalysisKind) -> None:
    assert usual_kind(kind) is usual


BEGAN, ENDED = date(2026, 1, 1), date(2026, 2, 1)


@pytest.mark.parametrize(
    ("meetings", "is_awaited", "until"),
    [
        ([], False, ENDED + timedelta(days=90)),
        ([], True, BEGAN + timedelta(days=730)),
        ([date(2026, 1, 20)], False, ENDED + timedelta(days=90)),
        # the two days after it count
        ([date(2026, 1, 31)], False, date(2026, 2, 2) + timedelta(days=90)),
        ([date(2026, 6, 1), date(2026, 3, 1)], False, date(2026, 6, 3) + timedelta(days=90)),
        ([date(2027, 12, 1)], False, BEGAN + timedelta(days=730)),
    ],
)
def test_identity_waits_for_the_meeting_within_the_hard_maximum(
    meetings: list[date], is_awaited: bool, until: date
) -> None:
    kept = kept_until(
        began_on=BEGAN,
        ended_on=ENDED,
        meetings_on=meetings,
        is_awaited=is_awaited,
        retention_days=90,
        max_retention_days=730,
    )
    assert kept == until
