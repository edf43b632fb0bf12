"""The step as a WTForms field, for hosts that build their forms with WTForms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import has_request_context, request
from markupsafe import Markup
from wtforms import Field
from wtforms.form import BaseForm

from .intake.rendering import render_step
from .intake.step import Step, has_step, posted_fields, read_step, step_fields
from .intake.taken import taken


class StepField(Field):  # type: ignore[misc]
    """Reads the step's own HTML fields, whatever the form's prefix.

    It never makes the form invalid, and leaves the object of `populate_obj` alone.
    """

    data: Step

    def __init__(self, label: str = "", *, kind: str | None = None, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.kind = kind

    def widget(self, field: Field, **kwargs: Any) -> Markup:
        return render_step(self.kind, step_fields(self.data))

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors: Sequence[str] = ()
        self.raw_data = None
        self.object_data = None
        fields: Mapping[str, str] = {}
        if formdata and has_request_context() and has_step(request.form):
            taken().has_field = True
            fields = posted_fields(request.form)
        self.data = read_step(fields)

    def validate(self, form: BaseForm, extra_validators: Any = ()) -> bool:
        self.errors: Sequence[str] = ()
        return True

    def populate_obj(self, obj: Any, name: str) -> None:
        """Leave the host's object alone."""


def peersupport_step(kind: str | None = None) -> Any:
    """Return the step as a field of a host's form.

    Args:
        kind: the kind of report of this form, so that the step shows what fits it.
    """
    return StepField(kind=kind)
