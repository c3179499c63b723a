-- Times are whole milliseconds since the epoch; JSON columns hold what the report shows.
CREATE TABLE runs (
  id         TEXT PRIMARY KEY,          -- ULID
  kind       TEXT NOT NULL,             -- run, restore, retention, ...
  host       TEXT NOT NULL,
  process    TEXT NOT NULL,             -- JSON: who runs it, to tell later whether it died
  started_at INTEGER NOT NULL,
  ended_at   INTEGER,
  outcome    TEXT,                      -- null while it runs
  exit_code  INTEGER,
  warnings   TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX runs_unfinished ON runs (started_at) WHERE outcome IS NULL;

CREATE TABLE steps (
  run_id     TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  position   INTEGER NOT NULL,
  id         TEXT NOT NULL,             -- backup:sonarr@nas-primary
  title      TEXT NOT NULL,
  stage      TEXT,
  service    TEXT,
  repository TEXT,
  weight     TEXT NOT NULL,
  started_at INTEGER,
  ended_at   INTEGER,
  outcome    TEXT,                      -- null while it waits or runs
  reason     TEXT,
  error      TEXT,
  warnings   TEXT NOT NULL DEFAULT '[]',
  result     TEXT,
  PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX steps_of_job ON steps (id, run_id);
CREATE INDEX steps_of_service ON steps (service, run_id);

-- Something made during a step that must be undone if the process dies.
CREATE TABLE effects (
  id          INTEGER PRIMARY KEY,
  run_id      TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  step_id     TEXT NOT NULL,
  kind        TEXT NOT NULL,
  payload     TEXT NOT NULL,
  intended_at INTEGER NOT NULL,
  settled_at  INTEGER
) STRICT;
CREATE INDEX effects_unsettled ON effects (run_id) WHERE settled_at IS NULL;

-- Facts proven at a time; never edited.
CREATE TABLE evidence (
  id          INTEGER PRIMARY KEY,
  kind        TEXT NOT NULL,
  service     TEXT NOT NULL,
  repository  TEXT NOT NULL,
  run_id      TEXT NOT NULL,
  snapshot_id TEXT NOT NULL,
  at          INTEGER NOT NULL,
  complete    INTEGER NOT NULL,
  detail      TEXT NOT NULL
) STRICT;
CREATE INDEX evidence_of_job ON evidence (service, repository, kind, at DESC);
CREATE INDEX evidence_of_snapshot ON evidence (snapshot_id);
