"""The forms. Labels are keys of `texts.TEXTS`; the templates translate them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import (
    DateField,
    DateTimeLocalField,
    Field,
    Form,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.i18n import get_translations
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from example_app.extensions import db
from example_app.models import CATEGORIES, SEVERITIES, Department
from example_app.texts import HOSPITAL_TIMEZONE, current_locale, t


def not_in_future(form: Form, field: Field) -> None:
    """Refuse a date or time that has yet to come."""
    now = datetime.now(ZoneInfo(HOSPITAL_TIMEZONE)).replace(tzinfo=None)
    value = field.data
    if value is None:
        return
    if value > (now if isinstance(value, datetime) else now.date()):
        raise ValidationError(t("error.future"))


def stripped(value: str | None) -> str | None:
    """Remove the blanks around what somebody typed."""
    return value.strip() if value else value


def choices(prefix: str, codes: tuple[str, ...]) -> Callable[[], list[tuple[str, str]]]:
    """Return a function that lists the codes with their name in the present language."""
    return lambda: [(code, t(f"{prefix}.{code}")) for code in codes]


def department_choices() -> list[tuple[str, str]]:
    """List the departments by name, with an empty first line."""
    names = db.session.scalars(select(Department.name).order_by(Department.name))
    return [("", t("choose")), *((name, name) for name in names)]


class BaseForm(FlaskForm):  # type: ignore[misc]
    """A form whose messages are in the language of the page."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """Messages from WTForms' own catalogues."""

        def get_translations(self, form: Form) -> Any:
            """Return the catalogue of the present language; English needs none."""
            locale = current_locale()
            return None if locale == "en" else get_translations([locale])


class ReportForm(BaseForm):
    """What an incident and a calamity both ask."""

    title = StringField(
        "report.title", filters=[stripped], validators=[DataRequired(), Length(max=160)]
    )
    occurred_at = DateTimeLocalField(
        "report.occurred_at", validators=[InputRequired(), not_in_future]
    )
    ward = SelectField("report.ward", choices=department_choices, validators=[DataRequired()])
    what_happened = TextAreaField(
        "report.what_happened",
        filters=[stripped],
        validators=[DataRequired(), Length(max=10_000)],
        render_kw={"rows": 6},
    )


class IncidentForm(ReportForm):
    """An ordinary incident report."""

    category = SelectField(
        "incident.category", choices=choices("category", CATEGORIES), default="other"
    )
    measures = TextAreaField(
        "report.measures",
        default="",
        filters=[stripped],
        validators=[Optional(), Length(max=10_000)],
        render_kw={"rows": 3},
    )


class CalamityForm(ReportForm):
    """A potential calamity."""

    severity = SelectField("calamity.severity", choices=choices("severity", SEVERITIES))
    patient_outcome = TextAreaField(
        "calamity.patient_outcome",
        default="",
        filters=[stripped],
        validators=[Optional(), Length(max=10_000)],
        render_kw={"rows": 3},
    )
    measures = TextAreaField(
        "report.measures",
        default="",
        filters=[stripped],
        validators=[Optional(), Length(max=10_000)],
        render_kw={"rows": 3},
    )


class AnalysisForm(BaseForm):
    """When the analysis of a calamity is discussed; empty: not planned."""

    analysis_at = DateTimeLocalField("calamity.analysis_at", validators=[Optional()])


class ComplaintForm(BaseForm):
    """An entry in the complaints register."""

    received_on = DateField("complaint.received_on", validators=[InputRequired(), not_in_future])
    subject = StringField(
        "complaint.subject", filters=[stripped], validators=[DataRequired(), Length(max=160)]
    )
    department = SelectField(
        "complaint.department", choices=department_choices, validators=[DataRequired()]
    )
    description = TextAreaField(
        "complaint.description",
        filters=[stripped],
        validators=[DataRequired(), Length(max=10_000)],
        render_kw={"rows": 6},
    )
