"""The command `flask --app example_app simulate --year`: a year of the programme in a minute.

Everything goes through the application's own pages, in a database that is thrown away. Only the
clock and the people are invented; the figures are counted in the database.
"""

from __future__ import annotations

import contextvars
import random
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from flask import Flask
from flask_migrate import upgrade

from example_app import create_app, peersupport_demo
from example_app.extensions import db
from example_app.figures import Figures, count_figures
from example_app.people import DEMO_LOGINS
from example_app.seed import seed as add_hospital
from example_app.stage import Letter, Posting, Stage, awake, write_lightly, zone
from example_app.year import DAYS, PlannedPerson, PlannedReport, plan_year
from flask_peersupport.clock import stopped_at, utc_now
from flask_peersupport.reachouts.models import ReachOut, SupportRequest
from flask_peersupport.reachouts.states import WaitingFor
from flask_peersupport.runtime import current_runtime

#: How supporters answer, and how often.
ANSWERS = {"accept": 72, "conflict": 4, "unavailable": 8, "workload": 6, "silence": 10}
#: Days after the year in which the last conversations end.
AFTERMATH = 60
COORDINATORS = tuple(
    login.username for login in DEMO_LOGINS if login.role.rstrip("2") == "coordinator"
)


@dataclass(frozen=True)
class Step:
    """Something a supporter does on the page of a reach-out, so many hours after the last."""

    hours: tuple[float, float]
    page: str
    fields: Mapping[str, str]


def call(outcome: str, *, kind: str = "first", after: tuple[float, float] = (1, 18)) -> Step:
    """Return the step of calling a colleague and noting how it ended."""
    return Step(after, "contacts", {"kind": kind, "outcome": outcome})


def close(
    outcome: str,
    reason: str = "",
    *,
    referred_to: str = "",
    after: tuple[float, float] = (24, 240),
) -> Step:
    """Return the step of ending a reach-out."""
    form = {"outcome": outcome, "reason": reason, "referred_to": referred_to}
    return Step(after, "close", form)


IN_TEN_DAYS = (240.0, 246.0)
PLAN = Step((0.1, 0.2), "follow-up", {"days": "10"})
SPOKEN = call("conversation")
AGAIN = call("conversation", kind="follow_up", after=IN_TEN_DAYS)
SUPPORTED = close("supported")
#: What a supporter does where a colleague responds in one of the ways of `year.RESPONSES`.
STORIES: Mapping[str, tuple[Step, ...]] = {
    "conversation": (SPOKEN, SUPPORTED),
    "two conversations": (SPOKEN, PLAN, AGAIN, SUPPORTED),
    "referred": (
        SPOKEN,
        call("referred", kind="follow_up", after=(48, 120)),
        close("referred", referred_to="psychologist"),
    ),
    "first not, later yes": (call("contact_again"), AGAIN, SUPPORTED),
    "cared for by the department": (close("declined", "department_support", after=(1, 18)),),
    "no need": (call("no_need"),),
    "help elsewhere": (close("declined", "other_support", after=(1, 18)),),
    "first not, later neither": (
        call("contact_again"),
        call("no_further_contact", kind="follow_up", after=IN_TEN_DAYS),
    ),
    "not reached": (call("not_reached"), call("not_reached"), call("not_reached")),
}


@dataclass(frozen=True)
class Case:
    """A reach-out as those know it who act on it: the plan, and a chance of its own."""

    reach_out_id: str
    person: PlannedPerson
    rng: random.Random


class Year:
    """Plays the people of a planned year on the stage of an app."""

    def __init__(self, app: Flask, reports: list[PlannedReport], seed: int) -> None:
        self._seed = seed
        self.stage = Stage(app, self._receive)
        self._user_ids = self.stage.user_ids()
        #: What was reported, by kind and number in the hospital.
        self._reports: dict[tuple[str, str], PlannedReport] = {}
        for report in reports:
            self.stage.at(report.at, partial(self._report, report))

    def _report(self, report: PlannedReport, now: datetime) -> None:
        own = report.reporter_involved
        ticks = {"yes": ["me"], "no": ["me-involved"], None: []}[own.wish if own else None]
        posting = Posting(
            kind=report.kind,
            username=report.reporter.username,
            department=report.department,
            occurred_at=now - timedelta(minutes=95),
            title=report.title,
            severity=report.severity,
            ticks=ticks,
            colleagues=[_row(person) for person in report.colleagues],
        )
        number, answer = self.stage.submit(posting, now)
        self._reports[report.kind, number] = report
        if own is not None and own.wish == "yes" and number.endswith(("0", "3", "6")):
            wishes = {"channel": "in_person", "day_part": "evening"}
            self.stage.post(report.reporter.username, now, answer.headers["Location"], wishes)

    def _receive(self, letter: Letter, now: datetime) -> None:
        """Let the recipient of a mail act on it, some time later."""
        if letter.page == "requests":
            self._consider(letter, now)
        elif letter.page == "reach-outs" and letter.username in COORDINATORS:
            at = awake(now + timedelta(minutes=40), (9, 17))
            self.stage.at(at, partial(self._decide, letter))

    def _consider(self, letter: Letter, now: datetime) -> None:
        """Answer a request, or let it lie."""
        case = self._case(letter.object_id)
        answer = case.rng.choices(list(ANSWERS), list(ANSWERS.values()))[0]
        if answer == "silence":
            return
        delay = timedelta(minutes=3 + case.rng.expovariate(1 / 60))
        path = f"/peersupport/requests/{letter.object_id}"

        def act(moment: datetime) -> None:
            if answer != "accept":
                self.stage.post(letter.username, moment, f"{path}/decline", {"reason": answer})
            elif self.stage.post(letter.username, moment, f"{path}/accept", {}).status_code == 302:
                self._take(letter.username, case, moment)

        self.stage.at(now + delay, act)

    def _take(self, username: str, case: Case, now: datetime) -> None:
        """Begin what a supporter does for a colleague, or hand it back."""
        story = STORIES[case.person.response or "no need"]
        chance = case.rng.random()
        if chance < 0.04:
            story = (Step((2, 6), "hand-back", {}),)
        elif chance < 0.2:
            story = (call("not_reached"), *story)
        elif chance < 0.26:  # forgotten, until somebody reminds them
            story = (Step((26, 40), story[0].page, story[0].fields), *story[1:])
        self._go_on(username, case, story, now)

    def _go_on(self, username: str, case: Case, story: tuple[Step, ...], now: datetime) -> None:
        if not story:
            return
        step, rest = story[0], story[1:]

        def act(moment: datetime) -> None:
            path = f"/peersupport/reach-outs/{case.reach_out_id}/{step.page}"
            fields = _filled(step, case.rng, moment)
            if self.stage.post(username, moment, path, fields).status_code == 302:
                self._go_on(username, case, rest, moment)

        at = awake(now + timedelta(hours=case.rng.uniform(*step.hours)), (9, 21))
        self.stage.at(at, act)

    def _decide(self, letter: Letter, now: datetime) -> None:
        """Let a coordinator clear what waits for a decision."""
        path = f"/peersupport/reach-outs/{letter.object_id}"
        with self.stage.app.app_context(), stopped_at(now):
            reach_out = current_runtime().storage.session().get_one(ReachOut, letter.object_id)
            waiting_for = reach_out.waiting_for
            meant = self._person(reach_out)
        if waiting_for in (WaitingFor.UNKNOWN_PERSON, WaitingFor.UNKNOWN_DEPARTMENT):
            fields = {"user": self._user_ids[meant.member.username]}
            self.stage.post(letter.username, now, f"{path}/identify", fields)
        elif waiting_for is not None:
            is_vain = waiting_for is WaitingFor.NOT_REACHED
            outcome = {"outcome": "not_reached" if is_vain else "withdrawn"}
            self.stage.post(letter.username, now, f"{path}/close", outcome)

    def _case(self, request_id: str) -> Case:
        with self.stage.app.app_context():
            session = current_runtime().storage.session()
            reach_out = session.get_one(SupportRequest, request_id).reach_out
            person = self._person(reach_out)
            key = (self._seed, person.member.username, person.response, len(reach_out.requests))
            return Case(reach_out.id, person, random.Random(repr(key)))

    def _person(self, reach_out: ReachOut) -> PlannedPerson:
        """Return whom the plan means: by user, or by a name that was cut short."""
        known, report = reach_out.person, reach_out.report
        assert known is not None
        assert report is not None
        planned = self._reports[report.kind, report.ref]
        return next(
            person
            for person in planned.persons
            if self._user_ids[person.member.username] == known.user_id
            or (known.user_id is None and _typed_name(person) == known.name)
        )


def _row(person: PlannedPerson) -> dict[str, str]:
    return {"name": _typed_name(person), "wish": person.wish}


def _typed_name(person: PlannedPerson) -> str:
    first, last = person.member.name.split(" ", 1)
    return f"{first[0]}. {last}" if person.naming == "cut short" else person.member.name


def _filled(step: Step, rng: random.Random, now: datetime) -> dict[str, str]:
    """Return the fields of a step with its dates and the way of contact."""
    today = now.astimezone(zone()).date()
    fields = dict(step.fields)
    if step.page == "contacts":
        ways = {"phone": 14, "in_person": 4, "video": 1, "mail": 1}
        fields["channel"] = rng.choices(list(ways), list(ways.values()))[0]
        fields["happened_on"] = today.isoformat()
    elif step.page == "follow-up":
        fields["on"] = (today + timedelta(days=int(fields.pop("days")))).isoformat()
    return fields


def play_year(folder: Path, *, seed: int, reports: int) -> Figures:
    """Play the last calendar year in a database in `folder`, and count what came of it."""
    first_day = date(utc_now().year - 1, 1, 1)
    began = datetime.combine(first_day, time(), zone())
    app = make_app(folder, began)
    year = Year(app, plan_year(first_day, reports, seed), seed)
    days = [began + timedelta(days=day) for day in range(DAYS + AFTERMATH)]
    try:
        with click.progressbar(days, label=f"a year, seed {seed}", file=sys.stderr) as bar:
            for day in bar:
                year.stage.play(day, day + timedelta(days=1))
        with app.app_context():
            return count_figures(current_runtime().storage.session())
    finally:
        year.stage.close()


def make_app(folder: Path, began: datetime) -> Flask:
    """Return the example hospital with its programme, new at the instant `began`."""
    app = create_app(
        {
            "SECRET_KEY": secrets.token_hex(16),
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'year.sqlite'}",
            "PEERSUPPORT_KEYRING": str(folder / "keyring.json"),
            "PEERSUPPORT_WORKER": "separate",
        }
    )
    with app.app_context(), stopped_at(began):
        write_lightly(db.engine)
        upgrade()
        add_hospital(db.session)
        db.session.commit()
        peersupport_demo.prepare(app)
    return app


@click.command("simulate")
@click.option("--year", "is_year", is_flag=True, help="Play a year of the programme.")
@click.option("--seed", default=1, show_default=True, help="Which of all possible years.")
@click.option(
    "--reports",
    default=130,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="How many reports are made in the year.",
)
def simulate(is_year: bool, seed: int, reports: int) -> None:
    """Play the programme with an invented clock and people, in a database that is thrown away."""
    if not is_year:
        raise click.UsageError("Say what to play: flask --app example_app simulate --year")
    with TemporaryDirectory(prefix="noorderhaven-") as folder:
        # a context of its own: the pages must not see the user or the session of another
        figures = contextvars.Context().run(play_year, Path(folder), seed=seed, reports=reports)
    for line in figures.lines():
        click.echo(line)


def init_app(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(simulate)
