"""Every door from its form to the end: what each mail on the way may say, and to whom.

Colleagues involved read no name but their own, no department, no report and no telling word; staff
read no colleague, department or report. Links lead behind the sign-in.
"""

from __future__ import annotations

import contextvars
import re
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from functools import partial
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask

from example_app import create_app, peersupport_demo
from example_app.extensions import db
from example_app.models import Calamity, Complaint, Department, Incident, User
from example_app.people import DEMO_LOGINS, staff
from example_app.recent_days import member
from example_app.seed import seed
from example_app.stage import Letter, Posting, Stage, zone
from flask_peersupport.clock import stopped_at, utc_now
from flask_peersupport.outbox.mails import MAILS, Audience
from flask_peersupport.outbox.models import Message
from flask_peersupport.outbox.telling import telling_words_in
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut, SupportRequest
from flask_peersupport.reachouts.states import Origin, Outcome, ReachOutState
from flask_peersupport.referrals.models import Concern
from flask_peersupport.runtime import current_runtime

COORDINATOR, PLANNER, OFFICER = "ellen.dijkstra", "kees.faber", "fatima.elamrani"
DECLINED, ASKED_THEMSELF = "willem.hoekstra", "sanne.dejong"
# none of them is a supporter, who would have mail as such
NAMED = member(("Anesthesiologie", "nurse", 1)).username
REFERRED = member(("Urologie", "nurse", 1)).username
WITH_LINK = member(("Neurologie", "physician", 1)).username
WORRIED = member(("Longziekten", "physician", 0)).username
WORRIED_ABOUT = member(("Cardiologie", "physician", 1)).username
GUEST, GUEST_ADDRESS = "Ineke Overdijk-Zwart", "i.overdijk@elders.example"
NOBODY = "dokter Van Zanten (waarnemer)"
COLLEAGUES = (DECLINED, ASKED_THEMSELF, NAMED, REFERRED, WITH_LINK, WORRIED_ABOUT)
#: Numbers that stand in no mail by chance.
CALAMITY, INCIDENT = 48151, 62342
URL = re.compile(r"https?://[^\s<>\"]+")
TAG = re.compile(r"<[^>]*>")
HREF = re.compile(r'(?:href|src)="([^"]*)"')


class Play:
    """The doors, one after the other, and everybody's mail."""

    def __init__(self, app: Flask, start: datetime) -> None:
        self.app = app
        self.start = start
        self.stage = Stage(app, self._receive)
        self.letters: list[tuple[str, Letter]] = []
        self._is_expired = False
        for hours, act in (
            (0, self._report),
            (0.2, self._plan_analysis),
            (1, self._refer),
            (1.1, self._hand_over_link),
            (2, self._worry),
            (3, self._ask_for_oneself),
            (7, self._leave_alone),
            (30, self._choose_another_time),
        ):
            self.stage.at(start + timedelta(hours=hours), act)

    def run(self) -> None:
        """Let three weeks pass."""
        try:
            self.stage.play(self.start, self.start + timedelta(days=21))
        finally:
            self.stage.close()

    def _post(self, username: str, now: datetime, path: str, **fields: str) -> None:
        self.stage.post(username, now, f"/peersupport/{path}", fields)

    def _report(self, now: datetime) -> None:
        """A surgeon who has no need now names a nurse, a guest, and somebody unknown."""
        guest = {"email": GUEST_ADDRESS, "phone": "06 1234 5678", "department": "Cardiologie"}
        colleagues = [{"name": name_of(NAMED)}, {"name": GUEST, **guest}, {"name": NOBODY}]
        posting = Posting(
            kind="calamity",
            username=DECLINED,
            department="Vaatchirurgie",
            occurred_at=utc_now() - timedelta(hours=2),
            title="Nabloeding",
            ticks=("me-involved",),
            colleagues=colleagues,
        )
        number, _answer = self.stage.submit(posting, now)
        assert number == str(CALAMITY)

    def _plan_analysis(self, now: datetime) -> None:
        day = (self.start + timedelta(days=9)).date()
        path, fields = f"/calamities/{CALAMITY}/analysis", {"analysis_at": f"{day}T14:00"}
        self.stage.post(PLANNER, now, path, fields)

    def _refer(self, now: datetime) -> None:
        name = {"peersupport-colleagues-0-name": name_of(REFERRED)}
        case = {"kind": "complaint", "ref": complaint(self.app), "department": "Urologie"}
        self._post(OFFICER, now, "refer", way="named", knows="1", **case, **name)

    def _hand_over_link(self, now: datetime) -> None:
        case = {"kind": "disciplinary", "ref": "T-77321", "department": "Neurologie"}
        fields = {"way": "link", "count": "1", **case}
        page = self.stage.post(OFFICER, now, "/peersupport/refer", fields, is_shown=True).text
        (token,) = set(re.findall(r"/refer/([\w-]{40,})", page))
        self._post(WITH_LINK, now + timedelta(minutes=20), f"refer/{token}", channel="phone")

    def _worry(self, now: datetime) -> None:
        self._post(WORRIED, now, "concern", name=name_of(WORRIED_ABOUT), may_be_told="1")
        with self.app.app_context():
            concern_id = db.session.scalars(sa.select(Concern.id)).one()
        later = now + timedelta(hours=1)
        path = f"concerns/{concern_id}/approach"
        self.stage.at(later, lambda moment: self._post(COORDINATOR, moment, path))

    def _ask_for_oneself(self, now: datetime) -> None:
        self._post(ASKED_THEMSELF, now, "self", channel="phone", day_part="morning")

    def _leave_alone(self, now: datetime) -> None:
        """The coordinator cannot find out who the unknown one is."""
        unknown = self.reach_outs()[NOBODY]
        self._post(COORDINATOR, now, f"reach-outs/{unknown}/withdraw")

    def _choose_another_time(self, now: datetime) -> None:
        own = self.reach_outs()[name_of(ASKED_THEMSELF)]
        path = f"mine/offers/{own}/preferences"
        self._post(ASKED_THEMSELF, now, path, channel="in_person", day_part="evening")

    def reach_outs(self) -> dict[str, str]:
        """Return the id of each reach-out by the colleague's name."""
        with self.app.app_context():
            rows = db.session.scalars(sa.select(ReachOut))
            return {row.person.name: row.id for row in rows if row.person is not None}

    def _receive(self, letter: Letter, now: datetime) -> None:
        """Keep a mail; who is asked says yes, but the first is silent until it is too late."""
        row_id = str(letter.message["Message-ID"]).strip("<>").partition("@")[0]
        with self.app.app_context():
            self.letters.append((db.session.get_one(Message, row_id).template, letter))
        if letter.page != "requests":
            return
        if not self._is_expired:
            self._is_expired = True
            return
        self.stage.at(now + timedelta(minutes=30), partial(self._accept, letter))

    def _accept(self, letter: Letter, now: datetime) -> None:
        self._post(letter.username, now, f"requests/{letter.object_id}/accept")
        with self.app.app_context():
            request = db.session.get_one(SupportRequest, letter.object_id)
            has_it = request.reach_out.supporter_id == request.supporter_id
            page = f"reach-outs/{request.reach_out.id}"
            person = request.reach_out.person
            # the guest still has a supporter when the analysis is discussed
            end = 300 if person is not None and person.name == GUEST else 72
        if not has_it:
            return
        post = partial(self._post, letter.username)
        talk = {"channel": "phone", "kind": "first", "outcome": "conversation"}
        for hours, path, fields in (
            (1, "call-me", {}),
            (40, "contacts", talk),
            (end, "close", {"outcome": "supported"}),
        ):
            act = partial(self._do, post, f"{page}/{path}", fields)
            self.stage.at(now + timedelta(hours=hours), act)

    @staticmethod
    def _do(post: partial[None], path: str, fields: dict[str, str], now: datetime) -> None:
        local = now.astimezone(zone()).date()
        post(now, path, **fields, happened_on=local.isoformat())


def name_of(username: str) -> str:
    return next(one.name for one in staff() if one.username == username)


def complaint(app: Flask) -> str:
    with app.app_context():
        newest = sa.select(Complaint.number).order_by(Complaint.id.desc()).limit(1)
        return db.session.scalars(newest).one()


def prepare(instance: Path, locale: str) -> Flask:
    """Return the example whose staff all read one language, with numbers that tell."""
    app = create_app(
        {
            "PEERSUPPORT_WORKER": "separate",
            "PEERSUPPORT_LOCALES": ("nl", "en"),
            "PEERSUPPORT_BASE_URL": "https://intern.noorderhaven.example",
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{instance / 'doors.sqlite'}",
        }
    )
    with app.app_context():
        db.create_all()
        seed(db.session)
        db.session.execute(sa.update(User).values(locale=locale))
        for model, number in ((Calamity, CALAMITY), (Incident, INCIDENT)):
            last = sa.select(sa.func.max(model.id)).scalar_subquery()
            moved = sa.update(model).where(model.id == last).values(id=number - 1)
            db.session.execute(moved.execution_options(synchronize_session=False))
        db.session.commit()
        peersupport_demo.prepare(app)
        db.session.remove()
    return app


@pytest.fixture(params=["nl", "en"])
def play(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """All doors in one language, played to the end."""
    monkeypatch.setenv("EXAMPLE_INSTANCE_PATH", str(tmp_path / "instance"))
    (tmp_path / "instance").mkdir()

    def run() -> Play:
        app = prepare(tmp_path / "instance", request.param)
        tomorrow = (utc_now() + timedelta(days=1)).astimezone(zone()).date()
        played = Play(app, datetime.combine(tomorrow, time(9), zone()))
        played.run()
        return played

    return contextvars.Context().run(run)


def words_of(mail: EmailMessage) -> str:
    """Return all that a recipient can read of a mail, and what its sources hold beside that."""
    texts = [str(mail["Subject"]), str(mail["From"])]
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        texts.append(unescape(TAG.sub(" ", body.get_content())))
    return "\n".join(texts)


def links_of(mail: EmailMessage) -> set[str]:
    """Return every address in a mail."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    source = html.get_content()
    return {*URL.findall(text.get_content()), *HREF.findall(source), *URL.findall(source)}


def holds(text: str, phrase: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE) is not None


def assert_leads_behind_the_sign_in(app: Flask, link: str) -> None:
    parts = urlsplit(link)
    assert parts.netloc == "intern.noorderhaven.example"
    origin = f"https://{parts.netloc}"
    answer = app.test_client().get(parts.path, base_url=origin, follow_redirects=True)
    assert answer.request.path == "/sign-in"


def test_no_mail_of_any_door_tells_what_it_must_not(play: Play) -> None:
    app = play.app
    with app.app_context(), stopped_at(play.start):
        settings = current_runtime().settings
        programme, neutral = settings.programme_name, settings.neutral_path
        departments = list(db.session.scalars(sa.select(Department.name)))
        everybody = set(db.session.scalars(sa.select(User.name)))
        locale = db.session.scalars(sa.select(User.locale).distinct()).one()
        rows = db.session.scalars(sa.select(ReachOut)).all()
        origins = {row.person.name: row.origin for row in rows if row.person is not None}
        outcomes = {row.person.name: row.outcome for row in rows if row.person is not None}
        assert {row.state for row in rows} == {ReachOutState.CLOSED}
        named = db.session.scalar(sa.select(sa.func.count(InvolvedRecord.id)))
    # every door was gone through to its end
    assert origins == {
        name_of(NAMED): Origin.REPORT,
        GUEST: Origin.REPORT,
        NOBODY: Origin.REPORT,
        name_of(REFERRED): Origin.COMPLAINT_REFERRAL,
        name_of(WITH_LINK): Origin.COMPLAINT_REFERRAL,
        name_of(WORRIED_ABOUT): Origin.CONCERN,
        name_of(ASKED_THEMSELF): Origin.SELF,
    }
    assert outcomes.pop(NOBODY) is Outcome.WITHDRAWN
    assert set(outcomes.values()) == {Outcome.SUPPORTED}
    assert named == len(origins) + 1  # and the one whose own answer was no
    assert {template for template, _letter in play.letters} == {
        *("supporter_asked", "request_closed", "attention", "contact_reminder", "overdue"),
        *("concern_raised", "offer_changed", "call_me", "once_more", "call_once_more"),
    }
    numbers = [str(CALAMITY), complaint(app), "T-77321"]
    places = [*departments, *(a for names in peersupport_demo.ALIASES.values() for a in names)]
    involved = [*map(name_of, COLLEAGUES), GUEST, NOBODY, "Overdijk", "Van Zanten"]
    for template, letter in play.letters:
        mail, text = letter.message, words_of(letter.message)
        address = str(mail["To"])
        assert address != GUEST_ADDRESS
        assert mail["Content-Language"] == locale
        assert [place for place in places if holds(text, place)] == []
        assert [number for number in numbers if holds(text, number)] == []
        own_name = name_of(letter.username) if "@noorderhaven" in address else ""
        if MAILS[template].audience is Audience.COLLEAGUE:
            assert letter.username in COLLEAGUES
            assert telling_words_in(text) == []
            assert [n for n in everybody - {own_name} if holds(text, n)] == []
            assert {urlsplit(link).path for link in links_of(mail)} == {neutral}
            assert programme not in text
        else:
            assert letter.username not in COLLEAGUES
            assert [name for name in involved if holds(text, name)] == []
            assert programme in text
        for link in links_of(mail):
            assert_leads_behind_the_sign_in(app, link)
    # the nurse and the surgeon who declined, two days before and after; the guest never
    told = [letter.username for template, letter in play.letters if template == "once_more"]
    assert sorted(told) == sorted([NAMED, DECLINED] * 2)


def test_nobody_in_the_play_has_two_parts() -> None:
    logins = {login.username for login in DEMO_LOGINS}
    assert len({*COLLEAGUES, COORDINATOR, PLANNER, OFFICER, WORRIED}) == len(COLLEAGUES) + 4
    assert logins.isdisjoint({NAMED, REFERRED, WITH_LINK, WORRIED, WORRIED_ABOUT})
