-- The manifest's tables: what `sqlite3 manifest.db` shows. MANIFEST_SCHEMA_NUMBER names exactly
-- this text; the reader compares every row of sqlite_schema with what this text gives, so that any
-- change here needs a new number. No indexes, triggers, views or generated columns. Numbers count from 1
-- unless a comment says otherwise; a comment behind a column is kept in the database.

-- :name manifest_schema
CREATE TABLE meta ( -- the bundle as a whole; keys as in HEAD, which says the same
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE version ( -- releases of the product, in order of application
  version INTEGER PRIMARY KEY CHECK (version >= 1),
  name TEXT NOT NULL,
  preceding_migrations INTEGER NOT NULL CHECK (preceding_migrations >= 0), -- in all versions before
  required_stop INTEGER NOT NULL CHECK (required_stop IN (0, 1)),
  min_compatible TEXT, -- a run that comes here begins at this version or later; null: anywhere
  released TEXT NOT NULL, -- UTC
  tree_blake2b TEXT NOT NULL CHECK (length(tree_blake2b) = 128), -- of this version and all before
  migrations INTEGER NOT NULL CHECK (migrations >= 0),
  way_back TEXT NOT NULL CHECK (way_back IN
    ('unproven', 'none', 'irreversible', 'exact', 'column-order', 'lossy', 'differs', 'fails'))
) STRICT;
CREATE TABLE superseded ( -- versions off the line, which one of the bundle's replaces
  ordinal INTEGER PRIMARY KEY CHECK (ordinal >= 1),
  version INTEGER NOT NULL CHECK (version >= 0), -- that replaces it; 0: what the bundle starts from
  name TEXT NOT NULL,
  tree_blake2b TEXT NOT NULL CHECK (length(tree_blake2b) = 128),
  same_schema INTEGER NOT NULL CHECK (same_schema IN (0, 1)) -- who stands there stands at `version`
) STRICT;
CREATE TABLE note ( -- what people should read before a version comes
  ordinal INTEGER PRIMARY KEY CHECK (ordinal >= 1),
  version INTEGER NOT NULL REFERENCES version,
  breaking INTEGER NOT NULL CHECK (breaking IN (0, 1)), -- something outside must follow
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  action TEXT NOT NULL -- what to do
) STRICT;
CREATE TABLE object ( -- files of the bundle, in path order
  object INTEGER PRIMARY KEY CHECK (object >= 1),
  path TEXT NOT NULL,
  offset INTEGER NOT NULL CHECK (offset >= 512), -- of its bytes, from README's tar header
  stored_size INTEGER NOT NULL CHECK (stored_size >= 0), -- bytes in the bundle
  plain_size INTEGER NOT NULL CHECK (plain_size >= 0), -- bytes after decompression
  compression TEXT NOT NULL CHECK (compression IN ('none', 'zstd')),
  stored_blake2b TEXT NOT NULL CHECK (length(stored_blake2b) = 128), -- or of its chunks'
  plain_blake2b TEXT NOT NULL CHECK (length(plain_blake2b) = 128)
) STRICT;
CREATE TABLE chunk ( -- digests of each 1 MiB of an object stored in more than 1 MiB
  object INTEGER NOT NULL REFERENCES object,
  chunk INTEGER NOT NULL CHECK (chunk >= 1),
  blake2b TEXT NOT NULL CHECK (length(blake2b) = 128),
  PRIMARY KEY (object, chunk)
) STRICT, WITHOUT ROWID;
CREATE TABLE migration ( -- in order of application, over all versions
  migration INTEGER PRIMARY KEY CHECK (migration >= 1),
  version INTEGER NOT NULL REFERENCES version,
  ordinal INTEGER NOT NULL CHECK (ordinal >= 1), -- in its version
  identity TEXT NOT NULL,
  slug TEXT NOT NULL,
  transaction_mode TEXT NOT NULL CHECK (transaction_mode IN ('transaction', 'none')),
  phase TEXT NOT NULL CHECK (phase IN ('any', 'before', 'after')), -- the application's own upgrade
  way_back TEXT NOT NULL CHECK (way_back IN
    ('unproven', 'none', 'irreversible', 'exact', 'column-order', 'lossy', 'differs', 'fails')),
  rehearsed INTEGER NOT NULL CHECK (rehearsed IN (0, 1)),
  irreversible_reason TEXT,
  acknowledged TEXT, -- the author's reason for a way back that is not exact
  atomic_blocker TEXT, -- why it cannot share a transaction with other migrations
  lock_estimate INTEGER NOT NULL CHECK (lock_estimate >= 0),
  lock_timeout_ms INTEGER CHECK (lock_timeout_ms >= 0), -- null: the applier's own
  statement_timeout_ms INTEGER CHECK (statement_timeout_ms >= 0), -- null: the applier's own
  up_blake2b TEXT NOT NULL CHECK (length(up_blake2b) = 128), -- of its line in the tree digest
  authored_blake2b TEXT CHECK (length(authored_blake2b) = 128) -- of the up that was released, where
    -- the planner added statements behind it; null: its up object is that text
) STRICT;
CREATE TABLE migration_data ( -- data files that a migration's up loads
  migration INTEGER NOT NULL REFERENCES migration,
  ordinal INTEGER NOT NULL CHECK (ordinal >= 1),
  object INTEGER NOT NULL REFERENCES object,
  PRIMARY KEY (migration, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE script (
  migration INTEGER NOT NULL REFERENCES migration,
  script TEXT NOT NULL CHECK (script IN ('up', 'down', 'verify', 'precheck')),
  object INTEGER NOT NULL REFERENCES object,
  source TEXT NOT NULL, -- path in the vendor's project
  in_transaction INTEGER NOT NULL CHECK (in_transaction IN (0, 1)), -- verify only: before COMMIT
  gate INTEGER NOT NULL CHECK (gate IN (0, 1)), -- precheck only: must hold before the version begins
  PRIMARY KEY (migration, script)
) STRICT, WITHOUT ROWID;
CREATE TABLE batch ( -- how a script's first step goes through a table, range by range of a key
  migration INTEGER NOT NULL REFERENCES migration,
  script TEXT NOT NULL CHECK (script IN ('up', 'down')),
  table_schema TEXT, -- null: found by search_path
  table_name TEXT NOT NULL,
  key_column TEXT NOT NULL,
  size INTEGER NOT NULL CHECK (size >= 1), -- rows of one range
  pause_ms INTEGER NOT NULL CHECK (pause_ms >= 0), -- between two ranges
  PRIMARY KEY (migration, script)
) STRICT, WITHOUT ROWID;
CREATE TABLE step_group ( -- steps that share a transaction, one step outside any, or a batch
  migration INTEGER NOT NULL REFERENCES migration,
  script TEXT NOT NULL CHECK (script IN ('up', 'down', 'verify', 'precheck')),
  ordinal INTEGER NOT NULL CHECK (ordinal >= 1),
  kind TEXT NOT NULL CHECK (kind IN ('transaction', 'autocommit', 'batch')),
  isolation TEXT NOT NULL CHECK (isolation IN
    ('default', 'read committed', 'repeatable read', 'serializable')),
  read_only INTEGER NOT NULL CHECK (read_only IN (0, 1)),
  deferrable_mode INTEGER NOT NULL CHECK (deferrable_mode IN (0, 1)),
  steps INTEGER NOT NULL CHECK (steps >= 1),
  PRIMARY KEY (migration, script, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE step ( -- statements, or lines of such, as ranges of the script's plain bytes
  migration INTEGER NOT NULL REFERENCES migration,
  script TEXT NOT NULL CHECK (script IN ('up', 'down', 'verify', 'precheck')),
  ordinal INTEGER NOT NULL CHECK (ordinal >= 1),
  kind TEXT NOT NULL CHECK (kind IN ('sql', 'copy', 'batch', 'assertion', 'lines')),
  statements INTEGER NOT NULL CHECK (statements >= 1), -- in it; of `lines` each in a line of its own
  line INTEGER NOT NULL CHECK (line >= 1), -- in the vendor's file, of the first
  offset INTEGER NOT NULL CHECK (offset >= 0), -- from 0
  length INTEGER NOT NULL CHECK (length >= 1), -- bytes
  data_object INTEGER REFERENCES object, -- what COPY reads
  session_state INTEGER NOT NULL CHECK (session_state IN (0, 1)),
  destructive INTEGER NOT NULL CHECK (destructive IN (0, 1)),
  outside_effects INTEGER NOT NULL CHECK (outside_effects IN (0, 1)),
  lock_estimate INTEGER NOT NULL CHECK (lock_estimate >= 0),
  probe TEXT NOT NULL CHECK (probe IN ('none', 'repeat', 'index-present', 'index-absent', 'reindex',
    'detach', 'database-present', 'database-absent', 'tablespace-present', 'tablespace-absent',
    'subscription-present', 'subscription-absent')), -- how a crash at this step is settled
  probe_object TEXT,
  probe_object_schema TEXT,
  probe_table TEXT,
  probe_table_schema TEXT,
  PRIMARY KEY (migration, script, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE parameter ( -- values that only a site knows, in order of their names
  parameter INTEGER PRIMARY KEY CHECK (parameter >= 1),
  name TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('text', 'integer', 'number', 'boolean', 'identifier')),
  default_value TEXT, -- null: the site must say
  rehearsed_value TEXT NOT NULL, -- what the rehearsal ran with
  pattern TEXT, -- extended regular expression for the whole value; null: any
  description TEXT NOT NULL
) STRICT;
CREATE TABLE step_parameter ( -- bytes of a step's text in whose place a value is sent
  migration INTEGER NOT NULL REFERENCES migration,
  script TEXT NOT NULL CHECK (script IN ('up', 'down', 'verify', 'precheck')),
  step INTEGER NOT NULL CHECK (step >= 1),
  offset INTEGER NOT NULL CHECK (offset >= 0), -- from the step's first byte
  length INTEGER NOT NULL CHECK (length >= 1),
  parameter INTEGER NOT NULL REFERENCES parameter,
  quoting TEXT NOT NULL CHECK (quoting IN ('literal', 'identifier', 'raw')),
  PRIMARY KEY (migration, script, step, offset)
) STRICT, WITHOUT ROWID;
CREATE TABLE requirement ( -- what the target must have
  ordinal INTEGER PRIMARY KEY CHECK (ordinal >= 1),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL
) STRICT;
CREATE TABLE scope ( -- schemas that the fingerprints cover
  ordinal INTEGER PRIMARY KEY CHECK (ordinal >= 1),
  name TEXT NOT NULL
) STRICT;
CREATE TABLE tolerated ( -- a site's own objects that are no drift
  ordinal INTEGER PRIMARY KEY CHECK (ordinal >= 1),
  kind TEXT NOT NULL, -- of a fingerprint's row, or *
  identity TEXT NOT NULL -- pattern, as fnmatch takes it
) STRICT;
CREATE TABLE fingerprint ( -- schemas that the rehearsal came to: what a site accepts
  ordinal INTEGER PRIMARY KEY CHECK (ordinal >= 1),
  version INTEGER NOT NULL CHECK (version >= 0), -- 0: what the bundle starts from
  arrival TEXT NOT NULL CHECK (arrival IN ('up', 'down', 'again', 'chain')),
  server_major INTEGER NOT NULL CHECK (server_major >= 1),
  core_blake2b TEXT NOT NULL CHECK (length(core_blake2b) = 128),
  deparse_blake2b TEXT NOT NULL CHECK (length(deparse_blake2b) = 128),
  env_blake2b TEXT NOT NULL CHECK (length(env_blake2b) = 128),
  object INTEGER NOT NULL REFERENCES object -- the rows that these are the roots of
) STRICT;
CREATE TABLE earlier ( -- schemas of versions before the bundle's first
  ordinal INTEGER PRIMARY KEY CHECK (ordinal >= 1),
  name TEXT NOT NULL,
  tree_blake2b TEXT NOT NULL CHECK (length(tree_blake2b) = 128),
  migrations INTEGER NOT NULL CHECK (migrations >= 0), -- of the product, this version's included
  server_major INTEGER NOT NULL CHECK (server_major >= 1),
  core_blake2b TEXT NOT NULL CHECK (length(core_blake2b) = 128),
  deparse_blake2b TEXT NOT NULL CHECK (length(deparse_blake2b) = 128),
  env_blake2b TEXT NOT NULL CHECK (length(env_blake2b) = 128)
) STRICT;
CREATE TABLE rehearsal ( -- what came of a way back on one server major
  ordinal INTEGER PRIMARY KEY CHECK (ordinal >= 1),
  migration INTEGER REFERENCES migration, -- null: of a version
  version INTEGER REFERENCES version, -- null: of a migration
  server_major INTEGER NOT NULL CHECK (server_major >= 1),
  way_back TEXT NOT NULL CHECK (way_back IN
    ('exact', 'column-order', 'lossy', 'differs', 'fails')),
  detail TEXT NOT NULL -- which objects, tables or SQLSTATE
) STRICT;
CREATE TABLE measured ( -- relations that a step locked, rewrote or read whole on one server major
  ordinal INTEGER PRIMARY KEY CHECK (ordinal >= 1),
  migration INTEGER NOT NULL REFERENCES migration,
  script TEXT NOT NULL CHECK (script IN ('up', 'down', 'verify', 'precheck')),
  step INTEGER NOT NULL CHECK (step >= 1),
  server_major INTEGER NOT NULL CHECK (server_major >= 1),
  relation TEXT NOT NULL,
  lock TEXT NOT NULL, -- as pg_locks names it; empty: none was seen
  rewritten INTEGER NOT NULL CHECK (rewritten IN (0, 1)),
  scanned INTEGER NOT NULL CHECK (scanned IN (0, 1))
) STRICT;
CREATE TABLE brought ( -- tables and columns that a migration adds and its way back drops
  ordinal INTEGER PRIMARY KEY CHECK (ordinal >= 1),
  migration INTEGER NOT NULL REFERENCES migration,
  kind TEXT NOT NULL CHECK (kind IN ('table', 'column')),
  identity TEXT NOT NULL -- as the fingerprint names it
) STRICT;
CREATE TABLE atomic ( -- ways to share a transaction that came to the same schemas
  ordinal INTEGER PRIMARY KEY CHECK (ordinal >= 1),
  mode TEXT NOT NULL CHECK (mode IN ('version', 'run')), -- one for each version, or for all
  server_major INTEGER NOT NULL CHECK (server_major >= 1)
) STRICT;
