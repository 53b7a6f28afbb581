-- What the server says about itself and about us, in one turn. The lock table's half is what one
-- transaction may plan to use (ENGINE.md 14). Then, a line each: the settings that not every server
-- has, where their value is not the wanted one. Last, our search_path $2 is set, where the process
-- $1 that we logged in to is the one that answers. Until then any may hold, so that all is named here
-- with its schema.
-- :name session_facts
SELECT pg_catalog.current_setting('server_version_num'),
       pg_catalog.current_setting('server_version'),
       d.datname, d.oid, (SELECT system_identifier FROM pg_catalog.pg_control_system()),
       session_user, current_user, pg_catalog.pg_encoding_to_char(d.encoding),
       pg_catalog.current_setting('synchronous_commit'), r.rolsuper, pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('max_locks_per_transaction')::bigint
           OPERATOR(pg_catalog.*) (pg_catalog.current_setting('max_connections')::bigint
               OPERATOR(pg_catalog.+)
               pg_catalog.current_setting('max_prepared_transactions')::bigint)
           OPERATOR(pg_catalog./) 2::bigint,
       pg_catalog.pg_backend_pid(),
       (SELECT coalesce(pg_catalog.string_agg(pg_catalog.concat(name, ' ', wanted), E'\n'), '')
          FROM (VALUES ('idle_session_timeout'::pg_catalog.text, '0'::pg_catalog.text),
                       ('transaction_timeout', '0'), ('client_connection_check_interval', '0'),
                       ('default_toast_compression', 'pglz'), ('session_replication_role', 'origin'))
               AS setting (name, wanted)
         WHERE pg_catalog.current_setting(name, true) OPERATOR(pg_catalog.<>) wanted),
       CASE WHEN pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) $1::integer
            THEN pg_catalog.set_config('search_path', $2::pg_catalog.text, false) END
  FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
 WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
   AND r.rolname OPERATOR(pg_catalog.=) session_user

-- How far a standby has come: the position in the log, and when what it replayed last was committed
-- on the primary (empty where it has replayed no commit since it started).
-- :name session_replayed
SELECT pg_catalog.pg_last_wal_replay_lsn(),
       coalesce(to_char(pg_catalog.pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC',
                        'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')

-- Which process serves us; also behind BEGIN or ROLLBACK, as one message.
-- :name session_process
SELECT pg_catalog.pg_backend_pid()

-- Ours by one published key; what a waiting applier tells its user.
-- :name lock_try
SELECT pg_catalog.pg_try_advisory_lock($1::bigint)

-- :name lock_holder
SELECT l.pid, coalesce(a.application_name, ''), coalesce(a.client_addr::text, 'local'),
       coalesce(a.usename, ''),
       coalesce(to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
  FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
   AND (l.classid::bigint << 32) | l.objid::bigint = $1::bigint

-- The guard of step_stop.h, and the end of a wait for a lock: of our own session only. Asked on a
-- session with nothing pinned.
-- :name stop_guard
SELECT pg_catalog.pg_try_advisory_lock($1::integer, $2::integer)

-- :name stop_lock_wait
SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity
 WHERE pid OPERATOR(pg_catalog.=) $1::integer
   AND wait_event_type OPERATOR(pg_catalog.=) 'Lock'::pg_catalog.text
   AND datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
   AND application_name OPERATOR(pg_catalog.=) pg_catalog.current_setting('application_name')

-- Whose search_path holds (scripts_path.h): until it is reset, $1.
-- :name path_set
SELECT pg_catalog.set_config('search_path', $1::pg_catalog.text, false)

-- Ours $1 for a while; what is put aside comes back by path_resume. $2: within this transaction. (The
-- one call inside the other, for their order.)
-- :name path_pause
SELECT pg_catalog.set_config('search_path',
           CASE WHEN pg_catalog.set_config('sealift.scripts_path',
                         pg_catalog.current_setting('search_path'), $2::boolean) IS NOT NULL
                THEN $1::pg_catalog.text END, $2::boolean)

-- :name path_resume
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('sealift.scripts_path'),
                             $1::boolean)

-- Names the group $1 and leaves durability to the run's end; both only within the transaction. With a
-- key $2 it is the guard of step_stop.h as well: while somebody holds that lock (whose first half is
-- STEP_STOP_KEY) the cast fails, and with it the group that begins here (a plain 1/0 would fail while
-- it is planned). Where a path $3 is given, the scripts' search_path holds from here on.
-- :name group_open
SELECT pg_catalog.set_config('sealift.group', $1, true),
       pg_catalog.set_config('synchronous_commit', 'off', true),
       CASE WHEN $2::integer IS NULL THEN true
            WHEN pg_catalog.pg_try_advisory_lock_shared(1397639500, $2::integer)
            THEN pg_catalog.pg_advisory_unlock_shared(1397639500, $2::integer)
            ELSE pg_catalog.set_config('sealift.group', 'stopped', true)::boolean END,
       CASE WHEN $3::pg_catalog.text IS NOT NULL
            THEN pg_catalog.set_config('search_path', $3, false) END

-- What a session is doing, as far as its own role may see it; no row where it is gone.
-- :name session_doing
SELECT coalesce(state, ''), coalesce(wait_event_type || '/' || wait_event, ''),
       coalesce((extract(epoch FROM clock_timestamp() - query_start) * 1000)::bigint, 0)
  FROM pg_catalog.pg_stat_activity WHERE pid = $1::integer

-- :name session_terminate
SELECT pg_catalog.pg_terminate_backend($1::integer)

-- :name session_cancel
SELECT pg_catalog.pg_cancel_backend($1::integer)

-- Entries of the shared lock table in use (fast-path locks take none, so this is an upper bound).
-- :name locks_held
SELECT count(*) FROM pg_catalog.pg_locks

-- An extension that is installed or could be, in a version that is at least the wanted one: versions
-- compare by their runs of digits.
-- :name extension_available
SELECT EXISTS (
    SELECT FROM (SELECT name, version FROM pg_catalog.pg_available_extension_versions
                 UNION ALL
                 SELECT extname, extversion FROM pg_catalog.pg_extension) AS known
     WHERE name = $1::text
       AND ($2::text = ''
            OR ARRAY(SELECT (m)[1]::numeric FROM regexp_matches(version, '[0-9]+', 'g') AS m)
               >= ARRAY(SELECT (m)[1]::numeric FROM regexp_matches($2, '[0-9]+', 'g') AS m)))

-- Whether the database holds tables or views of anybody's.
-- :name session_holds_relations
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sealift')
       AND NOT starts_with(n.nspname, 'pg_')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                          AND d.deptype = 'e'))

-- :name session_has_schema
SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1::text)
