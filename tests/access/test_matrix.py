"""Every rule, every method, every role, on what is one's own, another's and absent.

What is allowed is written by hand below; everything else must answer exactly like an address
that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import orm

from flask_peersupport.access.models import Department
from flask_peersupport.access.roles import ROLES, grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.models import ReachOut, ReportRecord, SupportRequest
from flask_peersupport.values import Involved, Person
from tests.intake.conftest import STAFF, engine_of, person, runtime
from tests.minimal_host import User, db
from tests.reachouts.conftest import NOW, Programme, anna, prepare

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

#: role → the addresses it may use. "own" is what concerns the role itself, "other" another's.
#: G: GET and HEAD. P: POST. Nothing else is ever allowed.
EVERYBODY = {"/": "G", "/people": "G"}
ROSTER = {
    "/supporters": "G",
    "/supporters/add": "GP",
    "/supporters/import": "GP",
    "/supporters/own": "GP",
    "/supporters/own/state": "P",
    "/supporters/own/pause": "P",
    "/supporters/own/resume": "P",
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
}
# the message is about a reach-out, and the report that was found is one of the two
ABOUT_THEM = ("/messages/own/resend", "/queue/found/own/done")
UNBARRED = {address: letters for address, letters in ROSTER.items() if address not in ABOUT_THEM}
OWN_AVAILABILITY = {
    "/supporters/me": "G",
    "/supporters/me/availability": "P",
    "/supporters/me/pause": "P",
    "/supporters/me/resume": "P",
    "/requests": "G",
}
NOTING = ("contacts", "follow-up", "later", "close", "hand-back")
DECIDING = ("ask", "answered", "withdraw", "identify", "clear-name")
TAKEN = {"/reach-outs/taken": "G"} | {f"/reach-outs/taken/{action}": "P" for action in NOTING}
COORDINATING = {
    f"/reach-outs/{which}{action}": "G" if not action else "P"
    for which in ("taken", "asking")
    for action in ("", *(f"/{name}" for name in (*NOTING, *DECIDING)))
}
# nobody is asked for the one that is taken, so there is no answer to note
del COORDINATING["/reach-outs/taken/answered"]

ALLOWED: dict[str, dict[str, str]] = {
    "nobody": EVERYBODY,
    "complaints_officer": EVERYBODY,
    "trainer": EVERYBODY,
    "board": EVERYBODY,
    "privacy_officer": EVERYBODY,
    "coordinator": EVERYBODY | ROSTER | COORDINATING,
    # a coordinator who is named in both reports sees nothing of them
    "barred_coordinator": EVERYBODY | UNBARRED,
    # a coordinator who bears the name of somebody in them, until another clears that
    "namesake_coordinator": EVERYBODY | UNBARRED,
    "asked_supporter": EVERYBODY
    | OWN_AVAILABILITY
    | {"/requests/asked": "G", "/requests/asked/accept": "P", "/requests/asked/decline": "P"},
    "accepted_supporter": EVERYBODY
    | OWN_AVAILABILITY
    | TAKEN
    | {"/requests/taken": "G", "/requests/taken/accept": "P", "/requests/taken/decline": "P"},
    "other_supporter": EVERYBODY | OWN_AVAILABILITY,
    "colleague": EVERYBODY,
    "reporter": EVERYBODY | {"/step/own": "GP"},
}

#: The rules of the URL map, as addresses of the table above.
RULES = {
    "/": ["/"],
    "/people": ["/people"],
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
        for action in (*NOTING, *DECIDING)
    },
    "/supporters": ["/supporters"],
    "/supporters/add": ["/supporters/add"],
    "/supporters/import": ["/supporters/import"],
    "/supporters/<id>": ["/supporters/own", "/supporters/absent"],
    **{
        f"/supporters/<id>/{action}": [f"/supporters/own/{action}", f"/supporters/absent/{action}"]
        for action in ("state", "pause", "resume")
    },
    "/supporters/me": ["/supporters/me"],
    "/supporters/me/availability": ["/supporters/me/availability"],
    "/supporters/me/pause": ["/supporters/me/pause"],
    "/supporters/me/resume": ["/supporters/me/resume"],
    "/departments": ["/departments"],
    "/departments/add": ["/departments/add"],
    "/departments/import": ["/departments/import"],
    "/departments/<id>": ["/departments/own", "/departments/absent"],
    "/messages": ["/messages"],
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
        with runtime(app).storage.work() as session:
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
    programme.report(anna(), bystander, ref="1")
    programme.work()
    with app.app_context(), runtime(app).storage.work() as session:
        request = programme.open_request(session)
        accept_request(session, request, actor=request.supporter.record.person, now=NOW)
        commit(session)
        taken = (request.reach_out_id, request.id)
        users["accepted_supporter"] = int(request.supporter.record.person.user_id or 0)
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
            "/requests/asked": request.id,
            "/supporters/own": request.supporter_id,
            "/departments/own": session.scalars(sa.select(Department.id)).first() or "",
            "/messages/own": session.scalars(sa.select(Message.id)).first() or "",
            "/step/own": _step_token(app, str(STAFF.rosa)),
            "/queue/found/own": _find_afterwards(session),
        }
    file = Path(engine_of(app).url.database or "")
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return House(app, users, ids, file, file.read_bytes())


def _find_afterwards(session: orm.Session) -> str:
    """Let one of the reports be one that was found afterwards, and return its id."""
    report = session.scalars(sa.select(ReportRecord).where(ReportRecord.ref == "1")).one()
    report.found_at = NOW
    commit(session)
    return report.id


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


@pytest.mark.parametrize("role", sorted(ALLOWED))
def test_only_what_is_listed_is_allowed(house: House, role: str) -> None:
    client = house.client(role)
    allowed = ALLOWED[role]
    absent = {method: house.visit(client, method, "/no-such-page") for method in METHODS}
    assert {status for status, _body, _location in absent.values()} == {404}
    wrong = []
    for address in addresses():
        letters = allowed.get(address, "")
        for method in METHODS:
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
    for address in (*addresses(), "/no-such-page"):
        for method in METHODS:
            status, _body, location = house.visit(client, method, address)
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
