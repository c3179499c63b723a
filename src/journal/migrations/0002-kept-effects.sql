-- An effect that outlives its run on purpose, until somebody asks for its end: when it was made for good.
ALTER TABLE effects ADD COLUMN kept_at INTEGER;
CREATE INDEX effects_kept ON effects (kind) WHERE kept_at IS NOT NULL AND settled_at IS NULL;
