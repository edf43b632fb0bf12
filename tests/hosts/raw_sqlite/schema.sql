CREATE TABLE staff (
  code TEXT PRIMARY KEY,
  surname TEXT NOT NULL,
  first_name TEXT NOT NULL,
  mail TEXT,
  unit TEXT
);

CREATE TABLE fall (
  id INTEGER PRIMARY KEY,
  reported TEXT NOT NULL DEFAULT (datetime('now')),
  reporter TEXT REFERENCES staff (code),
  unit TEXT,
  story TEXT NOT NULL,
  anonymous INTEGER NOT NULL DEFAULT 0,
  draft INTEGER NOT NULL DEFAULT 0
);
