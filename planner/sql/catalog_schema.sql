-- The planner's working index, .sealift/catalog.db: what rehearsals showed, by content. Everything
-- in it can be had again from the project's text; a file of another number (user_version), or one
-- that cannot be read, is made anew. `key` columns are digests (planner/rehearsal_subject.h).

-- :name catalog_schema
CREATE TABLE text ( -- of fingerprints, each once
  name TEXT PRIMARY KEY CHECK (length(name) = 36), -- 32 hex digits of its BLAKE2b, .txt
  bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE run ( -- one rehearsal from nothing to a last version, complete
  key TEXT NOT NULL,
  major INTEGER NOT NULL,
  server_version TEXT NOT NULL, -- with the packager's words
  applier TEXT NOT NULL,
  rehearsed_at TEXT NOT NULL,
  duration_ms INTEGER NOT NULL,
  passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
  PRIMARY KEY (key, major)
) STRICT, WITHOUT ROWID;
CREATE TABLE scope ( -- schemas that a run saw
  key TEXT NOT NULL,
  major INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (key, major, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE result ( -- of a way back: of a migration or a version, as its key says
  key TEXT NOT NULL,
  major INTEGER NOT NULL,
  server_version TEXT NOT NULL,
  verdict TEXT NOT NULL,
  detail TEXT NOT NULL,
  script TEXT NOT NULL,
  sqlstate TEXT NOT NULL,
  statement INTEGER NOT NULL,
  line INTEGER NOT NULL,
  source TEXT NOT NULL,
  before TEXT NOT NULL, -- text of the schema before its up; empty: not taken
  after TEXT NOT NULL,
  PRIMARY KEY (key, major)
) STRICT, WITHOUT ROWID;
CREATE TABLE difference ( -- objects that did not come back
  key TEXT NOT NULL,
  major INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  change TEXT NOT NULL,
  class TEXT NOT NULL,
  kind TEXT NOT NULL,
  identity TEXT NOT NULL,
  PRIMARY KEY (key, major, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE loss ( -- rows and values that did not come back
  key TEXT NOT NULL,
  major INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  relation TEXT NOT NULL,
  column_name TEXT,
  rows_before INTEGER NOT NULL,
  rows_after INTEGER NOT NULL,
  PRIMARY KEY (key, major, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE fingerprint (
  key TEXT NOT NULL, -- of the version; arrivals down and chain: of the one taken back, of the run
  major INTEGER NOT NULL,
  arrival TEXT NOT NULL CHECK (arrival IN ('up', 'down', 'again', 'chain')),
  version TEXT NOT NULL, -- chain: which version; else empty
  core TEXT NOT NULL,
  deparse TEXT NOT NULL,
  env TEXT NOT NULL,
  text TEXT NOT NULL REFERENCES text,
  PRIMARY KEY (key, major, arrival, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE measured ( -- a statement
  key TEXT NOT NULL, -- of its migration
  major INTEGER NOT NULL,
  script TEXT NOT NULL,
  statement INTEGER NOT NULL,
  line INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  wal_bytes INTEGER NOT NULL,
  declared INTEGER NOT NULL CHECK (declared IN (0, 1)),
  PRIMARY KEY (key, major, script, statement)
) STRICT, WITHOUT ROWID;
CREATE TABLE measured_relation (
  key TEXT NOT NULL,
  major INTEGER NOT NULL,
  script TEXT NOT NULL,
  statement INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  relation TEXT NOT NULL,
  lock TEXT NOT NULL,
  rewritten INTEGER NOT NULL CHECK (rewritten IN (0, 1)),
  scanned INTEGER NOT NULL CHECK (scanned IN (0, 1)),
  rows_read INTEGER NOT NULL,
  PRIMARY KEY (key, major, script, statement, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE invalid_index (
  key TEXT NOT NULL,
  major INTEGER NOT NULL,
  script TEXT NOT NULL,
  statement INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (key, major, script, statement, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE rows_finding ( -- an up that stops at rows
  key TEXT NOT NULL,
  major INTEGER NOT NULL,
  detail TEXT NOT NULL,
  sqlstate TEXT NOT NULL,
  line INTEGER NOT NULL,
  PRIMARY KEY (key, major)
) STRICT, WITHOUT ROWID;
CREATE TABLE atomic (
  key TEXT NOT NULL, -- of the run
  major INTEGER NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('version', 'run')),
  passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
  detail TEXT NOT NULL,
  PRIMARY KEY (key, major, mode)
) STRICT, WITHOUT ROWID;
CREATE TABLE unsteady ( -- objects that came out differently in two passes, or in two rehearsals
  key TEXT NOT NULL, -- of the migration; where only the version is known, of that
  major INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  version TEXT NOT NULL,
  identity TEXT NOT NULL,
  kind TEXT NOT NULL,
  object TEXT NOT NULL,
  PRIMARY KEY (key, major, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE failure ( -- an up that does not run
  key TEXT NOT NULL, -- of the migration
  major INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  identity TEXT NOT NULL,
  version TEXT NOT NULL,
  script TEXT NOT NULL,
  statement INTEGER NOT NULL,
  line INTEGER NOT NULL,
  source TEXT NOT NULL,
  sqlstate TEXT NOT NULL,
  words TEXT NOT NULL,
  proposal TEXT,
  PRIMARY KEY (key, major, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE seen ( -- every key, from its first rehearsal's end on; catalog_prune
  key TEXT PRIMARY KEY,
  at INTEGER NOT NULL, -- when the project had it last, or it was first met; seconds since 1970
  wanted INTEGER NOT NULL CHECK (wanted IN (0, 1)) -- the project has it
) STRICT, WITHOUT ROWID;
CREATE TRIGGER seen_goes AFTER DELETE ON seen BEGIN
  DELETE FROM run WHERE key = OLD.key;
  DELETE FROM scope WHERE key = OLD.key;
  DELETE FROM result WHERE key = OLD.key;
  DELETE FROM difference WHERE key = OLD.key;
  DELETE FROM loss WHERE key = OLD.key;
  DELETE FROM fingerprint WHERE key = OLD.key;
  DELETE FROM measured WHERE key = OLD.key;
  DELETE FROM measured_relation WHERE key = OLD.key;
  DELETE FROM invalid_index WHERE key = OLD.key;
  DELETE FROM rows_finding WHERE key = OLD.key;
  DELETE FROM atomic WHERE key = OLD.key;
  DELETE FROM unsteady WHERE key = OLD.key;
  DELETE FROM failure WHERE key = OLD.key;
END;
