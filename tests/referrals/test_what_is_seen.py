"""After a referral of two colleagues: what each role sees, beside a list written by hand."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.clock import utc_now
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.intake.payload import Payload
from flask_peersupport.intake.storing import intake_row
from flask_peersupport.reachouts.models import ReachOut
from flask_peersupport.testing import CapturedMail, CapturedMails
from flask_peersupport.values import Report
from tests.intake.conftest import STAFF, email_of, runtime
from tests.minimal_host import User, db
from tests.reachouts.conftest import Programme
from tests.referrals.passing_on import (
    KAREL,
    NAMED,
    OFFICER,
    expand,
    make_links,
    pass_on,
    prepare_with_officer,
)
from tests.sessions.hospital import Browser, working

#: What somebody could learn from a page, by name: how it reads there.
FACTS = {
    "Anna Vos": "Anna Vos",
    "Karel Kok": "Karel Kok",
    "the address of Anna Vos": r"anna\.vos@",
    "the address of Karel Kok": r"karel\.kok@",
    "their ward": "Ward 2",
    "the officer": "Rosa Reporter",
    "the number": "K-7",
    "the file": "/complaints/7",
    "a case": r"\b[Cc]omplaint(?!s officer)",
    "passed on": r"complaints officer",
    "by a link": r"personal link|opened the link",
    "the supporter": r"Selma Steun|Sven Steun|Sofie Steun",
}


def words_of(page: str) -> str:
    """Return what a page of ours says and links to, without the links above it and forms."""
    body = page[page.index('<div class="ps ps-page"') :] if "ps ps-page" in page else page
    body = body.replace("<wbr>", "")
    body = re.sub(r'<nav class="ps-nav".*?</nav>', "", body, flags=re.DOTALL)
    links = " ".join(re.findall(r'href="([^"]*)"', body))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body) + " " + links).split())


def facts_in(words: str) -> set[str]:
    """Return what can be learnt from words."""
    return {name for name, pattern in FACTS.items() if re.search(pattern, words)}


@dataclass
class Seen:
    """The hospital after the referral, and who is who."""

    programme: Programme
    users: dict[str, int]
    #: The reach-out that has a supporter, the one for which somebody is asked, and that question.
    taken: str
    asking: str
    request: str
    names: dict[str, str]

    def facts(self, role: str, page: str) -> set[str]:
        """Return what a role learns from a page; nothing where there is none for it."""
        ids = {
            "/reach-outs/taken": f"/reach-outs/{self.taken}",
            "/reach-outs/asking": f"/reach-outs/{self.asking}",
            "/requests/asking": f"/requests/{self.request}",
        }
        response = Browser(self.programme, self.users[role]).get(ids.get(page, page))
        if response.status_code == 404:
            return set()
        assert response.status_code == 200
        found = facts_in(words_of(response.get_data(as_text=True)))
        for which, name in self.names.items():
            found = {fact.replace(name, which) for fact in found}
        return found

    def more(self, page: str, facts: set[str]) -> set[str]:
        """Return "by a link" where the page of Karel says where the name came from."""
        about = {"taken", "asking"} & facts
        is_karel = {self.names[which] for which in about} == {"Karel Kok"}
        is_own = page in ("/mine", "/reach-outs/taken") and "the number" not in facts
        return {"by a link"} if is_karel and is_own else set()


@pytest.fixture(params=["by name", "by link"])
def seen(make_app: Callable[..., Flask], request: pytest.FixtureRequest) -> Seen:
    """Anna was passed on by name, Karel by a link; the one of them has a supporter by now."""
    programme = prepare_with_officer(make_app())
    programme.app.extensions["peersupport_mailer"] = CapturedMails()
    users = add_roles(programme)
    register_complaint(programme)
    pass_on(programme, ref="K-7", **NAMED)
    (path,) = make_links(programme, ref="K-7")
    expand(programme)
    Browser(programme, KAREL).post(path)
    expand(programme)
    with working(programme.app) as session:
        rows = {row.person.name: row for row in session.scalars(sa.select(ReachOut)) if row.person}
        asked = {name: row.requests[0] for name, row in rows.items()}
        ids = {name: row.id for name, row in rows.items()}
        requests = {name: one.id for name, one in asked.items()}
        holders = {
            name: int(one.supporter.record.person.user_id or 0) for name, one in asked.items()
        }
    taken, open_ = ("Anna Vos", "Karel Kok")[:: 1 if request.param == "by name" else -1]
    users["accepted supporter"], users["asked supporter"] = holders[taken], holders[open_]
    (users["other supporter"],) = {STAFF.selma, STAFF.sven, STAFF.sofie} - set(holders.values())
    holder = Browser(programme, holders[taken])
    holder.post(f"/requests/{requests[taken]}/accept", form=f"/requests/{requests[taken]}")
    expand(programme)
    users["taken"], users["asking"] = users[taken], users[open_]
    names = {"taken": taken, "asking": open_}
    return Seen(programme, users, ids[taken], ids[open_], requests[open_], names)


def add_roles(programme: Programme) -> dict[str, int]:
    """Give each role to somebody who has no other, and return who is who."""
    users = {"officer": OFFICER, "coordinator": STAFF.bram}
    users |= {"Anna Vos": STAFF.anna, "Karel Kok": KAREL}
    with programme.app.app_context():
        for number, role in enumerate(("trainer", "board", "privacy_officer", "nobody"), 20):
            db.session.add(User(id=number, name=f"One {number}", department="Ward 8"))
            users[role] = number
        db.session.commit()
    with working(programme.app) as session:
        for role in ("trainer", "board", "privacy_officer"):
            somebody = runtime(programme.app).users.get(str(users[role]))
            assert somebody is not None
            grant_role(session, role, somebody, actor=COMMAND, now=utc_now())
        session.commit()
    return users


def register_complaint(programme: Programme) -> None:
    """Let the host report the complaint itself, with the address of its file."""
    report = Report(
        "complaint", "K-7", "Ward 1", url="https://reports.hospital.example/complaints/7"
    )
    with working(programme.app) as session:
        row = intake_row(runtime(programme.app), Payload(report, {}), now=utc_now())
        session.execute(sa.insert(IntakeRecord), row)
        session.commit()


#: What each role learns from which page; from a page that is not named here: nothing. "Taken" is
#: the colleague who has a supporter by now, "asking" the other.
CASE, WARD, SUPPORTER = "a case", "their ward", "the supporter"
EVERYBODY_LISTED = {"/supporters/me": {SUPPORTER}, "/directory": {SUPPORTER}, "/mine": {SUPPORTER}}
SEEN: dict[str, dict[str, set[str]]] = {
    # what the officer did, and never to what it led; the first page says what the role does
    "officer": {
        "/": {CASE},
        "/refer": {CASE, "the number"},
        "/flyer": {CASE},
        "/mine": {"the officer"},
    },
    "coordinator": {
        "/flyer": {CASE},
        "/queue": {CASE, WARD, SUPPORTER, "passed on", "taken", "asking"},
        "/reach-outs/taken": {
            *(CASE, WARD, SUPPORTER, "passed on", "the number", "the file"),
            *("taken", "the address of taken"),
        },
        "/reach-outs/asking": {
            *(CASE, WARD, SUPPORTER, "passed on", "the number", "the file"),
            *("asking", "the address of asking"),
        },
        # who was sent a mail, not about what
        "/messages": {SUPPORTER},
        "/supporters": {SUPPORTER},
        "/supporters/load": {SUPPORTER},
        "/directory": {SUPPORTER},
    },
    "asked supporter": EVERYBODY_LISTED
    | {"/requests": {CASE, "asking"}, "/requests/asking": {CASE, WARD, "asking"}},
    # how to reach the colleague, but neither the number nor the file
    "accepted supporter": EVERYBODY_LISTED
    | {
        "/requests": {CASE, "taken"},
        "/reach-outs/taken": {CASE, WARD, "passed on", "taken", "the address of taken"},
    },
    "other supporter": EVERYBODY_LISTED,
    # each colleague sees themself, and who will call
    "taken": {
        "/mine": {WARD, SUPPORTER, "passed on", "taken", "the address of taken"},
    },
    "asking": {"/mine": {WARD, "passed on", "asking", "the address of asking"}},
    "trainer": {},
    "board": {},
    "privacy_officer": {},
    "nobody": {},
}
PAGES = (
    *("/", "/refer", "/flyer", "/queue", "/reach-outs/taken", "/reach-outs/asking"),
    *("/requests", "/requests/asking", "/mine", "/messages", "/supporters", "/supporters/me"),
    *("/supporters/load", "/directory", "/sessions", "/resources", "/concerns", "/surveys"),
)


def test_each_role_learns_what_is_listed_and_nothing_else(seen: Seen) -> None:
    learnt = {
        role: {page: facts for page in PAGES if (facts := seen.facts(role, page))} for role in SEEN
    }
    assert learnt == {
        role: {page: facts | seen.more(page, facts) for page, facts in pages.items()}
        for role, pages in SEEN.items()
    }


def fields_in(page: str) -> dict[str, str]:
    """Return the facts of a page, by their names."""
    found = re.findall(r"<dt[^>]*>(.*?)</dt>\s*<dd[^>]*>(.*?)</dd>", page, re.DOTALL)
    return {name: " ".join(re.sub(r"<[^>]+>", "", text).split()) for name, text in found}


def today() -> str:
    """Return today as pages write it."""
    day = utc_now().astimezone(ZoneInfo("Europe/Amsterdam"))
    return f"{day.day} {day:%B %Y}"


def test_cards_and_lists_say_what_they_should(seen: Seen) -> None:
    check_request(seen)
    check_call_card(seen)
    check_list(seen)


def check_request(seen: Seen) -> None:
    """While asked a supporter sees enough to declare a conflict."""
    page = Browser(seen.programme, seen.users["asked supporter"]).text(f"/requests/{seen.request}")
    assert fields_in(page) == {
        "Name": seen.names["asking"],
        "Department": "Ward 2",
        "After": "complaint",
        "Date": today(),
    }


def check_call_card(seen: Seen) -> None:
    """The card says where the name came from, and it is true."""
    page = Browser(seen.programme, seen.users["accepted supporter"]).text(
        f"/reach-outs/{seen.taken}"
    )
    words = words_of(page)
    sentences = {
        "Anna Vos": (
            "The complaints officer passed on your name, so I am calling you.",
            "The name came from the complaints officer.",
        ),
        "Karel Kok": (
            "You opened the link that the complaints officer gave you, so I am calling you.",
            "The complaints officer handed over a personal link, and the colleague opened it "
            "themself.",
        ),
    }
    mine = sentences[seen.names["taken"]]
    assert [one for pair in sentences.values() for one in pair if one in words] == list(mine)


def check_list(seen: Seen) -> None:
    """The officer sees what was passed on, and no more."""
    page = Browser(seen.programme, OFFICER).text("/refer")
    items = re.findall(r'<li class="ps-item">(.*?)</li>', page, re.DOTALL)
    lines = [" ".join(re.sub(r"<[^>]+>", " ", item).split()) for item in items]
    assert sorted(lines) == [
        f"Complaint K-7 {today()} 1 colleague passed on",
        f"Complaint K-7 {today()} 1 link handed over",
    ]


def test_no_mail_of_the_journey_tells_anything(seen: Seen) -> None:
    mails: list[CapturedMail] = seen.programme.app.extensions["peersupport_mailer"]
    staff = {"asked supporter", "accepted supporter"}
    assert sorted(mail.to for mail in mails) == sorted(email_of(seen.users[role]) for role in staff)
    for mail in mails:
        said = [mail.subject, mail.text]
        said += [str(part.get_content()) for part in mail.message.walk() if is_text(part)]
        for text in said:
            assert facts_in(text) == set()
            assert re.findall(r"Ward|klacht|complaint|Rosa|Anna|Karel|K-7", text, re.I) == []
        assert "Peer support" in mail.subject


def is_text(part: Any) -> bool:
    """Return whether a part of a mail is a text."""
    return bool(part.get_content_maintype() == "text")
