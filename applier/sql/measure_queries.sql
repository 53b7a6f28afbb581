-- The relations outside the system's schemas and the ledger, with what a statement may change of
-- them and this session's locks on them: of what was dropped, which stays locked until its
-- transaction ends, the lock alone (kind 'gone'). Sequences are left out: what moves them is no
-- rewrite. A row of kind 'wal' has the log's position. Names as fingerprints write them.
-- :name measure_snapshot
WITH held AS (
  SELECT relation, string_agg(DISTINCT mode, ' ') AS modes FROM pg_catalog.pg_locks
   WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted
     AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
   GROUP BY relation
)
SELECT c.oid AS oid,
       CASE WHEN n.nspname ~ '^[a-z_][a-z0-9_]*$' THEN n.nspname::text
            ELSE '"' || replace(n.nspname, '"', '""') || '"' END || '.'
       || CASE WHEN c.relname ~ '^[a-z_][a-z0-9_]*$' THEN c.relname::text
               ELSE '"' || replace(c.relname, '"', '""') || '"' END AS identity,
       c.relkind::text AS kind, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::bigint,
       coalesce(pg_catalog.pg_stat_get_xact_tuples_returned(c.oid), 0),
       coalesce(i.indrelid, 0), coalesce(NOT (i.indisvalid AND i.indisready AND i.indislive), false),
       coalesce(h.modes, '')
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
  LEFT JOIN held h ON h.relation = c.oid
 WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'i', 'I') AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'sealift')
UNION ALL
SELECT h.relation, '', 'gone', 0, 0, 0, false, h.modes
  FROM held h
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = h.relation)
UNION ALL
SELECT 0, '', 'wal', (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn)::bigint,
       0, 0, false, ''
 ORDER BY oid

-- How large relations are, with their indexes and TOAST, and how many rows they are thought to hold:
-- all of them, or the one that is named $1. Of a partitioned table all its partitions together.
-- :name measure_sizes
SELECT identity,
       CASE WHEN kind = 'p'
            THEN coalesce((SELECT sum(pg_catalog.pg_total_relation_size(relid))
                             FROM pg_catalog.pg_partition_tree(oid::regclass)), 0)::bigint
            ELSE pg_catalog.pg_total_relation_size(oid) END,
       greatest(rows, 0)::bigint
  FROM (SELECT c.oid, c.relkind AS kind, c.reltuples AS rows,
               CASE WHEN n.nspname ~ '^[a-z_][a-z0-9_]*$' THEN n.nspname::text
                    ELSE '"' || replace(n.nspname, '"', '""') || '"' END || '.'
               || CASE WHEN c.relname ~ '^[a-z_][a-z0-9_]*$' THEN c.relname::text
                       ELSE '"' || replace(c.relname, '"', '""') || '"' END AS identity
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I') AND c.relpersistence <> 't'
           AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'sealift')) AS named
 WHERE $1::text IS NULL OR identity = $1::text
