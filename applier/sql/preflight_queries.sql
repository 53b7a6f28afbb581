-- What preflight and plan ask of a database before anything begins: catalogs and views that everybody
-- may read, nothing that a standby forbids. Names of relations are written as fingerprints write them
-- ("identity") and as SQL takes them ("quoted").

-- Relations by name, with their sizes now. A partitioned one has those of its leaves. $1 text[]: the
-- names. $2 boolean: ask the files, which waits for ACCESS EXCLUSIVE locks of others; else what the
-- last ANALYZE or VACUUM wrote down. Rows are -1 where nobody has counted them.
-- :name preflight_relations
WITH named AS (
  SELECT c.oid, c.relkind, c.reltablespace, format('%I.%I', n.nspname, c.relname) AS quoted,
         CASE WHEN n.nspname ~ '^[a-z_][a-z0-9_]*$' THEN n.nspname::text
              ELSE '"' || replace(n.nspname, '"', '""') || '"' END || '.'
         || CASE WHEN c.relname ~ '^[a-z_][a-z0-9_]*$' THEN c.relname::text
                 ELSE '"' || replace(c.relname, '"', '""') || '"' END AS identity
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'i', 'I')
), wanted AS (
  SELECT * FROM named WHERE identity = ANY ($1::text[])
), leaf AS (
  SELECT w.oid AS whole, c.oid, c.relpages, c.reltuples
    FROM wanted w
    JOIN LATERAL (SELECT w.oid AS relid WHERE w.relkind IN ('r', 'm', 'i')
                  UNION ALL
                  SELECT t.relid FROM pg_catalog.pg_partition_tree(w.oid) t
                   WHERE w.relkind IN ('p', 'I') AND t.isleaf) l ON true
    JOIN pg_catalog.pg_class c ON c.oid = l.relid AND c.relkind IN ('r', 'm', 'i')
), sized AS (
  SELECT l.whole,
         sum(CASE WHEN $2::boolean THEN coalesce(pg_catalog.pg_table_size(l.oid), 0)
                  ELSE l.relpages::bigint * current_setting('block_size')::bigint END)::bigint AS bytes,
         CASE WHEN bool_or(l.reltuples < 0 OR (l.reltuples = 0 AND l.relpages = 0)) THEN -1
              ELSE sum(l.reltuples)::bigint END AS row_count,
         coalesce(sum(i.bytes), 0)::bigint AS index_bytes,
         coalesce(sum(i.largest), 0)::bigint AS largest_index
    FROM leaf l
    LEFT JOIN LATERAL (
           SELECT sum(x.bytes) AS bytes, max(x.bytes) AS largest
             FROM (SELECT CASE WHEN $2::boolean THEN coalesce(pg_catalog.pg_relation_size(c.oid), 0)
                               ELSE c.relpages::bigint * current_setting('block_size')::bigint END AS bytes
                     FROM pg_catalog.pg_index p JOIN pg_catalog.pg_class c ON c.oid = p.indexrelid
                    WHERE p.indrelid = l.oid) x) i ON true
   GROUP BY l.whole
)
SELECT w.identity, w.quoted, w.relkind, coalesce(s.bytes, 0), coalesce(s.row_count, -1),
       coalesce(s.index_bytes, 0), coalesce(s.largest_index, 0),
       (SELECT t.spcname FROM pg_catalog.pg_tablespace t
         WHERE t.oid = CASE WHEN w.reltablespace <> 0 THEN w.reltablespace
                            ELSE (SELECT dattablespace FROM pg_catalog.pg_database
                                   WHERE datname = current_database()) END)
  FROM wanted w LEFT JOIN sized s ON s.whole = w.oid
 ORDER BY w.identity

-- Where the database keeps what says nothing else.
-- :name preflight_tablespace
SELECT t.spcname FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
 WHERE d.datname = current_database()

-- What the role may do with relations, by name as fingerprints write it. $1 text[].
-- :name preflight_relation_rights
SELECT r.identity, r.quoted, r.relkind, pg_catalog.quote_ident(o.rolname),
       pg_catalog.pg_has_role(o.oid, 'USAGE'), pg_catalog.pg_has_role(o.oid, 'MEMBER'), o.rolsuper,
       r.relkind IN ('r', 'p', 'v', 'f') AND (
           pg_catalog.has_table_privilege(r.oid, 'INSERT') OR pg_catalog.has_table_privilege(r.oid, 'UPDATE')
           OR pg_catalog.has_table_privilege(r.oid, 'DELETE') OR pg_catalog.has_table_privilege(r.oid, 'TRUNCATE'))
  FROM (SELECT c.oid, c.relkind, c.relowner, format('%I.%I', n.nspname, c.relname) AS quoted,
               CASE WHEN n.nspname ~ '^[a-z_][a-z0-9_]*$' THEN n.nspname::text
                    ELSE '"' || replace(n.nspname, '"', '""') || '"' END || '.'
               || CASE WHEN c.relname ~ '^[a-z_][a-z0-9_]*$' THEN c.relname::text
                       ELSE '"' || replace(c.relname, '"', '""') || '"' END AS identity
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'S')) AS r
  JOIN pg_catalog.pg_roles o ON o.oid = r.relowner
 WHERE r.identity = ANY ($1::text[])
 ORDER BY o.rolname, r.identity

-- Role and database, as SQL takes their names.
-- :name preflight_names
SELECT pg_catalog.quote_ident(current_user), pg_catalog.quote_ident(current_database())

-- What max_locks_per_transaction must be for half of the table to hold $1 bigint locks and what is
-- held now.
-- :name preflight_lock_setting
SELECT ceil(2 * ($1::numeric + (SELECT count(*) FROM pg_catalog.pg_locks))
            / (current_setting('max_connections')::numeric
               + current_setting('max_prepared_transactions')::numeric) / 64) * 64

-- The database's collation, where its order is not that of the operating system now (from 15 on).
-- :name preflight_database_collation
SELECT 'database ' || pg_catalog.quote_ident(datname), datcollversion,
       coalesce(pg_catalog.pg_database_collation_actual_version(oid), 'none')
  FROM pg_catalog.pg_database
 WHERE datname = current_database()
   AND datcollversion IS DISTINCT FROM pg_catalog.pg_database_collation_actual_version(oid)
   AND datcollversion IS NOT NULL

-- Collations that indexes of users use, likewise, with the statements that build those anew.
-- :name preflight_collations
SELECT format('%I.%I', n.nspname, l.collname), l.collversion,
       coalesce(pg_catalog.pg_collation_actual_version(l.oid), 'none'),
       (SELECT string_agg(DISTINCT format('REINDEX INDEX CONCURRENTLY %I.%I;', cn.nspname, c.relname), E'\n')
          FROM pg_catalog.pg_index i
          JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
          JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
         WHERE l.oid = ANY (i.indcollation))
  FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
 WHERE l.collversion IS NOT NULL
   AND l.collversion IS DISTINCT FROM pg_catalog.pg_collation_actual_version(l.oid)
   AND EXISTS (SELECT FROM pg_catalog.pg_index i WHERE l.oid = ANY (i.indcollation))
 ORDER BY 1

-- :name preflight_event_triggers
SELECT pg_catalog.quote_ident(evtname), evtevent, evtfoid::regproc
  FROM pg_catalog.pg_event_trigger
 WHERE evtenabled IN ('O', 'A') AND evtevent IN ('ddl_command_start', 'ddl_command_end', 'sql_drop', 'table_rewrite')
 ORDER BY 1

-- What the role is and may do in this database.
-- :name preflight_role
SELECT r.rolsuper, pg_catalog.has_database_privilege(current_database(), 'CREATE'),
       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'),
       coalesce((SELECT string_agg(pg_catalog.quote_ident(g.rolname), ', ' ORDER BY g.rolname)
                   FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
                  WHERE m.member = r.oid), '')
  FROM pg_catalog.pg_roles r
 WHERE r.rolname = current_user

-- Schemas by name as fingerprints write it ($1 text[]), and whether the role may make things there.
-- :name preflight_schemas
SELECT s.identity, s.quoted, pg_catalog.has_schema_privilege(s.oid, 'CREATE')
  FROM (SELECT oid, pg_catalog.quote_ident(nspname) AS quoted,
               CASE WHEN nspname ~ '^[a-z_][a-z0-9_]*$' THEN nspname::text
                    ELSE '"' || replace(nspname, '"', '""') || '"' END AS identity
          FROM pg_catalog.pg_namespace) AS s
 WHERE s.identity = ANY ($1::text[])
 ORDER BY 1

-- Roles by quoted name ($1 text[]) and whether we may act as them.
-- :name preflight_owners
SELECT pg_catalog.quote_ident(rolname), pg_catalog.pg_has_role(oid, 'USAGE'),
       pg_catalog.pg_has_role(oid, 'MEMBER')
  FROM pg_catalog.pg_roles
 WHERE pg_catalog.quote_ident(rolname) = ANY ($1::text[])

-- An extension that the bundle requires ($1 text, in at least version $2 text, '' for any): the
-- version installed, the newest that could be, whether the role may make it, may update it. Versions
-- compare by their runs of digits.
-- :name preflight_extension
WITH known AS (
  SELECT version, superuser, trusted,
         ARRAY(SELECT (m)[1]::numeric FROM regexp_matches(version, '[0-9]+', 'g') AS m) AS digits
    FROM pg_catalog.pg_available_extension_versions WHERE name = $1::text
), newest AS (
  SELECT * FROM known ORDER BY digits DESC LIMIT 1
), least AS (
  SELECT ARRAY(SELECT (m)[1]::numeric FROM regexp_matches($2::text, '[0-9]+', 'g') AS m) AS digits
)
SELECT coalesce(e.extversion, ''), coalesce(n.version, ''),
       e.extversion IS NOT NULL AND
       ARRAY(SELECT (m)[1]::numeric FROM regexp_matches(e.extversion, '[0-9]+', 'g') AS m) >= l.digits,
       n.version IS NOT NULL AND n.digits >= l.digits,
       r.rolsuper OR NOT n.superuser AND pg_catalog.has_database_privilege(current_database(), 'CREATE')
                  OR n.trusted AND pg_catalog.has_database_privilege(current_database(), 'CREATE'),
       coalesce(pg_catalog.pg_has_role(e.extowner, 'USAGE'), false), pg_catalog.quote_ident($1)
  FROM least l
  JOIN pg_catalog.pg_roles r ON r.rolname = current_user
  LEFT JOIN newest n ON true
  LEFT JOIN pg_catalog.pg_extension e ON e.extname = $1::text

-- Transactions that were prepared in this database.
-- :name preflight_prepared
SELECT pg_catalog.quote_literal(gid), pg_catalog.quote_ident(owner),
       extract(epoch FROM now() - prepared)::bigint, gid
  FROM pg_catalog.pg_prepared_xacts
 WHERE database = current_database()
 ORDER BY prepared

-- Sessions in this database that are in the way of a run: in a transaction for some time, idle in
-- one, or holding a lock on a relation among $1 text[]. What they are for, never what they ask. The
-- state is null where we may not see it.
-- :name preflight_sessions
WITH named AS (
  SELECT c.oid,
         CASE WHEN n.nspname ~ '^[a-z_][a-z0-9_]*$' THEN n.nspname::text
              ELSE '"' || replace(n.nspname, '"', '""') || '"' END || '.'
         || CASE WHEN c.relname ~ '^[a-z_][a-z0-9_]*$' THEN c.relname::text
                 ELSE '"' || replace(c.relname, '"', '""') || '"' END AS identity
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
), held AS (
  SELECT l.pid, string_agg(DISTINCT k.identity, ', ') AS relations
    FROM pg_catalog.pg_locks l JOIN named k ON k.oid = l.relation
   WHERE l.locktype = 'relation' AND l.granted AND k.identity = ANY ($1::text[])
     AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
   GROUP BY l.pid
)
SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.state, ''),
       coalesce(extract(epoch FROM now() - a.xact_start)::bigint, -1),
       coalesce(extract(epoch FROM now() - a.state_change)::bigint, -1),
       coalesce(h.relations, ''), coalesce(a.backend_type, '')
  FROM pg_catalog.pg_stat_activity a LEFT JOIN held h ON h.pid = a.pid
 WHERE a.datname = current_database() AND a.pid <> pg_catalog.pg_backend_pid()
   AND (a.xact_start IS NOT NULL OR h.pid IS NOT NULL OR a.application_name LIKE 'pg_dump%')
 ORDER BY a.xact_start NULLS LAST, a.pid

-- Indexes that are invalid, of the relations in $1 text[] schemas, with the process that builds one
-- just now, or 0. Which index that is its role and pg_read_all_stats alone see; that it builds one of
-- this table by its lock, which VACUUM takes as well, everybody. REINDEX has several at once.
-- :name preflight_invalid_indexes
SELECT pg_catalog.quote_ident(n.nspname), pg_catalog.quote_ident(c.relname), n.nspname, c.relname,
       i.indrelid::regclass,
       coalesce((SELECT min(p.pid)
                   FROM pg_catalog.pg_stat_progress_create_index p
                   JOIN pg_catalog.pg_locks l ON l.pid = p.pid
                  WHERE l.locktype = 'relation' AND l.granted AND l.relation = i.indrelid
                    AND l.mode = 'ShareUpdateExclusiveLock'
                    AND l.database = (SELECT oid FROM pg_catalog.pg_database
                                       WHERE datname = current_database())
                    AND (p.index_relid IS NULL OR p.index_relid = c.oid
                         OR p.command = 'REINDEX CONCURRENTLY')), 0)
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND n.nspname = ANY ($1::text[])
 ORDER BY 1, 2

-- Replication slots: the log that they keep is what a run's rewrites add to.
-- :name preflight_slots
SELECT pg_catalog.quote_literal(slot_name), slot_type, active, coalesce(wal_status, ''),
       coalesce(pg_catalog.pg_wal_lsn_diff(
           CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn), 0)::bigint,
       coalesce(safe_wal_size, -1)::bigint
  FROM pg_catalog.pg_replication_slots
 ORDER BY 1

-- Standbys, as far as the role may see them, and whether commits wait for one.
-- :name preflight_standbys
SELECT coalesce(r.application_name, ''),
       coalesce(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn), -1)::bigint,
       coalesce(extract(epoch FROM r.replay_lag)::bigint, 0),
       coalesce(r.sync_state, '')
  FROM pg_catalog.pg_stat_replication r
 WHERE NOT pg_catalog.pg_is_in_recovery()
 ORDER BY 1

-- :name preflight_synchronous
SELECT current_setting('synchronous_standby_names'), current_setting('synchronous_commit')

-- Publications that a relation among $1 text[] is in.
-- :name preflight_publications
WITH named AS (
  SELECT c.oid, n.nspname, c.relname,
         CASE WHEN n.nspname ~ '^[a-z_][a-z0-9_]*$' THEN n.nspname::text
              ELSE '"' || replace(n.nspname, '"', '""') || '"' END || '.'
         || CASE WHEN c.relname ~ '^[a-z_][a-z0-9_]*$' THEN c.relname::text
                 ELSE '"' || replace(c.relname, '"', '""') || '"' END AS identity
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
)
SELECT pg_catalog.quote_ident(p.pubname), string_agg(DISTINCT k.identity, ', ')
  FROM pg_catalog.pg_publication_tables p
  JOIN named k ON k.nspname = p.schemaname AND k.relname = p.tablename
 WHERE k.identity = ANY ($1::text[])
 GROUP BY p.pubname
 ORDER BY 1

-- Subscriptions that write to a relation among $1 text[]. Before 14 only superusers may ask.
-- :name preflight_subscriptions
WITH named AS (
  SELECT c.oid, n.nspname, c.relname,
         CASE WHEN n.nspname ~ '^[a-z_][a-z0-9_]*$' THEN n.nspname::text
              ELSE '"' || replace(n.nspname, '"', '""') || '"' END || '.'
         || CASE WHEN c.relname ~ '^[a-z_][a-z0-9_]*$' THEN c.relname::text
                 ELSE '"' || replace(c.relname, '"', '""') || '"' END AS identity
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
)
SELECT pg_catalog.quote_ident(s.subname), string_agg(DISTINCT k.identity, ', ')
  FROM pg_catalog.pg_subscription s
  JOIN pg_catalog.pg_subscription_rel r ON r.srsubid = s.oid
  JOIN named k ON k.oid = r.srrelid
 WHERE k.identity = ANY ($1::text[])
 GROUP BY s.subname
 ORDER BY 1

-- :name preflight_archiver
SELECT current_setting('archive_mode'), failed_count > 0 AND (last_archived_time IS NULL OR last_failed_time > last_archived_time),
       coalesce(last_failed_wal, '')
  FROM pg_catalog.pg_stat_archiver

-- Where the files of each tablespace lie; the server's own folder for those inside it.
-- :name preflight_folders
SELECT spcname, CASE WHEN pg_catalog.pg_tablespace_location(oid) = '' THEN current_setting('data_directory')
                     ELSE pg_catalog.pg_tablespace_location(oid) END
  FROM pg_catalog.pg_tablespace
 WHERE spcname <> 'pg_global'

-- A role and a setting that a bundle requires ($1 text): whether it is there, quoted; what it is now,
-- '' where the server does not know it, and whether that takes a restart to change.
-- :name preflight_required_role
SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1::text), pg_catalog.quote_ident($1)

-- :name preflight_required_setting
SELECT coalesce(pg_catalog.current_setting($1::text, true), ''),
       coalesce((SELECT context = 'postmaster' FROM pg_catalog.pg_settings WHERE name = lower($1)), false)
