"""The doors of every page: one way to add a view, and the same refusal for all that is not ours.

An anonymous visitor is sent to the sign-in, whatever the address, but for the few of `open_page`.
Who is signed in gets one and the same answer for an address that is forbidden and one that does not
exist, whatever the method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from flask import Blueprint, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf, validate_csrf
from wtforms.validators import ValidationError

from ..errors import NotAllowed
from ..runtime import current_runtime
from . import policy
from .actor import Actor, current_actor
from .typed import is_id

View = Callable[..., ResponseReturnValue]
Permission = Callable[[Actor], bool]

#: A page may stay open as long as a shift lasts before its buttons stop working.
CSRF_LIFETIME_SECONDS = 24 * 3600


class CsrfExpired(Exception):
    """The page was open too long, or the form did not come from it."""


def page(
    blueprint: Blueprint, rule: str, *, allow: Permission, methods: Sequence[str] = ("GET",)
) -> Callable[[View], View]:
    """Add a view that only actors for whom `allow` holds can reach."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            actor = current_actor()
            if actor is None:
                return current_runtime().users.sign_in(request.full_path.rstrip("?"))
            check_csrf()
            _take_head_for_get()
            if not allow(actor) or not _has_fitting_ids(kwargs):
                raise NotAllowed
            return view(*args, **kwargs)

        guarded.permission = allow  # type: ignore[attr-defined]
        _add_rule(blueprint, rule, view.__name__, guarded, methods)
        return guarded

    return decorate


def open_page(
    blueprint: Blueprint, rule: str, *, methods: Sequence[str] = ("GET",)
) -> Callable[[View], View]:
    """Add a view that everybody can reach, signed in or not, as for who has no account (P31).

    It names nobody before the view has been given what lets its visitor in.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            check_csrf()
            _take_head_for_get()
            return view(*args, **kwargs)

        guarded.permission = policy.anyone  # type: ignore[attr-defined]
        _add_rule(blueprint, rule, view.__name__, guarded, methods)
        return guarded

    return decorate


def _add_rule(
    blueprint: Blueprint, rule: str, endpoint: str, view: View, methods: Sequence[str]
) -> None:
    def add(state: BlueprintSetupState) -> None:
        """Add the rule for the host name that the root blueprint hands down."""
        state.add_url_rule(
            rule,
            endpoint=endpoint,
            view_func=view,
            methods=list(methods),
            provide_automatic_options=False,
            host=state.options.get("host"),
        )

    blueprint.record(add)


def _has_fitting_ids(arguments: Mapping[str, Any]) -> bool:
    """Return whether the ids in an address could be ours: the rest is not even looked up."""
    return all(
        is_id(value)
        for name, value in arguments.items()
        if name == "id" or name.endswith("_id") or name == "group"
    )


def _take_head_for_get() -> None:
    """Let a view see GET where only the headers are wanted: none takes that for its POST."""
    if request.method == "HEAD":
        request.method = "GET"


def signed_in() -> Actor:
    """Return the actor inside a view that `page` guards."""
    actor = current_actor()
    if actor is None:
        raise NotAllowed
    return actor


def check_csrf() -> None:
    """Refuse a POST that did not come from our page, also where the host checks none.

    It comes before every look at who may do what, so that the answer tells nothing of that.
    """
    if request.method in ("GET", "HEAD"):
        return
    token = request.form.get("csrf_token") or request.headers.get("X-CSRFToken")
    try:
        validate_csrf(token, time_limit=CSRF_LIFETIME_SECONDS)
    except ValidationError:
        raise CsrfExpired from None


def csrf_token() -> str:
    """Return the token that our forms carry; the host's own CSRFProtect accepts it too."""
    return str(generate_csrf())
