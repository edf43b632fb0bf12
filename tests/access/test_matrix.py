"""Every rule, every method, every role, on what is one's own, another's and absent.

What is allowed is written by hand below; everything else must answer exactly like an address
that does not exist.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import orm

from flask_peersupport.access.models import Department
from flask_peersupport.access.roles import ROLES, grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.nominations.actions import RoundDetails, close_round, open_round
from flask_peersupport.nominations.ballots import cast_vote
from flask_peersupport.nominations.box import Choice
from flask_peersupport.nominations.models import Nominee
from flask_peersupport.nominations.rules import FEWEST_ANSWERS
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.models import (
    AnalysisMeeting,
    ReachOut,
    ReportRecord,
    SupportRequest,
)
from flask_peersupport.reachouts.states import AnalysisKind, AnalysisSource
from flask_peersupport.referrals.models import Concern
from flask_peersupport.referrals.states import ConcernState
from flask_peersupport.resources.models import Resource
from flask_peersupport.resources.states import ResourceKind, Tier
from flask_peersupport.sessions.models import (
    Attendance,
    ProgrammeSession,
    Resolution,
    SessionTrainer,
    Theme,
)
from flask_peersupport.sessions.states import SessionKind, SessionState, SignUp, TargetGroup
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.availability import Period
from flask_peersupport.supporters.availability_actions import add_period
from flask_peersupport.supporters.declarations import declare, own_conflicts
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Involved, Person
from flask_peersupport.vault.persons import store_person
from tests.intake.conftest import STAFF, engine_of, person, runtime
from tests.minimal_host import User, db
from tests.reachouts.conftest import NOW, Programme, anna, prepare

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
#: Those that no page of ours takes, whoever asks: one of them at each address, or all in a sweep.
NEVER_TAKEN = METHODS[3:]
IS_SWEEP = os.environ.get("PEERSUPPORT_SWEEP") == "full"

#: role → the addresses it may use. "own" is what concerns the role itself, "other" another's.
#: G: GET and HEAD. P: POST. Nothing else is ever allowed.
#: There is no logo here: it answers like what is absent. tests/test_printing.py has one.
#: Open to who has no account, too: nothing is shown before a link and a code are right (P31).
STEP = (
    *("accept", "decline", "contacts", "follow-up", "later", "remark", "close", "hand-back"),
    "call-me",
)
OPEN = {
    "/external": "GP",
    "/external/absent": "GP",
    **{f"/external/step/{action}": "GP" for action in STEP},
}
EVERYBODY = {"/": "G", "/people": "GP", "/sessions/mine": "G", "/sessions/mine.ics": "G"} | OPEN
EVERYBODY |= {"/sessions": "G", "/sessions/open": "G", "/sessions/open/sign-up": "P"}
#: A round is open for the whole hospital, another for heads alone, and one has closed.
EVERYBODY |= {
    "/nominations": "G",
    "/nominations/own": "G",
    "/nominations/own/vote": "GP",
    # it may have closed while the page was open
    "/nominations/closed/vote": "P",
}
#: Where to turn, and the card for the first hours: for everybody to read.
EVERYBODY |= {"/resources": "G", "/first-hours": "G"}
HELP = {
    "/resources/add": "GP",
    "/resources/own": "GP",
    "/resources/own/confirm": "P",
    "/resources/own/remove": "P",
    "/first-hours/edit": "GP",
}
#: A personal link looks the same to everybody, good or not.
EVERYBODY |= {"/refer/absent": "GP"}
#: What is held about oneself, and what everybody may choose about it.
EVERYBODY |= {"/mine": "G", "/mine/erased": "G", "/mine/erase": "P"}
EVERYBODY |= {"/mine/never-again": "P", "/mine/never-again/take-back": "P"}
EVERYBODY |= {"/self": "GP", "/concern": "GP"}
CHOICES = ("preferences", "another", "later", "decline", "again", "questions")
#: Concerns: "own" is about the colleague of the reports, "barred" about a coordinator.
CONCERNS = {
    f"/concerns/{which}{action}": letters
    for which in ("own", "barred")
    for action, letters in {
        "": "G",
        **{f"/{name}": "P" for name in ("approach", "wait", "merge", "set-aside")},
    }.items()
} | {"/concerns": "G"}
ROUNDS = {
    "/nominations/open": "GP",
    "/nominations/own/change": "GP",
    "/nominations/own/close": "P",
    "/nominations/own/invite": "P",
    "/nominations/own/letter": "G",
    "/nominations/heads": "G",
    "/nominations/heads/change": "GP",
    "/nominations/heads/close": "P",
    "/nominations/heads/invite": "P",
    "/nominations/heads/letter": "G",
    "/nominations/closed": "G",
    "/nominations/closed/close": "P",
    "/nominations/closed/letter": "G",
    "/nominations/nominee/invite": "P",
}
#: Names of who takes part, for trainers.
LISTS = {
    "/sessions/hours": "G",
    "/sessions/papers.ics": "G",
    "/sessions/papers/certificates": "G",
    "/sessions/papers/attendance-list": "G",
    "/sessions/papers/attendance.xlsx": "G",
}
#: Sessions that trainers and coordinators plan and record: one for everybody that is still to come,
#: and a training for supporters that was held. "place" is somebody's place in the first.
TRAINING = {"/sessions/plan": "GP", "/sessions/place/remove": "P"} | {
    f"/sessions/{which}{action}": letters
    for which in ("open", "papers")
    for action, letters in {
        "": "G",
        "/change": "GP",
        "/cancel": "P",
        "/attendance": "GP",
        "/participants": "P",
        "/import": "GP",
    }.items()
}
#: What came of sessions: trainers and coordinators note it.
OUTCOMES = {
    "/sessions/themes": "GP",
    "/sessions/themes/own": "P",
    "/sessions/themes/own/retire": "P",
    "/sessions/themes/own/bring-back": "P",
    "/sessions/intervision": "G",
    "/sessions/reached": "G",
    "/sessions/resolutions": "G",
    "/sessions/resolutions/own": "GP",
    "/sessions/resolutions/own/done": "P",
    "/sessions/resolutions/own/reopen": "P",
    "/sessions/circle/intervision": "GP",
    "/sessions/meeting/resolutions": "GP",
    "/sessions/meeting/remarks": "P",
    "/sessions/meeting/directory": "P",
    "/sessions/lecture/reached": "GP",
}
#: Support of a group after one of the reports.
GROUP = {
    "/sessions/group": "G",
    "/sessions/group/reached": "GP",
    "/group-support/reports/own": "GP",
    "/group-support/group": "GP",
    "/group-support/group/cancel": "P",
}
ROSTER = (
    LISTS
    | OUTCOMES
    | TRAINING
    | ROUNDS
    | HELP
    | CONCERNS
    | {
        "/surveys": "G",
        "/supporters": "G",
        "/supporters/add": "GP",
        "/supporters/import": "GP",
        "/supporters/own": "GP",
        "/supporters/own/state": "P",
        "/supporters/own/profile": "P",
        "/supporters/own/training": "P",
        "/supporters/own/invite": "P",
        "/supporters/own/answer": "P",
        "/supporters/own/letter": "G",
        "/supporters/appoint": "GP",
        "/supporters/letters/own": "G",
        # only of who has no account is it noted by others
        "/supporters/unsigned/directory": "P",
        "/supporters/load": "G",
        "/supporters/coverage": "G",
        "/directory": "G",
        "/supporters/own/pause": "P",
        "/supporters/own/resume": "P",
        # only for who works outside the hospital and cannot sign in
        "/supporters/outside/code": "GP",
        "/departments": "G",
        "/departments/add": "GP",
        "/departments/import": "GP",
        "/departments/own": "GP",
        "/messages": "G",
        "/messages/own/resend": "P",
        "/queue": "G",
        "/queue/retry-intake": "P",
        "/queue/found": "G",
        "/queue/found/done": "P",
        "/queue/found/own/done": "P",
        "/flyer": "G",
    }
)
# the message is about a reach-out, and the report that was found is one of the two
ABOUT_THEM = ("/messages/own/resend", "/queue/found/own/done")
UNBARRED = {address: letters for address, letters in ROSTER.items() if address not in ABOUT_THEM}


def without(allowed: dict[str, str], prefix: str) -> dict[str, str]:
    return {address: letters for address, letters in allowed.items() if prefix not in address}


OWN_AVAILABILITY = {
    "/supporters/me": "G",
    "/supporters/me/availability": "P",
    "/supporters/me/week": "P",
    "/supporters/me/periods": "P",
    "/supporters/me/conflicts": "G",
    "/supporters/me/conflicts/colleague": "P",
    "/supporters/me/conflicts/department": "P",
    "/supporters/me/load": "G",
    "/surveys/supporters": "GP",
    "/supporters/me/informal": "P",
    "/supporters/me/informal/undo": "P",
    "/supporters/me/directory": "P",
    # closed, as the group has not decided yet
    "/directory": "G",
    "/supporters/me/pause": "P",
    "/supporters/me/resume": "P",
    "/requests": "G",
    "/sessions/resolutions": "G",
    "/sessions/papers": "G",
    # too late, as the page says
    "/sessions/papers/sign-up": "P",
}
NOTING = ("contacts", "follow-up", "later", "close", "hand-back")
DECIDING = ("ask", "answered", "withdraw", "identify", "clear-name", "called")
TAKEN = {"/reach-outs/taken": "G"} | {
    f"/reach-outs/taken/{action}": "P" for action in (*NOTING, "remark", "call-me")
}
COORDINATING = {
    f"/reach-outs/{which}{action}": "G" if not action else "P"
    for which in ("taken", "asking")
    for action in ("", *(f"/{name}" for name in (*NOTING, *DECIDING)))
}
COORDINATING |= {f"/reach-outs/{which}/analysis": "GP" for which in ("taken", "asking")}
#: The meeting in which one of the reports is discussed.
COORDINATING |= {"/analysis/own": "G"}
COORDINATING |= {"/reach-outs/meeting": "P", "/reach-outs/meeting/cancel": "P"}
# nobody is asked for the one that is taken, so there is no answer to note
del COORDINATING["/reach-outs/taken/answered"]

ALLOWED: dict[str, dict[str, str]] = {
    "nobody": EVERYBODY,
    "complaints_officer": EVERYBODY | {"/refer": "GP", "/flyer": "G"},
    "trainer": EVERYBODY | LISTS | OUTCOMES | TRAINING,
    "board": EVERYBODY | {"/sessions/reached": "G", "/surveys": "G"},
    "privacy_officer": EVERYBODY,
    "coordinator": EVERYBODY | ROSTER | COORDINATING | GROUP,
    # a coordinator who is named in both reports sees nothing of them
    "barred_coordinator": EVERYBODY | without(UNBARRED, "/concerns/barred"),
    # a coordinator who bears the name of somebody in them, until another clears that
    "namesake_coordinator": EVERYBODY | without(UNBARRED, "/concerns/own"),
    "asked_supporter": EVERYBODY
    | OWN_AVAILABILITY
    | {"/requests/asked": "G", "/requests/asked/accept": "P", "/requests/asked/decline": "P"}
    | {"/supporters/me/periods/own/end": "P", "/supporters/me/conflicts/own/remove": "P"}
    # they have a place there, and cannot confirm yet that they came
    | {"/sessions/open/withdraw": "P", "/sessions/open/confirm": "P"},
    "accepted_supporter": EVERYBODY
    | OWN_AVAILABILITY
    | TAKEN
    | {"/requests/taken": "G", "/requests/taken/accept": "P", "/requests/taken/decline": "P"}
    # they were at that training
    | {"/sessions/papers.ics": "G", "/sessions/papers/certificate": "G"}
    | {"/sessions/papers/withdraw": "P", "/sessions/papers/confirm": "P"},
    # leads the group, and sees to what a meeting agreed
    "other_supporter": EVERYBODY
    | OWN_AVAILABILITY
    | {
        "/sessions/group": "G",
        "/sessions/group/reached": "GP",
        "/sessions/resolutions/own/done": "P",
        "/sessions/resolutions/own/reopen": "P",
    },
    "invited": EVERYBODY
    | {"/invitation": "G", "/invitation/accept": "P", "/invitation/refuse": "P"},
    "colleague": EVERYBODY | {f"/mine/offers/own/{choice}": "P" for choice in CHOICES},
    "reporter": EVERYBODY | {"/step/own": "GP"},
}

#: The rules of the URL map, as addresses of the table above.
RULES = {
    "/": ["/"],
    "/people": ["/people"],
    "/refer": ["/refer"],
    "/refer/<token>": ["/refer/absent"],
    "/flyer": ["/flyer"],
    "/logo": ["/logo"],
    "/step/<token>": ["/step/own", "/step/absent"],
    "/queue": ["/queue"],
    "/queue/retry-intake": ["/queue/retry-intake"],
    "/queue/found": ["/queue/found"],
    "/queue/found/done": ["/queue/found/done"],
    "/queue/found/<report_id>/done": ["/queue/found/own/done", "/queue/found/absent/done"],
    "/requests": ["/requests"],
    "/requests/<request_id>": ["/requests/asked", "/requests/taken", "/requests/absent"],
    **{
        f"/requests/<request_id>/{action}": [
            f"/requests/{which}/{action}" for which in ("asked", "taken", "absent")
        ]
        for action in ("accept", "decline")
    },
    "/reach-outs/<reach_out_id>": [
        f"/reach-outs/{which}" for which in ("taken", "asking", "absent")
    ],
    **{
        f"/reach-outs/<reach_out_id>/{action}": [
            f"/reach-outs/{which}/{action}" for which in ("taken", "asking", "absent")
        ]
        for action in (*NOTING, *DECIDING, "remark", "call-me")
    },
    "/analysis/<meeting_id>": ["/analysis/own", "/analysis/absent"],
    "/reach-outs/<reach_out_id>/analysis": [
        f"/reach-outs/{which}/analysis" for which in ("taken", "asking", "absent")
    ],
    **{
        f"/reach-outs/<reach_out_id>/analysis/<meeting_id>{action}": [
            f"/reach-outs/meeting{action}",
            f"/reach-outs/taken/analysis/absent{action}",
            f"/reach-outs/absent/analysis/absent{action}",
        ]
        for action in ("", "/cancel")
    },
    "/supporters": ["/supporters"],
    "/supporters/add": ["/supporters/add"],
    "/supporters/import": ["/supporters/import"],
    "/supporters/<id>": ["/supporters/own", "/supporters/absent"],
    **{
        f"/supporters/<id>/{action}": [f"/supporters/own/{action}", f"/supporters/absent/{action}"]
        for action in (
            *("state", "pause", "resume", "profile", "training", "invite", "answer", "letter"),
        )
    },
    "/supporters/<id>/code": [
        f"/supporters/{which}/code" for which in ("outside", "own", "absent")
    ],
    "/resources": ["/resources"],
    "/resources/add": ["/resources/add"],
    "/resources/<id>": ["/resources/own", "/resources/absent"],
    **{
        f"/resources/<id>/{action}": [f"/resources/own/{action}", f"/resources/absent/{action}"]
        for action in ("confirm", "remove")
    },
    "/self": ["/self"],
    "/concern": ["/concern"],
    "/concerns": ["/concerns"],
    "/concerns/<concern_id>": [f"/concerns/{which}" for which in ("own", "barred", "absent")],
    **{
        f"/concerns/<concern_id>/{action}": [
            f"/concerns/{which}/{action}" for which in ("own", "barred", "absent")
        ]
        for action in ("approach", "wait", "merge", "set-aside")
    },
    "/mine": ["/mine"],
    "/mine/erased": ["/mine/erased"],
    "/mine/erase": ["/mine/erase"],
    "/mine/never-again": ["/mine/never-again"],
    "/mine/never-again/take-back": ["/mine/never-again/take-back"],
    f"/mine/offers/<reach_out_id>/<any({', '.join(CHOICES)}):choice>": [
        f"/mine/offers/{which}/{choice}" for which in ("own", "absent") for choice in CHOICES
    ],
    "/surveys": ["/surveys"],
    "/surveys/supporters": ["/surveys/supporters"],
    "/first-hours": ["/first-hours"],
    "/first-hours/edit": ["/first-hours/edit"],
    "/external": ["/external"],
    "/external/<token>": ["/external/absent"],
    f"/external/step/<any({', '.join(map(repr, STEP))}):action>": [
        f"/external/step/{action}" for action in STEP
    ],
    "/supporters/appoint": ["/supporters/appoint"],
    "/supporters/letters/<day>": [
        "/supporters/letters/own",
        "/supporters/letters/2001-01-01",
        "/supporters/letters/absent",
    ],
    "/invitation": ["/invitation"],
    "/invitation/accept": ["/invitation/accept"],
    "/invitation/refuse": ["/invitation/refuse"],
    "/supporters/me": ["/supporters/me"],
    "/supporters/me/availability": ["/supporters/me/availability"],
    "/supporters/me/week": ["/supporters/me/week"],
    "/supporters/me/periods": ["/supporters/me/periods"],
    "/supporters/me/periods/<id>/end": [
        f"/supporters/me/periods/{which}/end" for which in ("own", "absent")
    ],
    "/supporters/me/conflicts": ["/supporters/me/conflicts"],
    "/supporters/me/conflicts/colleague": ["/supporters/me/conflicts/colleague"],
    "/supporters/me/conflicts/department": ["/supporters/me/conflicts/department"],
    "/supporters/me/conflicts/<group>/remove": [
        f"/supporters/me/conflicts/{which}/remove" for which in ("own", "absent")
    ],
    "/supporters/me/pause": ["/supporters/me/pause"],
    "/supporters/me/resume": ["/supporters/me/resume"],
    "/supporters/me/load": ["/supporters/me/load"],
    "/supporters/me/informal": ["/supporters/me/informal"],
    "/supporters/me/informal/undo": ["/supporters/me/informal/undo"],
    "/supporters/me/directory": ["/supporters/me/directory"],
    "/supporters/<id>/directory": [
        f"/supporters/{which}/directory" for which in ("unsigned", "own", "absent")
    ],
    "/supporters/load": ["/supporters/load"],
    "/supporters/coverage": ["/supporters/coverage"],
    "/directory": ["/directory"],
    "/sessions/themes": ["/sessions/themes"],
    "/sessions/themes/<theme_id>": ["/sessions/themes/own", "/sessions/themes/absent"],
    **{
        f"/sessions/themes/<theme_id>/{action}": [
            f"/sessions/themes/{which}/{action}" for which in ("own", "absent")
        ]
        for action in ("retire", "bring-back")
    },
    "/sessions/intervision": ["/sessions/intervision"],
    "/sessions/reached": ["/sessions/reached"],
    "/sessions/resolutions": ["/sessions/resolutions"],
    "/sessions/resolutions/<resolution_id>": [
        f"/sessions/resolutions/{which}" for which in ("own", "absent")
    ],
    **{
        f"/sessions/resolutions/<resolution_id>/{action}": [
            f"/sessions/resolutions/{which}/{action}" for which in ("own", "absent")
        ]
        for action in ("done", "reopen")
    },
    **{
        f"/sessions/<session_id>/{action}": [
            f"/sessions/{which}/{action}"
            for which in ("circle", "meeting", "lecture", "group", "absent")
        ]
        for action in ("intervision", "resolutions", "remarks", "directory", "reached")
    },
    "/group-support/reports/<report_id>": [
        f"/group-support/reports/{which}" for which in ("own", "absent")
    ],
    **{
        f"/group-support/<session_id>{action}": [
            f"/group-support/{which}{action}" for which in ("group", "lecture", "absent")
        ]
        for action in ("", "/cancel")
    },
    "/sessions": ["/sessions"],
    "/sessions/plan": ["/sessions/plan"],
    **{
        f"/sessions/<id>{action}": [
            f"/sessions/{which}{action}" for which in ("open", "papers", "group", "absent")
        ]
        for action in (
            *("", "/sign-up", "/withdraw", "/confirm", "/change", "/cancel"),
            *("/attendance", "/participants", "/import"),
        )
    },
    "/sessions/<id>/participants/<attendance_id>/remove": [
        "/sessions/place/remove",
        "/sessions/open/participants/absent/remove",
        "/sessions/papers/participants/absent/remove",
    ],
    "/sessions/mine": ["/sessions/mine"],
    "/sessions/mine.ics": ["/sessions/mine.ics"],
    "/sessions/hours": ["/sessions/hours"],
    "/sessions/<id>.ics": ["/sessions/papers.ics", "/sessions/absent.ics"],
    **{
        f"/sessions/<id>/{paper}": [f"/sessions/{which}/{paper}" for which in ("papers", "absent")]
        for paper in ("certificate", "certificates", "attendance-list", "attendance.xlsx")
    },
    "/departments": ["/departments"],
    "/departments/add": ["/departments/add"],
    "/departments/import": ["/departments/import"],
    "/departments/<id>": ["/departments/own", "/departments/absent"],
    "/messages": ["/messages"],
    "/nominations": ["/nominations"],
    "/nominations/open": ["/nominations/open"],
    "/nominations/<round_id>": [
        f"/nominations/{which}" for which in ("own", "heads", "closed", "absent")
    ],
    **{
        f"/nominations/<round_id>/{action}": [
            f"/nominations/{which}/{action}" for which in ("own", "heads", "closed", "absent")
        ]
        for action in ("vote", "change", "close", "invite", "letter")
    },
    "/nominations/<round_id>/nominees/<nominee_id>/invite": [
        "/nominations/nominee/invite",
        "/nominations/closed/nominees/absent/invite",
        "/nominations/absent/nominees/absent/invite",
    ],
    "/messages/<message_id>/resend": ["/messages/own/resend", "/messages/absent/resend"],
    "/<path:address>": ["/nowhere", "/queue/", "/reach-outs"],
}


@dataclass
class House:
    """A programme in which something is going on, put back after each visit."""

    app: Flask
    users: dict[str, int]
    ids: dict[str, str]
    file: Path
    content: bytes

    def client(self, role: str) -> FlaskClient:
        """Return the browser of somebody with this role."""
        client = self.app.test_client()
        if role != "anonymous":
            client.get(f"/login/{self.users[role]}")
        with client.session_transaction() as session:
            session["csrf_token"] = "seed"
        return client

    def visit(self, client: FlaskClient, method: str, address: str) -> tuple[int, bytes, str]:
        """Use an address; what was changed is put back."""
        serializer = URLSafeTimedSerializer(self.app.secret_key or "", salt="wtf-csrf-token")
        form = {"csrf_token": serializer.dumps("seed"), "state": "retired"}
        data = form if method not in ("GET", "HEAD") else None
        response = client.open(f"/peersupport{self.real(address)}", method=method, data=data)
        if method == "POST":
            with self.app.app_context():
                db.session.remove()
                db.engine.dispose()
            self.file.write_bytes(self.content)
            with client.session_transaction() as session:
                session.pop("_flashes", None)
        return response.status_code, response.data, response.headers.get("Location", "")

    def real(self, address: str) -> str:
        """Return an address with the ids of what is meant."""
        if address in ("/requests/taken", "/requests/asked", "/step/own"):
            return f"/{address.split('/')[1]}/{self.ids[address]}"
        for prefix, real in self.ids.items():
            if address == prefix or address.startswith(f"{prefix}/"):
                return f"{prefix.rpartition('/')[0]}/{real}{address.removeprefix(prefix)}"
        return address


def add_user(name: str, department: str = "Ward 9") -> int:
    user = User(name=name, email=f"{name.lower()}@hospital.example", department=department)
    db.session.add(user)
    db.session.commit()
    return user.id


@pytest.fixture
def house(make_app: Callable[..., Flask], tmp_path: Path) -> House:
    """Two reports: one colleague's supporter is asked, the other's has accepted."""
    app = make_app()
    programme: Programme = prepare(app)
    with app.app_context():
        users = {
            role: add_user(f"Member{role}") for role in ("nobody", *ROLES) if role != "coordinator"
        }
        users["coordinator"] = STAFF.bram
        users["barred_coordinator"] = add_user("Barred")
        users["namesake_coordinator"] = add_user("Anna VOS.")
        users["colleague"] = STAFF.anna
        users["reporter"] = STAFF.rosa
        users["invited"] = add_user("Invited")
        with runtime(app).storage.work() as session:
            invited = runtime(app).users.get(str(users["invited"]))
            assert invited is not None
            details = SupporterDetails(departments=("Ward 9",))
            state = SupporterState.INVITED
            add_supporter(session, invited, details, state=state, actor=COMMAND, now=NOW)
            for role in ROLES:
                if role != "coordinator":
                    someone = runtime(app).users.get(str(users[role]))
                    assert someone is not None
                    grant_role(session, role, someone, actor=COMMAND, now=NOW)
            for key in ("barred_coordinator", "namesake_coordinator"):
                someone = runtime(app).users.get(str(users[key]))
                assert someone is not None
                grant_role(session, "coordinator", someone, actor=COMMAND, now=NOW)
            commit(session)
        barred = runtime(app).users.get(str(users["barred_coordinator"]))
        assert barred is not None
        bystander = Involved(Person(barred.name, barred.email, user_id=barred.user_id), "no", "own")
        with runtime(app).storage.work() as session:
            details, somebody = SupporterDetails(is_external=True), Person("Olga", "o@out.example")
            state = SupporterState.TRAINED
            outside_id = add_supporter(
                session, somebody, details, state=state, actor=COMMAND, now=NOW
            ).id
            commit(session)
    programme.report(anna(), bystander, ref="1")
    programme.work()
    with app.app_context(), runtime(app).storage.work() as session:
        request = programme.open_request(session)
        accept_request(session, request, actor=request.supporter.record.person, now=NOW)
        commit(session)
        taken = (request.reach_out_id, request.id)
        users["accepted_supporter"] = int(request.supporter.record.person.user_id or 0)
        training_id = _attend_training(session, request.supporter.person_id)
    programme.report(anna(), bystander, ref="2")
    programme.work()
    with app.app_context(), runtime(app).storage.work() as session:
        request = programme.open_request(session)
        users["asked_supporter"] = int(request.supporter.record.person.user_id or 0)
        supporters = {STAFF.selma, STAFF.sven, STAFF.sofie}
        (users["other_supporter"],) = supporters - set(users.values())
        ids = {
            "/reach-outs/taken": taken[0],
            "/requests/taken": taken[1],
            "/reach-outs/asking": request.reach_out_id,
            "/mine/offers/own": request.reach_out_id,
            **{
                f"/concerns/{which}": _be_concerned(session, about)
                for which, about in (("own", person(STAFF.anna)), ("barred", barred))
            },
            "/requests/asked": request.id,
            "/supporters/own": request.supporter_id,
            "/supporters/outside": outside_id,
            "/supporters/me/periods/own": _be_away(session, request),
            "/supporters/me/conflicts/own": _declare_conflict(session, request),
            "/supporters/unsigned": _add_without_account(session),
            "/supporters/letters/own": str(request.supporter.appointed_on),
            "/resources/own": _list_help(session),
            "/departments/own": session.scalars(sa.select(Department.id)).first() or "",
            "/messages/own": session.scalars(sa.select(Message.id)).first() or "",
            "/step/own": _step_token(app, str(STAFF.rosa)),
            "/queue/found/own": _find_afterwards(session),
            **_enter_meeting(session, taken[0]),
            **_hold_rounds(session),
            "/sessions/papers": training_id,
            **_hold_meetings(session, users["other_supporter"]),
            **_plan_lecture(session, request.supporter.person_id),
            "/sessions/papers.ics": f"{training_id}.ics",
        }
    file = Path(engine_of(app).url.database or "")
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
        _spare_the_disk(db.engine)
    return House(app, users, ids, file, file.read_bytes())


def _list_help(session: orm.Session) -> str:
    """Put an entry into the list of help, and return its id."""
    row = Resource(tier=Tier.OUTSIDE, kind=ResourceKind.GP, name="Your own GP", places=())
    session.add(row)
    commit(session)
    return row.id


def _enter_meeting(session: orm.Session, reach_out_id: str) -> dict[str, str]:
    """Enter when the report of a reach-out is discussed, and return the ids."""
    meeting = AnalysisMeeting(
        report_id=session.get_one(ReachOut, reach_out_id).involved.report_id,
        kind=AnalysisKind.ANALYSIS,
        source=AnalysisSource.COORDINATOR,
        takes_place_at=utc_now() + timedelta(days=9),
        after_due_at=utc_now() + timedelta(days=11),
    )
    session.add(meeting)
    commit(session)
    return {
        "/analysis/own": meeting.id,
        "/reach-outs/meeting": f"{reach_out_id}/analysis/{meeting.id}",
    }


def _be_concerned(session: orm.Session, about: Person) -> str:
    """Be concerned about somebody, and return the id."""
    concern = Concern(
        about_id=store_person(session, about, now=NOW).id,
        may_be_told=False,
        state=ConcernState.OPEN,
        made_at=NOW,
        changed_at=NOW,
    )
    session.add(concern)
    commit(session)
    return concern.id


def _hold_rounds(session: orm.Session) -> dict[str, str]:
    """Open a round for all and one for heads, close one, and return their ids."""
    given = {"letter": {"en": "One question."}, "closes_on": utc_now().date() + timedelta(days=9)}
    ids = {}
    for which, is_heads_only in (("closed", False), ("own", False), ("heads", True)):
        details = RoundDetails(**given, is_heads_only=is_heads_only)  # type: ignore[arg-type]
        row = open_round(session, details, actor=COMMAND, now=utc_now())
        ids[f"/nominations/{which}"] = row.id
        if which == "closed":
            for number in range(FEWEST_ANSWERS):
                voter = Person("Somebody", user_id=f"voter {number}")
                cast_vote(session, row, [Choice("Nel")], actor=voter, today=utc_now().date())
            close_round(session, row, actor=COMMAND, now=utc_now())
            nominee_id = session.scalars(sa.select(Nominee.id)).one()
            ids["/nominations/nominee"] = f"{row.id}/nominees/{nominee_id}"
    commit(session)
    return ids


def _spare_the_disk(engine: sa.Engine) -> None:
    """Wait for no disk: thousands of visits leave an audit row each."""

    @sa.event.listens_for(engine, "connect")
    def hurry(connection: Any, record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")


def _find_afterwards(session: orm.Session) -> str:
    """Let one of the reports be one that was found afterwards, and return its id."""
    report = session.scalars(sa.select(ReportRecord).where(ReportRecord.ref == "1")).one()
    report.found_at = NOW
    commit(session)
    return report.id


def _attend_training(session: orm.Session, person_id: str) -> str:
    """Hold a training for supporters, to which one of them came, and return its id."""
    training = ProgrammeSession(
        kind=SessionKind.TRAINING,
        state=SessionState.HELD,
        target=TargetGroup.SUPPORTERS,
        starts_at=NOW - timedelta(days=9),
        ends_at=NOW - timedelta(days=9, hours=-3),
        created_at=NOW,
    )
    session.add(training)
    session.flush()
    came = {"sign_up": SignUp.SIGNED_UP, "signed_up_at": NOW, "has_attended": True}
    session.add(Attendance(session_id=training.id, person_id=person_id, place_number=1, **came))
    commit(session)
    return training.id


def _plan_lecture(session: orm.Session, person_id: str) -> dict[str, str]:
    """Plan a lecture for everybody, in which one supporter has a place; return the ids."""
    begin = utc_now() + timedelta(days=9)
    lecture = ProgrammeSession(
        kind=SessionKind.LECTURE,
        state=SessionState.PLANNED,
        target=TargetGroup.EVERYBODY,
        starts_at=begin,
        ends_at=begin + timedelta(hours=1),
        created_at=NOW,
    )
    session.add(lecture)
    session.flush()
    place = Attendance(
        session_id=lecture.id,
        person_id=person_id,
        sign_up=SignUp.SIGNED_UP,
        place_number=1,
        signed_up_at=NOW,
    )
    session.add(place)
    commit(session)
    return {
        "/sessions/open": lecture.id,
        "/sessions/place": f"{lecture.id}/participants/{place.id}",
    }


def _hold_meetings(session: orm.Session, leader_id: int) -> dict[str, str]:
    """Hold meetings of which something came, the last a group after a report; return the ids."""
    report = session.scalars(sa.select(ReportRecord).where(ReportRecord.ref == "1")).one()
    leader = store_person(session, person(leader_id), now=NOW, is_lasting=True)
    begin = utc_now() - timedelta(hours=3)
    kinds = {
        "circle": SessionKind.INTERVISION,
        "meeting": SessionKind.FOLLOW_UP_MEETING,
        "lecture": SessionKind.LECTURE,
        "group": SessionKind.GROUP_SUPPORT,
    }
    ids = {}
    for name, kind in kinds.items():
        is_group = kind is SessionKind.GROUP_SUPPORT
        row = ProgrammeSession(
            kind=kind,
            state=SessionState.PLANNED if is_group else SessionState.HELD,
            target=TargetGroup.NOBODY,
            starts_at=begin,
            ends_at=begin + timedelta(hours=1),
            created_at=NOW,
            report_id=report.id if is_group else None,
            trainers=[SessionTrainer(record=leader)] if is_group else [],
        )
        session.add(row)
        session.flush()
        ids[f"/sessions/{name}"] = row.id
    theme = Theme(name="Sleep", plain_name="sleep")
    text = "Call earlier"
    point = Resolution(
        session_id=ids["/sessions/meeting"], is_decision=False, text=text, owner=leader
    )
    session.add_all([theme, point])
    commit(session)
    return ids | {
        "/sessions/themes/own": theme.id,
        "/sessions/resolutions/own": point.id,
        "/group-support/reports/own": report.id,
        "/group-support/group": ids["/sessions/group"],
        "/group-support/lecture": ids["/sessions/lecture"],
    }


def _be_away(session: orm.Session, request: SupportRequest) -> str:
    """Let who is asked be away some day, and return the period's id."""
    day = NOW.date() + timedelta(days=30)
    someone = request.supporter.record.person
    row = add_period(session, request.supporter, Period(day, day, None), actor=someone, now=NOW)
    commit(session)
    return row.id


def _declare_conflict(session: orm.Session, request: SupportRequest) -> str:
    """Let who is asked have a conflict with nobody in the reports, and return its id."""
    person = Person("Somebody else", email="else@hospital.example")
    declare(session, request.supporter_id, person, "conflict", NOW, label=person.name)
    commit(session)
    return own_conflicts(session, request.supporter_id)[0].group


def _add_without_account(session: orm.Session) -> str:
    """Add a supporter who cannot sign in, and return the record's id."""
    someone = Person("Hanna Huis", email="hanna@elders.example")
    supporter = add_supporter(
        session, someone, SupporterDetails(), state=SupporterState.APPOINTED, actor=COMMAND, now=NOW
    )
    commit(session)
    return supporter.id


def _step_token(app: Flask, visitor_id: str) -> str:
    from flask_peersupport.intake.tokens import seal_token

    return seal_token(
        {
            "kind": "calamity",
            "ref": "1",
            "intake": "gone",
            "next": "/",
            "me": True,
            "uncalled": False,
            "count": 0,
            "surplus": 0,
            "visitor": visitor_id,
        }
    )


def addresses() -> Iterator[str]:
    for listed in RULES.values():
        yield from listed


def plain(body: bytes) -> bytes:
    """Return a page without the token that is another one in every page."""
    return re.sub(rb'(name="csrf_token" value=")[^"]*', rb"\1", body)


def test_the_list_names_every_rule_of_the_url_map(house: House) -> None:
    rules = {
        rule.rule.removeprefix("/peersupport")
        for rule in house.app.url_map.iter_rules()
        if rule.rule.startswith("/peersupport")
    }
    assert rules == {*RULES, "/static/<path:filename>"}


def test_every_view_names_its_permission(house: House) -> None:
    for endpoint, view in house.app.view_functions.items():
        if endpoint.startswith("peersupport."):
            assert callable(getattr(view, "permission", None)), endpoint


def test_no_rule_answers_options_by_itself(house: House) -> None:
    for rule in house.app.url_map.iter_rules():
        if rule.rule.startswith("/peersupport"):
            assert not rule.provide_automatic_options, rule


def methods_for(index: int) -> tuple[str, ...]:
    """Return the methods that are tried at an address, by its place in the list."""
    if IS_SWEEP:
        return METHODS
    return (*METHODS[:3], NEVER_TAKEN[index % len(NEVER_TAKEN)])


@pytest.mark.parametrize(
    "role",
    [
        pytest.param(role, marks=pytest.mark.xdist_group(f"access-{role}"))
        for role in sorted(ALLOWED)
    ],
)
def test_only_what_is_listed_is_allowed(house: House, role: str) -> None:
    client = house.client(role)
    allowed = ALLOWED[role]
    absent = {method: house.visit(client, method, "/no-such-page") for method in METHODS}
    assert {status for status, _body, _location in absent.values()} == {404}
    wrong = []
    for index, address in enumerate(addresses()):
        letters = allowed.get(address, "")
        for method in methods_for(index):
            may = (method in ("GET", "HEAD") and "G" in letters) or (
                method == "POST" and "P" in letters
            )
            status, body, location = house.visit(client, method, address)
            refused = absent[method]
            is_refused = (status, plain(body), location) == (
                refused[0],
                plain(refused[1]),
                refused[2],
            )
            if may == is_refused or status >= 500 or (may and status == 404):
                wrong.append((method, address, status))
    assert wrong == []


def test_an_anonymous_visitor_goes_to_the_sign_in_from_every_address(house: House) -> None:
    client = house.client("anonymous")
    for index, address in enumerate((*addresses(), "/no-such-page")):
        for method in methods_for(index):
            status, _body, location = house.visit(client, method, address)
            if address in OPEN and method in ("GET", "HEAD", "POST"):
                assert status in ((409, 422) if method == "POST" else (200,)), (method, address)
                continue
            assert (status, location.partition("?")[0]) == (302, "/sign-in"), (method, address)


def test_a_post_without_a_token_changes_nothing(house: House) -> None:
    client = house.app.test_client()
    client.get(f"/login/{house.users['accepted_supporter']}")
    address = f"/peersupport/reach-outs/{house.ids['/reach-outs/taken']}/hand-back"
    assert client.post(address).status_code == 400
    with house.app.app_context(), runtime(house.app).storage.work() as session:
        reach_out = session.get(ReachOut, house.ids["/reach-outs/taken"])
        assert reach_out is not None
        assert reach_out.state == "accepted"


def test_login_disabled_opens_nothing(house: House) -> None:
    house.app.config["LOGIN_DISABLED"] = True
    response = house.app.test_client().get("/peersupport/queue")
    assert (response.status_code, response.headers["Location"].partition("?")[0]) == (
        302,
        "/sign-in",
    )


def test_a_barred_coordinator_meets_it_nowhere(house: House) -> None:
    for role in ("barred_coordinator", "namesake_coordinator"):
        client = house.client(role)
        for address in ("/queue", "/queue?state=asking", "/queue/found", "/", "/messages"):
            page = client.get(f"/peersupport{address}").get_data(as_text=True)
            assert "Anna Vos" not in page, (role, address)
            assert house.ids["/reach-outs/taken"] not in page, (role, address)
            assert house.ids["/queue/found/own"] not in page, (role, address)
            assert "/queue/found" not in page, "nor that one was found"
            assert address != "/messages" or "Steun" not in page, "nor who was asked"
    coordinator = house.client("coordinator")
    page = coordinator.get("/peersupport/queue").get_data(as_text=True)
    assert page.count("Anna Vos") == 2
    assert "/queue/found" in page
    assert "Steun" in coordinator.get("/peersupport/messages").get_data(as_text=True)


def test_a_namesake_sees_it_once_another_coordinator_has_cleared_it(house: House) -> None:
    coordinator = house.client("coordinator")
    address = f"/peersupport/reach-outs/{house.ids['/reach-outs/taken']}"
    page = coordinator.get(address).get_data(as_text=True)
    assert "Anna VOS." in page
    serializer = URLSafeTimedSerializer(house.app.secret_key or "", salt="wtf-csrf-token")
    coordinator.post(
        f"{address}/clear-name",
        data={
            "csrf_token": serializer.dumps("seed"),
            "person_id": str(house.users["namesake_coordinator"]),
        },
    )
    namesake = house.client("namesake_coordinator")
    assert namesake.get(address).status_code == 200
    other = f"/peersupport/reach-outs/{house.ids['/reach-outs/asking']}"
    assert namesake.get(other).status_code == 404


def test_after_closing_the_supporter_sees_nothing(house: House) -> None:
    client = house.client("accepted_supporter")
    address = f"/peersupport/reach-outs/{house.ids['/reach-outs/taken']}"
    assert client.get(address).status_code == 200
    serializer = URLSafeTimedSerializer(house.app.secret_key or "", salt="wtf-csrf-token")
    data = {"csrf_token": serializer.dumps("seed"), "outcome": "supported"}
    assert client.post(f"{address}/close", data=data).status_code == 302
    assert client.get(address).status_code == 404
    request = client.get(f"/peersupport/requests/{house.ids['/requests/taken']}")
    assert "Anna" not in request.get_data(as_text=True)


def test_our_pages_carry_strict_headers(house: House) -> None:
    response = house.client("coordinator").get("/peersupport/queue")
    headers = response.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "'unsafe-inline'" not in headers["Content-Security-Policy"]
    assert "style-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    host_page = house.client("coordinator").get("/report")
    assert "Content-Security-Policy" not in host_page.headers


def test_seeing_somebody_is_audited(house: House) -> None:
    from flask_peersupport.audit.models import AuditEntry

    client = house.client("accepted_supporter")
    client.get(f"/peersupport/reach-outs/{house.ids['/reach-outs/taken']}")
    with house.app.app_context(), runtime(house.app).storage.work() as session:
        last = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert last is not None
        assert last.action == "reach_out.seen"
        assert last.object_id == house.ids["/reach-outs/taken"]
        assert last.subject is not None
        reach_out = session.get(ReachOut, last.object_id)
        assert reach_out is not None
        assert last.subject != reach_out.involved.person_id


def test_requests_show_no_more_than_a_conflict_needs(house: House) -> None:
    """While asked: name, profession, department, kind and date; not how to reach them (P15)."""
    page = house.client("asked_supporter").get(
        f"/peersupport/requests/{house.ids['/requests/asked']}"
    )
    text = page.get_data(as_text=True)
    assert "Anna Vos" in text
    assert person(STAFF.anna).email not in text
    with house.app.app_context(), runtime(house.app).storage.work() as session:
        assert session.get(SupportRequest, house.ids["/requests/asked"]) is not None
