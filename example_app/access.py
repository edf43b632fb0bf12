"""Who may read what in this application."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import abort
from flask_login import current_user, login_required
from sqlalchemy import ColumnElement, or_, true

from example_app.models import QUALITY_OFFICE, Calamity, Incident, User

P = ParamSpec("P")
R = TypeVar("R")


def signed_in_user() -> User:
    """Return the user of the running request; only for views that require one."""
    return cast(User, current_user._get_current_object())


def sign_in_required(view: Callable[P, R]) -> Callable[P, R]:
    """Send visitors to the sign-in page."""
    return cast(Callable[P, R], login_required(view))


def reads_everything(user: User) -> bool:
    """Tell whether this user may read every incident and calamity."""
    return user.is_admin or user.department.name == QUALITY_OFFICE


def can_read_report(user: User, report: Incident | Calamity) -> bool:
    """Allow the author, colleagues of the department and those who read everything."""
    return (
        reads_everything(user)
        or report.author_id == user.id
        or report.ward == user.department.name
        or report.author.department_id == user.department_id
    )


def readable_reports(user: User, model: type[Incident] | type[Calamity]) -> ColumnElement[bool]:
    """Return `can_read_report` as a condition on a query."""
    if reads_everything(user):
        return true()
    return or_(
        model.author_id == user.id,
        model.ward == user.department.name,
        model.author.has(User.department_id == user.department_id),
    )


def can_plan_analysis(user: User) -> bool:
    """Allow the quality office to plan when the analysis of a calamity is discussed."""
    return user.department.name == QUALITY_OFFICE


def can_keep_complaints(user: User) -> bool:
    """Allow complaints officers and administrators the complaints register."""
    return user.is_complaints_officer or user.is_admin


def complaints_officer_required(view: Callable[P, R]) -> Callable[P, R]:
    """Close a view for all but those who keep the complaints register."""

    @wraps(view)
    def closed_view(*args: P.args, **kwargs: P.kwargs) -> R:
        if not can_keep_complaints(signed_in_user()):
            abort(403)
        return view(*args, **kwargs)

    return sign_in_required(closed_view)
