"""Counted answers: no row, time or order leads to who gave them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, codes
from .questions import Answer, Survey


class AnswerCount(Base):
    """How often a question was answered so in one year."""

    __tablename__ = "peersupport_answer_count"
    __table_args__ = (sa.CheckConstraint("count >= 0", name="count"),)

    #: Who was asked.
    survey: orm.Mapped[Survey] = orm.mapped_column(codes(Survey, "survey"), primary_key=True)
    #: In which year.
    year: orm.Mapped[int] = orm.mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    #: Code of the question.
    question: orm.Mapped[str] = orm.mapped_column(sa.String(32), primary_key=True)
    #: The answer.
    answer: orm.Mapped[Answer] = orm.mapped_column(codes(Answer, "answer"), primary_key=True)
    #: How often.
    count: orm.Mapped[int] = orm.mapped_column(sa.Integer)
