from __future__ import annotations

from datetime import datetime

from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry, relationship


class Base(DeclarativeBase):
    registry = registry(type_annotation_map={str: String(200)})


db = SQLAlchemy(model_class=Base)
login_manager = LoginManager()
login_manager.login_view = "pages.login"


class Employee(UserMixin, db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str]
    ward: Mapped[str]


class Incident(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    ward: Mapped[str]
    story: Mapped[str]
    is_serious: Mapped[bool] = mapped_column(default=False)
    author_id: Mapped[int] = mapped_column(ForeignKey(Employee.id))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    author: Mapped[Employee] = relationship()


@login_manager.user_loader
def load_employee(employee_id: str) -> Employee | None:
    return db.session.get(Employee, int(employee_id))
