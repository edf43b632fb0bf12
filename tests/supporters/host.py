"""A host with only what supporters and departments need."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, redirect
from sqlalchemy import orm
from werkzeug.wrappers import Response

from flask_peersupport import PeerSupport, Person
from tests.tables import create_tables

COORDINATOR = Person("Corrie de Coördinator", email="corrie@hospital.example", user_id="1")
NURSE = Person("Nadia Nurse", email="nadia@hospital.example", user_id="2")
SURGEON = Person("Sam Surgeon", email="sam@hospital.example", user_id="3")


@dataclass
class People:
    """Users and roles in memory; `signed_in` is who asks for a page."""

    everybody: dict[str, Person] = field(
        default_factory=lambda: {str(p.user_id): p for p in (COORDINATOR, NURSE, SURGEON)}
    )
    signed_in: Person | None = None

    def current(self) -> Person | None:
        return self.signed_in

    def get(self, user_id: str | None) -> Person | None:
        return None if user_id is None else self.everybody.get(str(int(user_id)))

    def find(self, email: str) -> Person | None:
        fits = [p for p in self.everybody.values() if p.email == email.strip().lower()]
        return fits[0] if len(fits) == 1 else None

    def search(self, text: str, limit: int) -> list[Person]:
        return []

    def sign_in(self, next: str) -> Response:
        return redirect("/sign-in")

    def of(self, person: Person) -> set[str]:
        return {"coordinator"} if person.user_id == COORDINATOR.user_id else set()

    def members(self, role: str) -> list[Person]:
        return [COORDINATOR] if role == "coordinator" else []


def create_host(database_url: str, keyring: Path, **config: Any) -> Flask:
    """Build the host with its tables."""
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY="a key for tests", TESTING=True)
    app.config.from_mapping(PEERSUPPORT_KEYRING=str(keyring), PEERSUPPORT_WORKER="separate")
    app.config.from_mapping(config)
    engine = sa.create_engine(database_url)
    session = orm.scoped_session(orm.sessionmaker(engine))
    people = People()
    app.extensions["people"] = people
    PeerSupport(users=people, roles=people).init_app(app, session=session)

    @app.teardown_appcontext
    def remove_session(error: BaseException | None) -> None:
        session.remove()

    create_tables(engine)
    return app
