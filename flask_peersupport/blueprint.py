"""One root blueprint per app, nesting the slices; templates; what every page of ours has."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import flask
from flask import Blueprint, Response, current_app, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from jinja2 import BaseLoader, ChoiceLoader, DictLoader, FileSystemLoader, FunctionLoader
from sqlalchemy.exc import SQLAlchemyError

from . import i18n
from .access import policy
from .access.actor import current_actor
from .access.locale import pick_locale
from .access.views import CsrfExpired, check_csrf, csrf_token
from .audit.record import record
from .clock import utc_now
from .config import Settings
from .db import commit, rollback
from .errors import InvalidTransition, KeyringError, NotAllowed, NotEligible, TooLate
from .intake.tokens import open_token
from .navigation import Link, links_for
from .runtime import current_runtime

TEMPLATES = "templates"
_OWN = "!peersupport/"
_ABSENT = "peersupport.absent.absent"
#: Every method a rule of ours may have; the rest answers like an absent address.
_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


class RootBlueprint(Blueprint):
    """The blueprint of one app; its loader knows the host's layout and our originals."""

    settings: Settings

    @property
    def jinja_loader(self) -> BaseLoader | None:
        own = FileSystemLoader(f"{self.root_path}/{TEMPLATES}")
        layout = self.settings.layout or "peersupport/bare_layout.html"
        bridge = (
            f'{{% extends "{layout}" %}}'
            f"{{% block title %}}{{% block ps_title %}}{{% endblock %}}{{% endblock %}}"
            f"{{% block {self.settings.layout_block} %}}"
            f"{{% block ps_page %}}{{% endblock %}}{{% endblock %}}"
        )

        def original(name: str) -> str | None:
            if not name.startswith(_OWN):
                return None
            return own.get_source(current_app.jinja_env, name[1:])[0]

        return ChoiceLoader(
            [own, DictLoader({"peersupport/_layout.html": bridge}), FunctionLoader(original)]
        )


def make_blueprint(settings: Settings, slices: list[Blueprint]) -> Blueprint:
    """Return the root blueprint of one app with the blueprints of the slices in it."""
    root = RootBlueprint("peersupport", __name__, url_prefix=settings.url_prefix)
    root.settings = settings
    for blueprint in slices:
        root.register_blueprint(blueprint, host=settings.host)
    root.add_url_rule(
        "/static/<path:filename>",
        endpoint="static",
        view_func=_static,
        provide_automatic_options=False,
        host=settings.host,
    )
    # last, so that it answers only what no view of ours does
    absent = Blueprint("absent", __name__)
    for rule in ("/<path:address>", "/"):
        absent.add_url_rule(
            rule,
            endpoint="absent",
            view_func=_absent,
            methods=_ALL_METHODS,
            provide_automatic_options=False,
            host=settings.host,
        )
    root.register_blueprint(absent)
    root.before_request(_choose_locale)
    root.teardown_request(_leave_locale)
    root.record_once(_add_headers_last)
    root.context_processor(_page_context)
    root.register_error_handler(NotAllowed, _not_found)
    root.register_error_handler(404, _not_found)
    root.register_error_handler(CsrfExpired, _csrf_expired)
    for error in (TooLate, InvalidTransition, NotEligible):
        root.register_error_handler(error, _too_late)
    root.register_error_handler(KeyringError, _unavailable)
    root.register_error_handler(SQLAlchemyError, _unavailable)
    return root


def add_neutral_path(app: flask.Flask, settings: Settings) -> None:
    """Add the rule that the link in mail to colleagues leads to: nothing in it tells of us."""
    app.add_url_rule(
        settings.neutral_path,
        endpoint="peersupport_neutral",
        view_func=_to_own_page,
        methods=["GET"],
        provide_automatic_options=False,
        host=settings.host,
    )


def _to_own_page() -> ResponseReturnValue:
    return flask.redirect(url_for("peersupport.mine.mine"))


def _static(filename: str) -> Response:
    return flask.send_from_directory(Path(__file__).with_name("static"), filename, max_age=3600)


def _choose_locale() -> None:
    flask.g.peersupport_locale = i18n.set_locale(pick_locale(current_runtime()))


def _leave_locale(error: BaseException | None) -> None:
    """Let the thread's next work begin without the language of this request."""
    token = flask.g.pop("peersupport_locale", None)
    if token is not None:
        i18n.reset_locale(token)


def _absent(address: str = "") -> ResponseReturnValue:
    if current_actor() is None:
        return current_runtime().users.sign_in(request.full_path.rstrip("?"))
    check_csrf()
    raise NotAllowed


_absent.permission = policy.anyone_signed_in  # type: ignore[attr-defined]
_static.permission = policy.anyone_signed_in  # type: ignore[attr-defined]


def _add_headers_last(state: BlueprintSetupState) -> None:
    """Let ours come after what the host sends with every answer: they run from last to first."""
    state.app.after_request_funcs.setdefault(None, []).insert(0, _add_headers)


def _add_headers(response: Response) -> Response:
    if "peersupport" not in request.blueprints or request.endpoint == "peersupport.static":
        return response
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'",
    )
    return response


def _page_context() -> dict[str, Any]:
    settings = current_runtime().settings
    actor = current_actor()

    def moment(instant: datetime, style: str = "medium") -> str:
        return i18n.format_moment(instant, settings.timezone, style)

    def day(value: date, style: str = "long") -> str:
        return i18n.format_date(value, style)

    def weekday_moment(instant: datetime) -> str:
        return i18n.format_weekday_moment(instant, settings.timezone)

    return {
        "ps_t": i18n.gettext,
        "ps_nt": i18n.ngettext,
        "ps_label": i18n.label,
        "ps_moment": moment,
        "ps_day": day,
        "ps_weekday_moment": weekday_moment,
        "ps_settings": settings,
        "ps_actor": actor,
        "ps_navigation": links_for(actor, utc_now()) if actor else [],
        "ps_csrf": csrf_token,
        "ps_locale": i18n.current_locale(),
        "ps_static": lambda name: url_for("peersupport.static", filename=name),
    }


def _not_found(error: Exception) -> ResponseReturnValue:
    session = current_runtime().storage.session
    rollback(session)
    actor = current_actor()
    if actor is not None and isinstance(error, NotAllowed) and request.endpoint != _ABSENT:
        record(
            session(),
            "refused",
            actor=actor.person,
            now=utc_now(),
            detail=(request.endpoint or "")[-50:],
        )
        commit(session)
    return render_template("peersupport/not_found.html", ps_navigation=_neutral_links()), 404


def _neutral_links() -> list[Link]:
    """Return the links of the reader, none of them current: the page is the same everywhere."""
    actor = current_actor()
    links = links_for(actor, utc_now()) if actor else []
    return [replace(link, is_current=False) for link in links]


def _csrf_expired(error: Exception) -> ResponseReturnValue:
    return render_template("peersupport/expired.html", ps_navigation=_neutral_links()), 400


def _too_late(error: Exception) -> ResponseReturnValue:
    rollback(current_runtime().storage.session)
    return render_template("peersupport/too_late.html", error=error), 409


def _unavailable(error: Exception) -> ResponseReturnValue:
    current_app.logger.error("peer support is unavailable: %s", type(error).__name__)
    with suppress(SQLAlchemyError):  # the database itself may be away
        rollback(current_runtime().storage.session)
    flask.g.peersupport_actor = None  # who it is cannot be read now, nor what waits for them
    return render_template("peersupport/unavailable.html", next_url=_way_on()), 503


def _way_on() -> str:
    """Return where somebody goes on to: a reporter to the report, others to the host's start."""
    start = f"{request.script_root}/"
    content = open_token((request.view_args or {}).get("token", ""))
    if content is None:
        return start
    try:
        visitor = current_runtime().users.current()
    except Exception:  # the host's users may be away as well
        return start
    is_theirs = visitor is not None and visitor.user_id == content["visitor"]
    return content["next"] if is_theirs and content["next"] else start
