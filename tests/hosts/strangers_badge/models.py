from __future__ import annotations

from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)
login = LoginManager()


class Medewerker(db.Model):
    """Someone with a badge. Names are kept in two parts; there is nothing else."""

    badge: Mapped[str] = mapped_column(String(20), primary_key=True)
    voornaam: Mapped[str] = mapped_column(String(40))
    achternaam: Mapped[str] = mapped_column(String(40))

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return self.badge

    @property
    def naam(self) -> str:
        return f"{self.voornaam} {self.achternaam}"


class Melding(db.Model):
    """A report; its number is typed over from the paper form."""

    nummer: Mapped[str] = mapped_column(String(20), primary_key=True)
    tekst: Mapped[str] = mapped_column(String(500))
    melder: Mapped[str | None] = mapped_column(ForeignKey(Medewerker.badge))
    anoniem: Mapped[bool] = mapped_column(default=False)


login.user_loader(lambda badge: db.session.get(Medewerker, badge))
