from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField, SubmitField, TextAreaField
from wtforms.validators import DataRequired, Length

WARDS = ["Ward 1", "Ward 2", "Ward 8", "Ward 9"]


class LoginForm(FlaskForm):
    username = StringField("User name", validators=[DataRequired()])
    password = PasswordField("Password", validators=[DataRequired()])


class IncidentForm(FlaskForm):
    title = StringField("Title", validators=[DataRequired(), Length(max=200)])
    ward = SelectField("Ward", choices=WARDS)
    description = TextAreaField("What happened?")
    save_draft = SubmitField("Save as draft")
    submit = SubmitField("Report")
