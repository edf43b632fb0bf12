"""What is built from the project installs into an empty environment, and is complete."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LEFT_OUT = (".*", "*.egg-info", "__pycache__", "build", "dist", "instance", "venv", "tests")

#: Runs in the new environment, away from the project.
TRY = """
import importlib.util
import sqlalchemy as sa
import flask_peersupport
from flask_peersupport import schema

assert not importlib.util.find_spec("tests") and not importlib.util.find_spec("example_app")
engine = sa.create_engine("sqlite:///new.sqlite")
schema.upgrade(engine)
assert schema.current(engine) == schema.head()
assert schema.differences(engine) == []
schema.downgrade(engine, "base")
engine.dispose()
print(flask_peersupport.__file__)
"""


def packages_on_disk() -> set[str]:
    """Return the packages that are there, by the names they are imported by."""
    found = set()
    for top, name in (("flask_peersupport", "flask_peersupport"), ("migrations", "")):
        for file in (ROOT / top).rglob("__init__.py"):
            parts = file.parent.relative_to(ROOT).parts
            found.add(".".join(parts if name else ("flask_peersupport", *parts)))
    return found


def data_on_disk() -> set[str]:
    """Return the files other than Python that belong into the package, by their place in it."""
    folder = ROOT / "flask_peersupport"
    found = {
        path.relative_to(ROOT).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    return found | {"flask_peersupport/migrations/script.py.mako"}


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command without what the environment adds to Python, and return what it prints."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=cwd, env=kept, check=False, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("package")
    # A copy: building leaves its traces beside the sources.
    copy = folder / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", cwd=copy)
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """Return the wheel."""
    (found,) = built.glob("*.whl")
    return found


def test_the_list_of_packages_is_complete() -> None:
    options = configparser.ConfigParser()
    options.read(ROOT / "setup.cfg")
    listed = options["options"]["packages"].split()
    assert listed == sorted(packages_on_disk())


def test_the_wheel_holds_every_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "flask_peersupport").rglob("*.py")
    } | {
        "flask_peersupport/" + path.relative_to(ROOT).as_posix()
        for path in (ROOT / "migrations").rglob("*.py")
    }
    assert names == sources | data_on_disk()


def test_the_wheel_holds_each_kind_of_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for start, end in (
        ("flask_peersupport/py.typed", ""),
        ("flask_peersupport/migrations/env.py", ""),
        ("flask_peersupport/migrations/versions/0001_", ".py"),
        ("flask_peersupport/templates/peersupport/", ".html"),
        ("flask_peersupport/static/", ".css"),
        ("flask_peersupport/static/", ".js"),
        ("flask_peersupport/translations/nl/LC_MESSAGES/", ".mo"),
    ):
        assert any(name.startswith(start) and name.endswith(end) for name in names), start + end


def test_the_sdist_holds_every_file(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    data = {name.replace("flask_peersupport/migrations/", "migrations/") for name in data_on_disk()}
    assert data | {"setup.cfg", "pyproject.toml", "README.md", "LICENSE"} <= names


def test_the_wheel_installs_into_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "env", cwd=tmp_path)
    python = tmp_path / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    place = run(python, "-W", "error", "-c", TRY, cwd=tmp_path)
    assert Path(place.strip()).is_relative_to(tmp_path / "env")
    run(python, "-m", "pip", "check", cwd=tmp_path)
