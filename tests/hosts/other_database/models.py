import datetime as dt

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


def now():
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


class Nurse(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    username = db.Column(db.String(50), unique=True)
    full_name = db.Column(db.String(100))
    email = db.Column(db.String(100))
    team = db.Column(db.String(100))


class NearMiss(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    made = db.Column(db.DateTime, default=now)
    text = db.Column(db.Text)
    team = db.Column(db.String(100))
    state = db.Column(db.String(10), default="sent")
    nameless = db.Column(db.Boolean, default=False)
    nurse_id = db.Column(db.ForeignKey(Nurse.id))
    nurse = db.relationship(Nurse)
