from __future__ import annotations

from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

db = SQLAlchemy()
csrf = CSRFProtect()
login_manager = LoginManager()


class Account(UserMixin, db.Model):
    login = db.Column(db.String(40), primary_key=True)
    full_name = db.Column(db.String(200), nullable=False)
    mail = db.Column(db.String(200), nullable=False)
    department = db.Column(db.String(200), nullable=False)

    def get_id(self) -> str:
        return str(self.login)


class SafetyReport(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    text = db.Column(db.Text, nullable=False)
    department = db.Column(db.String(200), nullable=False)
    reported_by = db.Column(db.ForeignKey(Account.login), nullable=False)


@login_manager.user_loader
def load_account(login: str) -> Account | None:
    return db.session.get(Account, login)
