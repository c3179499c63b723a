-- The same columns, all in one direction: read backwards it has the newest fact first, also among those of one moment, and nothing
-- needs to be sorted.
DROP INDEX evidence_of_job;
CREATE INDEX evidence_of_job ON evidence (service, repository, kind, at);
