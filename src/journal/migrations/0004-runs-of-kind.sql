-- The newest run of each kind, without reading all of them.
CREATE INDEX runs_of_kind ON runs (kind, id);
