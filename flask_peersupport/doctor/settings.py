"""The settings that nothing works without, and the layout that the pages extend."""

from __future__ import annotations

from flask import Flask
from jinja2 import TemplateNotFound, nodes
from jinja2.exceptions import TemplateError

from ..config import PREFIX
from ..runtime import Runtime
from .findings import Finding, Findings, Level, fault, ok


def look_at_settings(runtime: Runtime) -> Findings:
    """Look at the settings without a default that would do."""
    settings = runtime.settings
    for name, level, consequence in (
        ("mail_from", Level.FAULT, "no mail can be sent"),
        ("base_url", Level.FAULT, "mail cannot link to the pages"),
        ("support_phone", Level.WARNING, "nobody sees a number for when it cannot wait"),
        (
            "escalation_address",
            Level.WARNING,
            "nobody is told when no coordinator may see a reach-out",
        ),
    ):
        setting = PREFIX + name.upper()
        if getattr(settings, name) is None:
            yield Finding(level, f"{setting} is missing: {consequence}.", f"Set {setting}.")
        else:
            yield ok(f"{setting} is set.")


def look_at_layout(app: Flask, runtime: Runtime) -> Findings:
    """Look whether the host's layout is there and has the block that the pages fill."""
    layout, block = runtime.settings.layout, runtime.settings.layout_block
    if layout is None:
        yield ok("The pages use the extension's own layout.")
        return
    setting = f"{PREFIX}LAYOUT"
    try:
        is_found = _has_block(app, layout, block)
    except TemplateNotFound as error:
        yield fault(
            f"The layout {layout} cannot be used: there is no template {error.name}.",
            f"Set {setting} to a template of the application.",
        )
    except TemplateError as error:
        yield fault(
            f"The layout {layout} cannot be used ({type(error).__name__}).", "Mend the template."
        )
    else:
        if is_found:
            yield ok(f"The layout {layout} has the block {block}.")
        else:
            yield fault(
                f"The layout {layout} has no block {block}: the pages would be empty.",
                f"Set {setting}_BLOCK to the block that holds a page's content.",
            )


def _has_block(app: Flask, name: str, block: str) -> bool:
    """Return whether a template, or one it extends, has the block.

    A parent whose name is computed cannot be followed; it gets the benefit of the doubt.
    """
    environment = app.jinja_env
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        assert environment.loader is not None
        text = environment.loader.get_source(environment, name)[0]
        tree = environment.parse(text, name)
        if any(found.name == block for found in tree.find_all(nodes.Block)):
            return True
        parent = tree.find(nodes.Extends)
        if parent is None:
            return False
        if not isinstance(parent.template, nodes.Const):
            return True
        name = str(parent.template.value)
    return False
