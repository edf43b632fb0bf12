"""The commands print counts and ids, never names; roles can always be taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from flask_peersupport.access.models import Grant
from flask_peersupport.i18n import use_locale
from tests.intake.conftest import runtime
from tests.minimal_host import User, db
from tests.reachouts.conftest import COORDINATOR, Programme
from tests.reachouts.conftest import small_programme as small_programme


def test_faults_of_an_import_repeat_nothing_of_the_file(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "name,email,department\nAnna Vos,“anna”.vos,Ward of Anna\n=Anna,a@b.example,Ward 1\n",
        encoding="utf-8",
    )
    runner = make_app().test_cli_runner()
    with use_locale("en"):
        result = runner.invoke(args=["peersupport", "import-supporters", str(file)])
    assert result.exit_code == 1
    assert "row 2: “…” is not an e-mail address." in result.output
    for word in ("Anna", "anna", "vos", "Ward"):
        assert word not in result.output


def test_a_role_is_taken_from_who_left_the_hospital(small_programme: Programme) -> None:
    app = small_programme.app
    with app.app_context():
        db.session.delete(db.session.get(User, COORDINATOR))
        db.session.commit()
    revoke = ["peersupport", "revoke", "coordinator", str(COORDINATOR)]
    assert app.test_cli_runner().invoke(args=revoke).output == "coordinator revoked\n"
    with app.app_context(), runtime(app).storage.work() as session:
        assert session.scalars(sa.select(Grant)).all() == []
    grant = ["peersupport", "grant", "coordinator", str(COORDINATOR)]
    assert app.test_cli_runner().invoke(args=grant).exit_code == 1
