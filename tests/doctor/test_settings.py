"""The settings and the layout, each really wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from jinja2 import DictLoader

from flask_peersupport.doctor import Level
from flask_peersupport.runtime import current_runtime
from tests.doctor.conftest import MakeApp, not_well


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("mail_from", Level.FAULT),
        ("base_url", Level.FAULT),
        ("support_phone", Level.WARNING),
        ("escalation_address", Level.WARNING),
    ],
)
def test_a_missing_setting_is_named(well: MakeApp, name: str, level: Level) -> None:
    setting = f"PEERSUPPORT_{name.upper()}"
    (finding,) = not_well(well(**{setting: None}))
    assert finding.level is level
    assert finding.sentence.startswith(f"{setting} is missing: ")
    assert finding.remedy == f"Set {setting}."


def with_layout(app: Flask, layout: str | None, block: str = "content") -> Flask:
    """Change the layout behind the settings' back, as a host that renames a template does."""
    with app.app_context():
        runtime = current_runtime()
        runtime.settings = replace(runtime.settings, layout=layout, layout_block=block)
    app.jinja_loader = DictLoader(
        {
            "base.html": "{% block title %}{% endblock %}{% block content %}{% endblock %}",
            "child.html": '{% extends "base.html" %}{% block other %}{% endblock %}',
            "computed.html": "{% extends layout %}",
            "broken.html": "{% block %}",
        }
    )
    return app


@pytest.mark.parametrize("layout", [None, "base.html", "child.html", "computed.html"])
def test_a_layout_with_the_block_is_well(well: MakeApp, layout: str | None) -> None:
    assert not_well(with_layout(well(), layout)) == []


@pytest.mark.parametrize(
    ("layout", "sentence"),
    [
        (
            "gone.html",
            "The layout gone.html cannot be used: there is no template gone.html.",
        ),
        ("broken.html", "The layout broken.html cannot be used (TemplateSyntaxError)."),
        ("child.html", "The layout child.html has no block main: the pages would be empty."),
    ],
)
def test_a_layout_that_cannot_work_is_a_fault(well: MakeApp, layout: str, sentence: str) -> None:
    app = with_layout(well(), layout, block="main")
    assert [(finding.level, finding.sentence) for finding in not_well(app)] == [
        (Level.FAULT, sentence)
    ]
