-- What a second connection asks about the backend that runs the steps. Each is a single statement
-- in a transaction of its own: a snapshot that stays open would stall CREATE INDEX CONCURRENTLY.

-- Is it at work, what does it wait for, since when; the beginning of its statement tells which it is.
-- :name watch_backend
SELECT coalesce(a.state, ''), coalesce(a.wait_event_type, ''), coalesce(a.wait_event, ''),
       coalesce((extract(epoch FROM clock_timestamp() - a.query_start) * 1000)::bigint, 0),
       left(coalesce(a.query, ''), 64)
  FROM pg_catalog.pg_stat_activity a
 WHERE a.pid = $1::integer

-- How far it has come: what it does, the phase, done and total in a unit; as the server counts. An
-- index build waits for others in some phases, and counts whom it waits for.
-- :name watch_progress
SELECT 'index build', p.phase,
       CASE WHEN p.phase LIKE 'waiting%' THEN p.lockers_done
            WHEN p.phase LIKE '%tuples%' THEN p.tuples_done ELSE p.blocks_done END,
       CASE WHEN p.phase LIKE 'waiting%' THEN p.lockers_total
            WHEN p.phase LIKE '%tuples%' THEN p.tuples_total ELSE p.blocks_total END,
       CASE WHEN p.phase LIKE 'waiting%' THEN 'lockers'
            WHEN p.phase LIKE '%tuples%' THEN 'rows' ELSE 'blocks' END
  FROM pg_catalog.pg_stat_progress_create_index p WHERE p.pid = $1::integer
UNION ALL
SELECT CASE p.command WHEN 'CLUSTER' THEN 'cluster' ELSE 'vacuum full' END, p.phase,
       CASE WHEN p.phase = 'writing new heap' THEN p.heap_tuples_written
            WHEN p.heap_blks_total > 0 THEN p.heap_blks_scanned ELSE p.heap_tuples_scanned END,
       CASE WHEN p.phase = 'writing new heap' THEN p.heap_tuples_scanned ELSE p.heap_blks_total END,
       CASE WHEN p.phase <> 'writing new heap' AND p.heap_blks_total > 0 THEN 'blocks'
            ELSE 'rows' END
  FROM pg_catalog.pg_stat_progress_cluster p WHERE p.pid = $1::integer
UNION ALL
SELECT 'vacuum', p.phase,
       CASE p.phase WHEN 'vacuuming heap' THEN p.heap_blks_vacuumed ELSE p.heap_blks_scanned END,
       p.heap_blks_total, 'blocks'
  FROM pg_catalog.pg_stat_progress_vacuum p WHERE p.pid = $1::integer
UNION ALL
SELECT 'analyze', p.phase, p.sample_blks_scanned, p.sample_blks_total, 'blocks'
  FROM pg_catalog.pg_stat_progress_analyze p WHERE p.pid = $1::integer

-- Behind the one above, by UNION ALL: since PostgreSQL 14 COPY is counted too.
-- :name watch_progress_copy
SELECT 'copy', '', CASE WHEN p.bytes_total > 0 THEN p.bytes_processed ELSE p.tuples_processed END,
       p.bytes_total, CASE WHEN p.bytes_total > 0 THEN 'bytes' ELSE 'rows' END
  FROM pg_catalog.pg_stat_progress_copy p WHERE p.pid = $1::integer

-- The lock that it waits for, and who is in its way: sessions, and transactions that are prepared
-- (whose pid is 0, and who are found by the lock on their own transaction). Of other roles' sessions only some columns are seen without pg_read_all_stats.
-- $2: their statement as well.
-- :name watch_blockers
SELECT w.mode, coalesce(n.nspname || '.' || c.relname, w.locktype),
       b.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''),
       CASE WHEN a.state IS NULL THEN '' ELSE coalesce(a.client_addr::text, 'local') END,
       coalesce(a.state, ''), coalesce(a.backend_type, ''), '' AS gid,
       coalesce((extract(epoch FROM clock_timestamp() - a.state_change) * 1000)::bigint, 0),
       coalesce((extract(epoch FROM clock_timestamp() - a.query_start) * 1000)::bigint, 0),
       coalesce((extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::bigint, 0),
       CASE WHEN $2::boolean THEN left(coalesce(a.query, ''), 200) ELSE '' END
  FROM pg_catalog.pg_locks w
  LEFT JOIN pg_catalog.pg_class c ON c.oid = w.relation
        AND w.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (SELECT DISTINCT pid FROM unnest(pg_catalog.pg_blocking_pids(w.pid)) AS pid
                      WHERE pid <> 0) AS b
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
 WHERE w.pid = $1::integer AND NOT w.granted
UNION ALL
SELECT w.mode, coalesce(n.nspname || '.' || c.relname, w.locktype), 0, p.owner::text, '', '', '', '',
       p.gid, 0, 0, (extract(epoch FROM clock_timestamp() - p.prepared) * 1000)::bigint, ''
  FROM pg_catalog.pg_locks w
  LEFT JOIN pg_catalog.pg_class c ON c.oid = w.relation
        AND w.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_locks h ON h.granted AND h.pid IS NULL AND h.locktype = w.locktype
       AND (h.database, h.relation, h.page, h.tuple, h.transactionid::text, h.virtualxid, h.classid,
            h.objid, h.objsubid)
           IS NOT DISTINCT FROM
           (w.database, w.relation, w.page, w.tuple, w.transactionid::text, w.virtualxid, w.classid,
            w.objid, w.objsubid)
  JOIN pg_catalog.pg_locks t ON t.granted AND t.pid IS NULL AND t.locktype = 'transactionid'
       AND t.virtualtransaction = h.virtualtransaction
  JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = t.transactionid
 WHERE w.pid = $1::integer AND NOT w.granted AND 0 = ANY (pg_catalog.pg_blocking_pids(w.pid))
 ORDER BY 3

-- End what is in its way and is ours to end: what our own login role runs, and autovacuum where the
-- server lets us. A session that idles in a transaction cannot be cancelled, it is ended. Never an
-- applier.
-- :name watch_cancel
SELECT found.pid, found.usename, found.application_name, found.backend_type, found.idle,
       CASE WHEN found.idle THEN pg_catalog.pg_terminate_backend(found.pid)
            ELSE pg_catalog.pg_cancel_backend(found.pid) END
  FROM (SELECT a.pid, coalesce(a.usename, '') AS usename, a.application_name,
               coalesce(a.backend_type, '') AS backend_type,
               coalesce(a.state LIKE 'idle in transaction%', false) AS idle
          FROM pg_catalog.pg_stat_activity a
         WHERE a.pid = ANY (pg_catalog.pg_blocking_pids($1::integer))
           AND a.pid <> $1::integer AND a.pid <> pg_catalog.pg_backend_pid()
           AND ((a.usename = session_user AND a.application_name !~ '^sealift( |$)'
                 AND a.backend_type = 'client backend')
                OR (a.backend_type = 'autovacuum worker'
                    AND EXISTS (SELECT FROM pg_catalog.pg_roles r
                                 WHERE (r.rolname = session_user AND r.rolsuper)
                                    OR (r.rolname = 'pg_signal_autovacuum_worker'
                                        AND pg_catalog.pg_has_role(session_user, r.oid, 'USAGE'))))))
       AS found

-- Who is at work in this database and may stay: holders of locks on relations outside the system's
-- schemas and the ledger, and transactions older than $2 milliseconds; a row for each of the
-- relations named in $1 (a line each, named as fingerprints write them) that they hold, or one
-- without. Prepared transactions have no pid. Whether a holder has but locks to read. Ourselves and other
-- appliers are left out.
-- :name conflict_holders
WITH held AS (
  SELECT coalesce(l.pid, 0) AS pid,
         CASE WHEN l.pid IS NULL THEN l.virtualtransaction ELSE '' END AS virtual,
         CASE WHEN n.nspname ~ '^[a-z_][a-z0-9_]*$' THEN n.nspname::text
              ELSE '"' || replace(n.nspname, '"', '""') || '"' END || '.'
         || CASE WHEN c.relname ~ '^[a-z_][a-z0-9_]*$' THEN c.relname::text
                 ELSE '"' || replace(c.relname, '"', '""') || '"' END AS name,
         l.mode, c.relkind
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE l.granted AND l.locktype = 'relation'
     AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
     AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'sealift')
), holder AS (
  SELECT pid, virtual, count(DISTINCT name) FILTER (WHERE relkind IN ('r', 'p')) AS tables,
         bool_and(mode = 'AccessShareLock') AS only_reads
    FROM held GROUP BY pid, virtual
   UNION ALL
  SELECT a.pid, '', 0, false FROM pg_catalog.pg_stat_activity a
   WHERE a.datname = current_database()
     AND (a.xact_start < clock_timestamp() - $2::bigint * interval '1 millisecond'
          OR a.application_name = 'pg_dump')
     AND NOT EXISTS (SELECT FROM held WHERE held.pid = a.pid)
)
SELECT h.pid, coalesce(a.usename, p.owner::text, ''), coalesce(a.application_name, ''),
       CASE WHEN a.state IS NULL THEN '' ELSE coalesce(a.client_addr::text, 'local') END,
       coalesce(a.state, ''), coalesce(a.backend_type, ''), coalesce(p.gid, ''),
       coalesce((extract(epoch FROM clock_timestamp() - a.state_change) * 1000)::bigint, 0),
       coalesce((extract(epoch FROM clock_timestamp() - a.query_start) * 1000)::bigint, 0),
       coalesce((extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared)) * 1000)
                ::bigint, 0),
       h.tables, coalesce(held.name, ''), coalesce(held.mode, ''), h.only_reads
  FROM holder h
  LEFT JOIN held ON held.pid = h.pid AND held.virtual = h.virtual
       AND held.name = ANY (string_to_array($1::text, E'\n'))
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = h.pid
  LEFT JOIN pg_catalog.pg_locks t ON h.pid = 0 AND t.granted AND t.pid IS NULL
       AND t.locktype = 'transactionid' AND t.virtualtransaction = h.virtual
  LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = t.transactionid
 WHERE h.pid <> pg_catalog.pg_backend_pid() AND coalesce(a.application_name, '') !~ '^sealift( |$)'
   AND coalesce(a.backend_type, 'client backend') = 'client backend'
   AND (h.pid <> 0 OR p.gid IS NOT NULL)
 ORDER BY h.pid, p.gid, held.name, held.mode

-- How far standbys and subscribers are behind in replaying, and slots whose retained log comes near
-- to max_slot_wal_keep_size: a row each. `seen` is false where the role may not see it. Base backups
-- and what only stores the log replay nothing.
-- :name replica_lag
SELECT r.pid::bigint, coalesce(r.application_name, ''), coalesce(r.client_addr::text, 'local'), '',
       r.state IS NOT NULL AS seen,
       coalesce(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn), 0)::bigint,
       coalesce((extract(epoch FROM r.replay_lag) * 1000)::bigint, 0),
       coalesce(r.replay_lsn::text, ''), false, NULL::bigint
  FROM pg_catalog.pg_stat_replication r
 WHERE r.state IS DISTINCT FROM 'backup'
UNION ALL
SELECT 0, '', '', s.slot_name::text, true, 0, 0, '', s.active, s.safe_wal_size
  FROM pg_catalog.pg_replication_slots s
 WHERE s.safe_wal_size IS NOT NULL AND s.wal_status <> 'lost'
