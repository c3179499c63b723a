-- When what became of a run was told (or found to be nothing that anybody must be told). History is no news.
ALTER TABLE runs ADD COLUMN told_at INTEGER;
UPDATE runs SET told_at = coalesce(ended_at, started_at) WHERE outcome IS NOT NULL;
CREATE INDEX runs_untold ON runs (id) WHERE told_at IS NULL;

-- What is wrong as far as anybody was, or will be, told; gone once its end was told.
CREATE TABLE problems (
  key     TEXT PRIMARY KEY,           -- backup:sonarr@nas-primary, stale:sonarr@nas-primary
  content TEXT NOT NULL               -- JSON: domain/notification.ts
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  key      TEXT UNIQUE,               -- what must be told once, whoever observes it how often; null: nothing says so
  grouping TEXT NOT NULL,             -- what belongs together, so that it is not told piece by piece
  at       INTEGER NOT NULL,
  content  TEXT NOT NULL              -- JSON: what is said, secrets masked
) STRICT;
CREATE INDEX messages_by_time ON messages (at);

-- One message to one channel: at least once, or it says here why not.
CREATE TABLE deliveries (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  channel    TEXT NOT NULL,
  rank       INTEGER NOT NULL,        -- of its priority: the least are given up first
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    INTEGER NOT NULL DEFAULT 0,
  settled_at INTEGER,
  outcome    TEXT,                    -- delivered, expired, dropped, removed; null while it waits
  error      TEXT,
  admitted   INTEGER NOT NULL DEFAULT 0  -- that it was expired or dropped has been told
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (channel, id) WHERE outcome IS NULL;
CREATE INDEX deliveries_lost ON deliveries (channel) WHERE outcome IN ('expired', 'dropped') AND admitted = 0;
CREATE INDEX deliveries_of_message ON deliveries (message_id);

-- How a channel as a whole does; no row: well.
CREATE TABLE ailing_channels (
  channel  TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  since    INTEGER NOT NULL,
  next_at  INTEGER NOT NULL,
  error    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notification_marks (
  name TEXT PRIMARY KEY,              -- summary
  at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
