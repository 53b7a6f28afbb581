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

-- Who may make a database in this one's place: ourselves, else a superuser, the cluster's first one
-- before others; "" where nobody that may log in can.
-- :name backup_restorer
SELECT coalesce((SELECT r.rolname FROM pg_catalog.pg_roles r
                  WHERE r.rolcanlogin
                    AND (r.rolsuper
                         OR (r.rolcreatedb AND pg_catalog.pg_has_role(r.oid, d.datdba, 'MEMBER')))
                  ORDER BY r.rolname <> session_user, NOT r.rolsuper, r.rolname <> 'postgres', r.oid
                  LIMIT 1), '')
  FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()

-- What createdb must be told, for the new database to be as this one: an option and its value.
-- :name backup_database_options
WITH here AS (SELECT d.*, to_jsonb(d) AS all_of_it FROM pg_catalog.pg_database d
               WHERE d.datname = pg_catalog.current_database()),
     bare AS (SELECT d.*, to_jsonb(d) AS all_of_it FROM pg_catalog.pg_database d
               WHERE d.datname = 'template0'),
     provider AS (SELECT CASE here.all_of_it ->> 'datlocprovider'
                              WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS name,
                         coalesce(here.all_of_it ->> 'datlocale', here.all_of_it ->> 'daticulocale')
                             AS locale,
                         (here.all_of_it ->> 'datlocprovider', here.all_of_it ->> 'datlocale',
                          here.all_of_it ->> 'daticulocale')
                             IS DISTINCT FROM
                             (bare.all_of_it ->> 'datlocprovider', bare.all_of_it ->> 'datlocale',
                              bare.all_of_it ->> 'daticulocale') AS differs
                    FROM here, bare)
SELECT 1, ' --owner=', pg_catalog.pg_get_userbyid(here.datdba)::text FROM here
UNION ALL
SELECT 2, ' --encoding=', pg_catalog.pg_encoding_to_char(here.encoding)::text FROM here, bare
 WHERE here.encoding <> bare.encoding
UNION ALL
SELECT 3, ' --lc-collate=', here.datcollate::text FROM here, bare
 WHERE here.datcollate <> bare.datcollate
UNION ALL
SELECT 4, ' --lc-ctype=', here.datctype::text FROM here, bare WHERE here.datctype <> bare.datctype
UNION ALL
SELECT 5, ' --locale-provider=', name FROM provider WHERE differs
UNION ALL
SELECT 6, ' --' || name || '-locale=', locale FROM provider WHERE differs AND locale IS NOT NULL
ORDER BY 1
