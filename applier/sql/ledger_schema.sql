-- The ledger's tables. Rows are appended, never updated or deleted. Digests are the raw 64 bytes of
-- BLAKE2b-512. docs: DESIGN.md "The ledger"; what the journal's fields mean: applier/journal.h.
--
-- The journal's last three columns are guards, checked by the server while the row goes in: a row
-- cannot get in outside the transaction that we began for its group, without the lock, or under
-- another role than planned.
--
-- A row of sealift.fingerprint says which proven schema a version was found to have as the database
-- came to it: journal_number is the journal's last row then, arrival the one of the proven set that
-- is equal (empty: none), compared_major the server major that one was rehearsed on. A row of
-- sealift.accepted_extra is a row of the fingerprint that the site accepts while its hash lasts.
--
-- identity.rehearsal_since is set where the database is the copy that a rehearsal runs on: apply,
-- resume and rollback refuse such a ledger.
--
-- identity.system_identifier and database_oid say where the ledger was made, each event where it was
-- written; a copy that goes its own way (adopt --as-copy) gets new ones, and another database_uuid.
--
-- A row of sealift.backup is what stands behind a run, or that nothing does: event_number is the event
-- that began the run, or that refused it. words are the last lines of a command's output. A row of
-- sealift.accepted_loss is a migration whose data the rollback of that event was allowed to lose.
--
-- A row of sealift.parameter is a value that the steps of the run of that event took: it holds for the
-- rows of the journal behind journal_number, up to the next row of that name.
-- :name ledger_schema
CREATE SCHEMA sealift;
REVOKE ALL ON SCHEMA sealift FROM PUBLIC;
CREATE TABLE sealift.identity (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ledger_format integer NOT NULL,
    product text NOT NULL,
    product_uuid uuid NOT NULL,
    database_uuid uuid NOT NULL,
    system_identifier text NOT NULL,
    database_oid oid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL DEFAULT session_user,
    rehearsal_since timestamptz
);
CREATE TABLE sealift.event (
    number bigint PRIMARY KEY,
    action text NOT NULL CHECK (action IN ('apply', 'rollback', 'resume', 'adopt')),
    phase text NOT NULL CHECK (phase IN ('begin', 'end', 'failure', 'refused', 'return')),
    head_digest bytea,
    from_version text NOT NULL,
    to_version text NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    session_user_name text NOT NULL DEFAULT session_user,
    current_user_name text NOT NULL DEFAULT current_user,
    client_host text NOT NULL,
    operating_system_user text NOT NULL,
    applier text NOT NULL,
    server_version text NOT NULL,
    system_identifier text NOT NULL,
    database_oid oid NOT NULL,
    superuser boolean NOT NULL,
    run_id text NOT NULL DEFAULT '',
    settings jsonb,
    bundle_path text,
    sqlstate text NOT NULL DEFAULT '',
    words text NOT NULL DEFAULT ''
);
CREATE TABLE sealift.bundle (
    head_digest bytea PRIMARY KEY,
    sequence bigint NOT NULL,
    epoch bigint NOT NULL,
    channel text NOT NULL,
    covers_from text NOT NULL,
    covers_to text NOT NULL,
    tree_from text NOT NULL,
    tree_to text NOT NULL,
    envelope bytea NOT NULL,
    verification text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE sealift.stored_object (
    head_digest bytea NOT NULL,
    path text COLLATE "C" NOT NULL,
    chunk integer NOT NULL,
    bytes bytea NOT NULL CHECK (octet_length(bytes) <= 1048576),
    PRIMARY KEY (head_digest, path, chunk)
);
CREATE TABLE sealift.journal (
    number bigint PRIMARY KEY,
    kind text NOT NULL,
    direction text NOT NULL,
    head_digest bytea NOT NULL,
    version text NOT NULL,
    identity text NOT NULL,
    group_number integer NOT NULL,
    group_count integer NOT NULL,
    first_step integer NOT NULL,
    last_step integer NOT NULL,
    complete boolean NOT NULL,
    position_after bigint NOT NULL,
    up_digest bytea NOT NULL,
    attempt integer NOT NULL,
    result text NOT NULL,
    words text NOT NULL,
    previous bytea,
    digest bytea NOT NULL,
    duration_ms bigint NOT NULL,
    at timestamptz NOT NULL,
    in_our_transaction boolean NOT NULL
        CONSTRAINT journal_in_our_transaction CHECK (in_our_transaction),
    under_our_lock boolean NOT NULL CONSTRAINT journal_under_our_lock CHECK (under_our_lock),
    as_planned_role boolean NOT NULL CONSTRAINT journal_as_planned_role CHECK (as_planned_role)
);
CREATE INDEX journal_down ON sealift.journal (number) WHERE direction = 'down';
CREATE TABLE sealift.version (
    journal_number bigint NOT NULL,
    position bigint NOT NULL,
    name text NOT NULL,
    tree_digest bytea NOT NULL,
    head_digest bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (journal_number, name)
);
CREATE INDEX version_tree ON sealift.version (tree_digest);
CREATE TABLE sealift.fingerprint (
    number bigint PRIMARY KEY,
    journal_number bigint NOT NULL,
    version text NOT NULL,
    arrival text NOT NULL,
    server_major integer NOT NULL,
    compared_major integer NOT NULL,
    core bytea NOT NULL,
    deparse bytea NOT NULL,
    env bytea NOT NULL,
    proven boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE sealift.accepted_extra (
    number bigint PRIMARY KEY,
    kind text NOT NULL,
    identity text NOT NULL,
    hash text NOT NULL,
    reason text NOT NULL,
    came_with text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    session_user_name text NOT NULL DEFAULT session_user,
    operating_system_user text NOT NULL
);
CREATE TABLE sealift.backup (
    number bigint PRIMARY KEY,
    event_number bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('none', 'empty', 'declined', 'command', 'file', 'lsn', 'text',
                                       'pg_dump')),
    good boolean NOT NULL,
    what text NOT NULL,
    words text NOT NULL,
    log text NOT NULL,
    restore_command text NOT NULL,
    digest bytea,
    size bigint,
    made_at timestamptz,
    duration_ms bigint NOT NULL,
    exit_status integer,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    session_user_name text NOT NULL DEFAULT session_user,
    operating_system_user text NOT NULL
);
CREATE TABLE sealift.accepted_loss (
    number bigint PRIMARY KEY,
    event_number bigint NOT NULL,
    identity text NOT NULL,
    words text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    session_user_name text NOT NULL DEFAULT session_user,
    operating_system_user text NOT NULL
);
CREATE TABLE sealift.parameter (
    number bigint PRIMARY KEY,
    event_number bigint NOT NULL,
    journal_number bigint NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    value text NOT NULL,
    source text NOT NULL CHECK (source IN ('command', 'site', 'ledger', 'default')),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    session_user_name text NOT NULL DEFAULT session_user,
    operating_system_user text NOT NULL
);
COMMENT ON SCHEMA sealift IS
    'Sealift''s ledger: what was applied here, by whom, from which bundle. Rows are only appended.';
DO $$
DECLARE
    granted record;
BEGIN
    -- default privileges may have handed rights out as the tables were made
    FOR granted IN
        SELECT DISTINCT c.oid::regclass AS relation, a.grantee
          FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
         WHERE c.relnamespace = 'sealift'::regnamespace AND c.relkind = 'r'
           AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', granted.relation,
            CASE WHEN granted.grantee = 0 THEN 'PUBLIC'
                 ELSE quote_ident(pg_catalog.pg_get_userbyid(granted.grantee)) END);
    END LOOP;
    FOR granted IN
        SELECT DISTINCT a.grantee
          FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
         WHERE n.nspname = 'sealift' AND a.grantee <> n.nspowner
    LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA sealift FROM %s',
            CASE WHEN granted.grantee = 0 THEN 'PUBLIC'
                 ELSE quote_ident(pg_catalog.pg_get_userbyid(granted.grantee)) END);
    END LOOP;
END $$;
