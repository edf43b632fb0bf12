"""The small hospital, and entries in its list of help."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.resources.models import Resource
from flask_peersupport.resources.places import USUAL_PLACES, USUAL_TIERS
from flask_peersupport.resources.states import ResourceKind
from tests.reachouts.conftest import NOW, programme, small_programme  # noqa: F401

TODAY = NOW.date()


@pytest.fixture
def frozen() -> Iterator[None]:
    """Stop the clock at NOW, for what pages do."""
    with time_machine.travel(NOW, tick=False):
        yield


def days(number: int) -> date:
    """Return a day so long after today."""
    return TODAY + timedelta(days=number)


def help_of(
    session: orm.Session, kind: ResourceKind, name: str = "Somebody", **values: Any
) -> Resource:
    """Put an entry into the list, as is usual for its kind."""
    usual = {"tier": USUAL_TIERS[kind], "places": tuple(USUAL_PLACES[kind])}
    row = Resource(kind=kind, name=name, **usual | values)
    session.add(row)
    commit(session)
    return row
