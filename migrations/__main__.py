"""Write the next revision: `python -m flask_peersupport.migrations "text" [DATABASE_URL]`.

It compares the models with a database that is at the newest revision: by default a new SQLite
file. Give an empty database on a server for changes that SQLite cannot show.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from alembic import command
from alembic.script import Script

from flask_peersupport import schema


def write_revision(text: str, database_url: str | None = None) -> None:
    """Write the next revision into the folder of this package."""
    config = schema.configuration()
    number = len(schema.revisions()) + 1
    with TemporaryDirectory() as folder:
        engine = sa.create_engine(database_url or f"sqlite:///{folder}/models.sqlite")
        if number > 1:
            schema.upgrade(engine)
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            written = command.revision(config, text, autogenerate=True, rev_id=f"{number:04d}")
        engine.dispose()
    assert isinstance(written, Script)
    path = Path(written.path)
    lines = path.read_text("utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("    # ### ")]
    path.write_text("\n".join(kept) + "\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    write_revision(*sys.argv[1:3])
