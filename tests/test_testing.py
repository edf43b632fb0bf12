"""What hosts use in their own tests: the documented example, failures that say why, fakes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask import Flask

from flask_peersupport.access.roles import ROLES, GrantedRoles, grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.errors import ConfigurationError, InvalidInput, KeyringError
from flask_peersupport.ports import Departments, Keys, Reports, Roles, Users
from flask_peersupport.runtime import current_runtime
from flask_peersupport.testing import (
    MemoryDepartments,
    MemoryKeys,
    MemoryReports,
    MemoryRoles,
    MemoryUsers,
    prepare,
)
from flask_peersupport.testing.fakes import DEPARTMENTS
from flask_peersupport.values import Person, Report
from tests.minimal_host import Incident, User, db

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "testing.md"
BLOCK = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

#: A test of a host that fails, each with what it has to say.
FAILING = {
    "form_without_step": (
        "report_with_step(client, '/incidents/without', {})",
        "GET /incidents/without ended at /incidents/without (200 OK): "
        "no <form> has the step: put {{ peersupport_step() }} inside it",
    ),
    "step_outside": (
        "report_with_step(client, '/incidents/outside', {})",
        "the step is outside the <form>",
    ),
    "form_by_get": (
        "report_with_step(client, '/incidents/get', {})",
        'the step is in a form without method="post"',
    ),
    "no_form": (
        "report_with_step(client, '/incidents/none', {})",
        "there is no <form> on this page; is the client signed in?",
    ),
    "missing_page": ("report_with_step(client, '/nowhere', {})", "404 NOT FOUND"),
    "no_key": (
        "runtime.keys = MemoryKeys(); runtime.keys.destroy(f'{datetime.now(UTC):%Y-%m}')\n"
        "    report_with_step(client, '/incidents/new', {})",
        "the step is closed: there is no key for this month",
    ),
    "no_tick": (
        "report_with_step(client, '/incidents/new', FALL, me_involved=True)",
        "the step at /incidents/new has no tick peersupport-me-involved: its kind has no analysis",
    ),
    "misspelt": (
        "report_with_step(client, '/incidents/new', FALL, colleagues=[{'nmae': 'Anna'}])",
        "nmae",
    ),
    "failing_job": (
        "runtime.users.find = None\n"
        "    report_with_step(client, '/incidents/new', FALL, colleagues=[ANNA])\n"
        "    peersupport_work()",
        "work of peer support failed, see the log: expand",
    ),
    "broken_mail": (
        "report_with_step(client, '/incidents/new', FALL, colleagues=[ANNA])\n"
        "    app.jinja_env.loader = DictLoader({})\n"
        "    peersupport_work()",
        "work of peer support failed, see the log: deliver (supporter_asked: broken)",
    ),
    "failing_description": (
        "runtime.users.get = None\n"
        "    report_with_step(client, '/incidents/new', FALL, colleagues=[ANNA])",
        "the report was stored, but not taken in: does its description fail? See the log",
    ),
    "naive_instant": ("peersupport_work(datetime.now())", "has no time zone"),
    "twice": ("prepare(app, supporters=[SELMA])", "This person is on the roster already."),
    "nobody_real": ("MemoryUsers().sign_in_as('anna')", "the directory has no user 'anna'"),
}
FAILING_TESTS = """
from datetime import UTC, datetime
from jinja2 import DictLoader
from conftest import CARLA, SELMA
from flask_peersupport import Person
from flask_peersupport.testing import MemoryKeys, MemoryUsers, prepare, report_with_step

FALL = {"title": "A fall", "ward": "Ward 1"}
ANNA = Person("Anna Vos", "anna@hospital.example", department="Ward 2")
"""

#: What the example leaves out.
FURTHER_TESTS = """
from hospital import User, db
from flask_peersupport.testing import report_with_step

FALL = {"title": "A fall", "ward": "Ward 1"}

def test_the_form_is_sent_as_it_says(client):
    assert report_with_step(client, "/incidents/new", FALL).location == (
        "/done?from=form&application/x-www-form-urlencoded")
    assert report_with_step(client, "/incidents/upload", FALL).location == (
        "/done?&multipart/form-data")

def test_a_host_under_a_prefix_is_one_too(app, client):
    app.config["APPLICATION_ROOT"] = "/reports"
    assert report_with_step(client, "/incidents/new", FALL).status_code == 302

def test_every_field_of_the_step_arrives(client, peersupport_work, peersupport_reach_outs):
    client.get("/login/1")
    report_with_step(client, "/incidents/calamity", FALL, me=True, outside=True)
    peersupport_work()
    (rosa,) = peersupport_reach_outs()
    assert (rosa.name, rosa.wish, rosa.wish_by, rosa.outside) == (
        "Rosa Reporter", "yes", "own", True)

def test_the_tick_of_a_kind_with_an_analysis_is_there(client):
    client.get("/login/1")
    answer = report_with_step(client, "/incidents/calamity", FALL, me_involved=True)
    assert answer.status_code == 302

def test_who_has_an_account_is_as_picked(app, client, peersupport_work, peersupport_reach_outs):
    with app.app_context():
        db.session.add(User(id=4, name="Rosa Reporter", email="namesake@hospital.example"))
        db.session.commit()
    rosa = {"name": "Rosa Reporter", "user_id": "1", "wish": "yes"}
    report_with_step(client, "/incidents/new", FALL, colleagues=[rosa])
    peersupport_work()
    (rosa,) = peersupport_reach_outs()
    assert (rosa.name, rosa.asked) == ("Rosa Reporter", ("Selma Steun",))

def test_nothing_leaks_from_one_test_to_the_next(app, peersupport_mail, peersupport_signals):
    assert (peersupport_mail, peersupport_signals) == ([], [])
"""


def run_host(folder: Path, modules: Mapping[str, str]) -> dict[str, str]:
    """Run a host's tests in a process of their own; return what each said, empty if it passed."""
    for name, text in modules.items():
        (folder / name).write_text(text, "utf-8")
    shutil.copy(HERE / "hospital.py", folder)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error"]
    done = subprocess.run(
        [*command, "--junitxml=results.xml", *(name for name in modules if name[:4] == "test")],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    cases = ElementTree.parse(folder / "results.xml").iter("testcase")  # noqa: S314 - pytest's own
    return {
        case.attrib["name"]: "\n".join(child.get("message", "") for child in case) for case in cases
    }


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    """The modules of the documentation, by name."""
    return dict(BLOCK.findall(PAGE.read_text("utf-8")))


def test_the_example_of_the_documentation_passes(example: dict[str, str], tmp_path: Path) -> None:
    assert list(example) == ["conftest.py", "test_peersupport.py", "test_with_fakes.py"]
    said = run_host(tmp_path, example | {"test_further.py": FURTHER_TESTS})
    assert {name: text for name, text in said.items() if text} == {}
    assert len(said) == 12


@pytest.fixture(scope="module")
def failures(example: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each failing test of a host said."""
    tests = "".join(
        f"\ndef test_{name}(app, client, peersupport_work):\n"
        f"    runtime = app.extensions['peersupport']\n    {body}\n"
        for name, (body, _) in FAILING.items()
    )
    modules = {"conftest.py": example["conftest.py"], "test_failing.py": FAILING_TESTS + tests}
    return run_host(tmp_path_factory.mktemp("failing"), modules)


@pytest.mark.parametrize("name", FAILING)
def test_a_tool_fails_and_says_why(failures: dict[str, str], name: str) -> None:
    said = failures[f"test_{name}"]
    assert FAILING[name][1] in said, said or "it passed"


def test_prepare_is_for_tests_only(make_app: Callable[..., Flask]) -> None:
    app = make_app(with_tables=False, with_keyring=False, TESTING=False)
    with pytest.raises(ConfigurationError, match="set TESTING = True"):
        prepare(app)
    assert not Path(app.config["PEERSUPPORT_KEYRING"]).exists()


def test_prepare_leaves_a_keyring_as_it_is(make_app: Callable[..., Flask]) -> None:
    app = make_app(with_tables=False)
    before = Path(app.config["PEERSUPPORT_KEYRING"]).read_bytes()
    prepare(app)
    prepare(app)
    assert Path(app.config["PEERSUPPORT_KEYRING"]).read_bytes() == before


def test_importing_the_extension_loads_neither_the_plugin_nor_pytest() -> None:
    code = "import sys, flask_peersupport; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert {"pytest", "flask_peersupport.testing"} & set(done.stdout.split()) == set()


# The fakes answer as the defaults do.

PEOPLE = tuple(
    Person(name, email, user_id=str(number), department="Ward 1")
    for number, (name, email) in enumerate(
        [
            ("Anna Vos", "Anna@hospital.example"),
            ("Bram Vos-Smit", "bram@hospital.example"),
            ("Zed 100%", "zed@hospital.example"),
        ],
        start=1,
    )
)


def test_the_fakes_are_of_the_protocols() -> None:
    fakes: tuple[Users, Roles, Departments, Reports, Keys] = (
        MemoryUsers(),
        MemoryRoles(),
        MemoryDepartments(),
        MemoryReports(),
        MemoryKeys(),
    )
    assert all(fakes)  # an adapter that is false would give way to the default


@pytest.fixture
def both_users(app: Flask) -> tuple[Users, Users]:
    """Flask-Login's users and the fake, with the same people in them."""
    with app.app_context():
        for one in PEOPLE:
            db.session.add(
                User(id=one.user_id, name=one.name, email=one.email, department="Ward 1")
            )
        db.session.commit()
        return current_runtime().users, MemoryUsers(*PEOPLE)


@pytest.mark.parametrize(
    "ask",
    [
        lambda users: [users.get(user_id) for user_id in ("1", "3", "4", "", "anna", None)],
        lambda users: [users.find(a) for a in (" anna@HOSPITAL.example", "nobody@x.example", "")],
        lambda users: [users.search(text, 9) for text in ("vos", " ANNA", "a", "%", "_", "", " ")],
        lambda users: users.search("a", 1),
        lambda users: users.current(),
    ],
)
def test_memory_users_answer_as_the_hosts_do(
    app: Flask, both_users: tuple[Users, Users], ask: Callable[[Users], object]
) -> None:
    default, fake = both_users
    with app.test_request_context():
        assert ask(fake) == ask(default)


def test_memory_users_say_who_is_signed_in() -> None:
    users = MemoryUsers(*PEOPLE)
    users.sign_in_as("2")
    assert users.current() == PEOPLE[1]
    users.add(replace(PEOPLE[1], department="Ward 2"))
    assert users.current() == replace(PEOPLE[1], department="Ward 2")
    users.sign_in_as(PEOPLE[0])
    assert users.current() == users["1"]
    users.sign_in_as(None)
    assert users.current() is None
    assert users.sign_in("/peersupport/?a=b").location == "/sign-in?next=%2Fpeersupport%2F%3Fa%3Db"
    with pytest.raises(ValueError, match="needs a user_id"):
        users.add(Person("Nobody"))


def test_memory_roles_answer_as_the_granted_ones(app: Flask) -> None:
    anna, bram, zed = PEOPLE
    fake = MemoryRoles(coordinator=[anna, bram], board=[anna])
    reissued = replace(anna, email="another@hospital.example")
    with app.app_context():
        storage = current_runtime().storage
        for role, person in (("coordinator", anna), ("coordinator", bram), ("board", anna)):
            grant_role(storage.session(), role, person, actor=COMMAND, now=NOW)
            storage.session.commit()
        default = GrantedRoles(storage)
        for person in (anna, bram, zed, reissued, Person("Anna Vos", anna.email)):
            assert fake.of(person) == default.of(person)
        for role in (*ROLES, "supporter"):
            names = sorted(one.name for one in fake.members(role))
            assert names == sorted(one.name for one in default.members(role))
    with pytest.raises(InvalidInput, match="king is not a role"):
        fake.grant("king", anna)


def test_memory_departments_answer_as_the_list_does(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    prepare(app, departments=DEPARTMENTS)
    fake = MemoryDepartments()
    with app.app_context():
        default = current_runtime().departments
        for text in (*DEPARTMENTS, " ward  1", "WARD 1", "Ward 7", "", "Ward 1; Ward 2"):
            assert fake.resolve(text) == default.resolve(text)
        assert fake.names() == default.names()  # type: ignore[attr-defined]
    assert fake.resolve("Ward 1") == frozenset(("Ward 1", "Surgery"))
    assert MemoryDepartments(["A", "B"]).resolve("A") == frozenset("A")


def test_memory_keys_answer_as_the_keyring_does(app: Flask) -> None:
    with app.app_context():
        default, fake = current_runtime().keys, MemoryKeys()
    now = datetime.now(UTC)
    for keys in (default, fake):
        live = keys.live(now)
        assert live[0] == keys.current(now) == keys.get(f"{now:%Y-%m}")
        assert [key.month for key in live] == sorted((key.month for key in live), reverse=True)
        assert len({key.secret for key in live}) == len(live)
        assert {len(key.secret) for key in live} == {32}
        for month in ("2026-13", "", "2026"):
            with pytest.raises(KeyringError):
                keys.get(month)
    assert fake.live(now) == MemoryKeys().live(now)
    fake.destroy(f"{now:%Y-%m}")
    assert fake.live(now) == MemoryKeys().live(now)[1:]
    with pytest.raises(KeyringError):
        fake.current(now)


def test_memory_reports_answer_as_the_watched_ones(app: Flask) -> None:
    early, late = Report("incident", "1", reported_at=NOW), Report("incident", "2")
    late = replace(late, reported_at=NOW + timedelta(hours=1))
    fake = MemoryReports(early, late)
    with app.app_context():
        for report in (early, late):
            at = report.reported_at.replace(tzinfo=None) if report.reported_at else None
            db.session.add(Incident(title="A fall", created_at=at))
        db.session.commit()
        default = current_runtime().reports
        for hours in (-1, 0, 1, 2):
            instant = NOW + timedelta(hours=hours)
            refs = [report.ref for report in fake.iter_since(instant)]
            assert refs == [report.ref for report in default.iter_since(instant)]
        naive = Report("incident", "3", reported_at=datetime(2026, 11, 24, 12, 0))  # noqa: DTZ001
        fake.add(naive)  # by the clock of Amsterdam, an hour before UTC's
        assert list(fake.iter_since(NOW + timedelta(hours=2))) == [naive]
        assert list(fake.iter_since(NOW + timedelta(hours=3))) == []
    assert (fake.exists("incident", "1"), fake.exists("calamity", "1")) == (True, False)
    fake.remove("incident", "1")
    assert not fake.exists("incident", "1")
