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
