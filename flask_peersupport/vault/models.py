"""The one table that holds identity."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, UTCDateTime, id_column
from ..runtime import current_runtime
from ..values import Person
from . import seal


class PersonRecord(Base):
    """A person, encrypted; found again by keyed fingerprints."""

    __tablename__ = "peersupport_person"

    id: orm.Mapped[str] = id_column()
    #: Month whose key seals this row, e.g. "2026-11".
    month: orm.Mapped[str] = orm.mapped_column(sa.String(7), index=True)
    #: The person as JSON, AEAD-encrypted and bound to this row's id.
    blob: orm.Mapped[bytes] = orm.mapped_column(sa.LargeBinary)
    #: Keyed fingerprint of the user id; NULL where there is none.
    user_mark: orm.Mapped[str | None] = orm.mapped_column(sa.String(64), index=True)
    #: Keyed fingerprint of the e-mail address; NULL where there is none.
    email_mark: orm.Mapped[str | None] = orm.mapped_column(sa.String(64), index=True)
    #: Keyed fingerprint of the name, for coordinators who bear the same one.
    name_mark: orm.Mapped[str] = orm.mapped_column(sa.String(64), index=True)
    #: Whether this identity lives on with the programme: a supporter or somebody with a role.
    is_lasting: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)
    #: When the row was first written.
    created_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)

    @property
    def person(self) -> Person:
        """The person, decrypted.

        Raises:
            KeyringError: the month's key is missing.
        """
        return seal.open_person(self.id, self.month, self.blob, current_runtime().keys)
