-- Whether the database holds nothing that a backup could bring back: no relation with rows, no
-- sequence, no large object, but in the server's schemas and the ledger.
-- :name backup_is_empty
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_class c
                     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind IN ('r', 'p', 'm', 'S', 'f')
                      AND c.relpersistence <> 't'
                      AND n.nspname <> 'sealift' AND n.nspname <> 'information_schema'
                      AND n.nspname !~ '^pg_')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)

-- How far a position lies behind the server's, and behind the last checkpoint's beginning, and how
-- many seconds ago that was.
-- :name backup_position
SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), $1::pg_catalog.pg_lsn)::bigint,
       pg_catalog.pg_wal_lsn_diff(redo_lsn, $1::pg_catalog.pg_lsn)::bigint,
       greatest(extract(epoch FROM pg_catalog.clock_timestamp() - checkpoint_time), 0)::bigint,
       pg_catalog.pg_current_wal_lsn()::text
  FROM pg_catalog.pg_control_checkpoint()

-- :name backup_database_size
SELECT pg_catalog.pg_database_size(pg_catalog.current_database())
