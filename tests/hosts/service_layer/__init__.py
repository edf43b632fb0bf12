"""Incident reporting with a domain model, repositories and a unit of work."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_login import LoginManager
from sqlalchemy.orm import Session

from . import orm, web
from .domain import Employee
from .message_bus import MessageBus
from .unit_of_work import UnitOfWork


def make_app(config: dict[str, Any]) -> Flask:
    app = Flask("service_layer", root_path=__path__[0])
    app.config.update(config)
    orm.db.init_app(app)

    def new_unit_of_work() -> UnitOfWork:
        return UnitOfWork(lambda: Session(orm.db.engine, expire_on_commit=False))

    app.extensions["uow"] = new_unit_of_work
    app.extensions["bus"] = MessageBus()

    manager = LoginManager(app)
    manager.login_view = "web.sign_in"

    @manager.user_loader
    def employee_of_session(employee_id: str) -> Employee | None:
        with new_unit_of_work() as uow:
            return uow.employees.get(employee_id)

    app.register_blueprint(web.pages)
    return app
