from __future__ import annotations

from blinker import Namespace
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)
csrf = CSRFProtect()
login_manager = LoginManager()

#: Sent with incident and form, after the commit: the dashboard used to listen.
incident_saved = Namespace().signal("incident-saved")
