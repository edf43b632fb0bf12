from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, abort, g, redirect, render_template, request, session
from werkzeug.wrappers import Response

from .case_client import Case, CaseClient, CaseSystemDown

AfterCase = Callable[[Case], str | None]


class Portal(Flask):
    """The application; who may sign in comes out of the staff directory's export."""

    def __init__(self, config: dict[str, Any], staff: dict[str, dict[str, str]]) -> None:
        super().__init__("tests.hosts.remote_store.portal", instance_path=config.pop("INSTANCE"))
        self.config.update(config)
        self.staff = staff
        self.cases = CaseClient(config["CASE_SYSTEM"])
        #: Called with a case that was stored; the last address returned is where the visitor goes.
        self.after_case: list[AfterCase] = []

        self.before_request(self.who_is_there)
        self.add_url_rule("/login", view_func=self.login, methods=["GET", "POST"])
        self.add_url_rule("/calamities/new", view_func=self.new_case, methods=["GET", "POST"])
        self.add_url_rule("/calamities/<number>", view_func=self.show_case)
        self.add_url_rule(
            "/calamities/<number>/edit", view_func=self.edit_case, methods=["GET", "POST"]
        )
        self.register_error_handler(CaseSystemDown, self.is_down)

    def who_is_there(self) -> None:
        g.badge = session.get("badge")

    def login(self) -> Response | str:
        if request.method == "POST" and request.form["badge"] in self.staff:
            session["badge"] = request.form["badge"]
            return redirect(request.args.get("to", "/calamities/new"))
        return render_template("login.html")

    def new_case(self) -> Response | str:
        if request.method == "GET":
            return render_template("case_form.html")
        by = None if "nameless" in request.form else g.badge
        return self.leave(
            self.cases.create(what=request.form["what"], where=request.form["where"], by=by)
        )

    def edit_case(self, number: str) -> Response | str:
        if request.method == "GET":
            return render_template("case_form.html", case=self.case(number))
        return self.leave(
            self.cases.change(number, what=request.form["what"], where=request.form["where"])
        )

    def leave(self, case: Case) -> Response:
        address = f"/calamities/{case.number}"
        for tell in self.after_case:
            address = tell(case) or address
        return redirect(address)

    def show_case(self, number: str) -> str:
        return render_template("case.html", case=self.case(number))

    def case(self, number: str) -> Case:
        return self.cases.get(number) or abort(404)

    def is_down(self, error: CaseSystemDown) -> tuple[str, int]:
        return render_template("case_form.html", error="The case system is down: try again."), 503
