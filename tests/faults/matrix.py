"""One cell of the matrix: a style with a fault on a database, and in what it differs.

A difference is a sentence; no sentence means that the promise held.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.intake.reconciling import reconcile
from flask_peersupport.intake.spool import entries
from flask_peersupport.jobs import run_due
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut, ReportRecord
from flask_peersupport.runtime import runtime_of
from tests.faults.asking import Reply, ask, described, names_of
from tests.faults.databases import Bench
from tests.faults.faults import KEPT, LOST, TAKEN, Fault
from tests.faults.host import Host
from tests.faults.styles import Style

SENTENCES = {
    KEPT: "Your report is stored. Your request for peer support follows a little later; "
    "if you would like to talk to somebody now, please call 050 123 4567.",
    LOST: "Your report is stored. Your request for peer support did not get through: "
    "please call 050 123 4567.",
}
THANKS = "Peer support: thank you."
OUR_PAGE = "/peersupport/step/"
#: When the work is done again while something waits: an entry of the spool is left alone for ten
#: minutes after it failed, a row that the host did not confirm is decided about after fifteen.
INSTANTS = (timedelta(0), timedelta(minutes=12), timedelta(minutes=30), timedelta(hours=2))
_REPORTS = ("incidents", "cases")


@dataclass
class Baseline:
    """What the host does without the extension."""

    rows: list[tuple[Any, ...]]
    replies: list[Reply]


@dataclass
class Found:
    """What became of the reports."""

    #: The names of those who are reached out to, by kind and ref of the report.
    names: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    #: The reports that `reconcile` found.
    reconciled: set[tuple[str, str]] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)


class Baselines:
    """The runs without the extension, each made once."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._known: dict[tuple[str, str], Baseline] = {}

    def of(self, style: Style, fault: Fault) -> Baseline:
        """Return what the host does, with the fault where it would hit the host too."""
        bench, key = self._bench, (style.name, fault.name if fault.hits_host(self._bench) else "")
        if key not in self._known:
            bench.empty()
            if key[1]:
                with fault.bring_about(bench, bench.plain):
                    replies = ask_all(bench.plain, style, fault)
            else:
                replies = ask_all(bench.plain, style, fault)
            self._known[key] = Baseline(bench.rows(), replies)
        return self._known[key]


def ask_all(host: Host, style: Style, fault: Fault) -> list[Reply]:
    """Send the reports of a style one after the other."""
    return [ask(host, style, title, is_large=fault.is_large) for title in style.titles]


def differences(bench: Bench, baselines: Baselines, style: Style, fault: Fault) -> list[str]:
    """Run one cell; return in what it differs from what is promised."""
    without = baselines.of(style, fault)
    bench.empty()
    host = bench.host(style.after_report)
    begun_at = datetime.now(UTC)
    try:
        with fault.bring_about(bench, host):
            replies = ask_all(host, style, fault)
    except Exception as error:
        bench.renew_hosts()
        return [f"the host failed: {type(error).__name__}: {str(error).splitlines()[0]}"]
    found = recover(host, begun_at)
    rows = bench.rows()
    told = []
    if rows != without.rows:
        told.append(f"the host stored {rows}, not {without.rows}")
    committed = {row[2] for row in without.rows if row[0] in _REPORTS}
    for title, reply, plain in zip(style.titles, replies, without.replies, strict=True):
        told += compare_replies(style, fault, reply, plain, is_committed=title in committed)
    may_be_found = style.is_unheard or fault.leaves == LOST
    told += compare_reports(style, fault, rows, found, must_be_found=may_be_found)
    return told


def compare_replies(
    style: Style, fault: Fault, reply: Reply, plain: Reply, *, is_committed: bool
) -> list[str]:
    """Return in what an answer differs from the host's own, but for what is agreed."""
    told = []
    is_answered = is_committed and style.is_told and style.has_step and plain.status < 400
    expected: list[tuple[str, str]] = []
    headers = list(plain.headers)
    if is_answered and fault.leaves != TAKEN:
        expected = [("warning", SENTENCES[LOST if loses_reporter(style, fault) else fault.leaves])]
    elif is_answered and style.after_report == "message":
        expected = [("info", THANKS)]
    elif is_answered:
        headers = _led_to_our_page(headers, reply)
    flashes = [(kind, THANKS if THANKS in text else text) for kind, text in reply.flashes]
    if flashes != expected:
        told.append(f"flashed {flashes}, not {expected}")
    cookie = ("Set-Cookie", "session; HttpOnly; Path=/")
    if expected and cookie not in headers:
        headers.append(cookie)
    if sorted(reply.headers) != sorted(headers):
        told.append(f"the headers are {reply.headers}, not {headers}")
    for name in ("status", "body", "session"):
        if getattr(reply, name) != getattr(plain, name):
            told.append(f"{name} is {getattr(reply, name)!r}, not {getattr(plain, name)!r}")
    return told


def loses_reporter(style: Style, fault: Fault) -> bool:
    """Return whether nobody can know who reported, so that this must be said."""
    return fault.hides_visitor and not style.names_reporter


def _led_to_our_page(headers: list[tuple[str, str]], reply: Reply) -> list[tuple[str, str]]:
    """Return the host's headers with the one Location that is ours, if it is."""
    location = dict(reply.headers).get("Location", "")
    own = location if location.startswith(OUR_PAGE) else OUR_PAGE
    return [(name, own if name == "Location" else value) for name, value in headers]


def compare_reports(
    style: Style,
    fault: Fault,
    rows: Sequence[tuple[Any, ...]],
    found: Found,
    *,
    must_be_found: bool,
    may_be_found: bool = False,
) -> list[str]:
    """Return in what the reach-outs differ from those of the reports that are committed.

    Args:
        style, fault: how the reports came.
        rows: the host's.
        found: what the extension has.
        must_be_found: whether `reconcile` alone can know of the reports.
        may_be_found: whether they may be complete, or else found by `reconcile`.
    """
    told = list(found.troubles)
    committed = {
        ("incident", f"{row[0].removesuffix('s')}-{row[1]}"): row[2]
        for row in rows
        if row[0] in _REPORTS
    }
    told += [f"{name} came alive, which is no report" for name in found.names.keys() - committed]
    for name, title in committed.items():
        if name not in found.names:
            told.append(f"{name} is lost")
            continue
        is_found = name in found.reconciled
        if is_found != must_be_found and not may_be_found:
            told.append(f"{name} was {'' if is_found else 'not '}found by reconcile")
        has_reporter = not loses_reporter(style, fault)
        full = names_of(style, title, is_large=fault.is_large, has_reporter=has_reporter)
        expected = [described(title)] if is_found else full
        if found.names[name] != expected:
            told.append(f"{name} reaches out to {found.names[name]}, not {expected}")
    return told


def recover(host: Host, since: datetime) -> Found:
    """Let the work be done once the fault is gone, and look for what was missed."""
    found = Found()
    runtime = runtime_of(host.app)
    assert runtime is not None
    with host.app.app_context():
        for after in INSTANTS:
            counts = run_due(runtime, datetime.now(UTC) + after)
            found.troubles += [f"{n} of {c}" for c, n in counts.items() if c.endswith("_failed")]
            if not _waits(runtime):
                break
        else:
            found.troubles.append("something waits for ever")
        last = datetime.now(UTC) + after
        if reconcile(runtime, since - timedelta(minutes=1), now=last).missed:
            run_due(runtime, datetime.now(UTC) + after)
            again = reconcile(runtime, since - timedelta(minutes=1), now=last).missed
            if again:
                found.troubles.append("a second reconcile found something again")
        _read(runtime, found)
    return found


def _waits(runtime: Any) -> bool:
    with runtime.storage.work() as session:
        is_in = session.scalar(sa.select(IntakeRecord.id).limit(1)) is not None
    return is_in or bool(entries(runtime.spool))


def _read(runtime: Any, found: Found) -> None:
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    with runtime.storage.work() as session:
        for report in session.scalars(sa.select(ReportRecord)):
            names[report.kind, report.ref] = []
            if report.found_at is not None:
                found.reconciled.add((report.kind, report.ref))
        statement = (
            sa.select(ReportRecord.kind, ReportRecord.ref, ReachOut)
            .join(InvolvedRecord, InvolvedRecord.report_id == ReportRecord.id)
            .join(ReachOut, ReachOut.involved_id == InvolvedRecord.id)
        )
        for kind, ref, reach_out in session.execute(statement):
            names[kind, ref].append(reach_out.person.name)
    found.names = {report: sorted(of_report) for report, of_report in names.items()}
