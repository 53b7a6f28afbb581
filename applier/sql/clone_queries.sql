-- What is to be copied: the database of this session.
-- :name clone_source
SELECT d.datname, d.oid, pg_catalog.pg_get_userbyid(d.datdba), pg_catalog.pg_database_size(d.oid),
       r.rolcreatedb OR r.rolsuper,
       r.rolsuper OR pg_catalog.pg_has_role(d.datdba, 'USAGE') OR d.datistemplate,
       CASE WHEN pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')
            THEN current_setting('data_directory') ELSE '' END
  FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
 WHERE d.datname = current_database() AND r.rolname = current_user

-- Who else is on this database, so that it cannot be copied. Workers of autovacuum the server ends
-- by itself.
-- :name clone_others
SELECT format('process %s of %s (%s), from %s', pid, coalesce(usename, '?'),
              coalesce(nullif(application_name, ''), coalesce(backend_type, 'no application name')),
              coalesce(client_addr::text, 'here'))
       || coalesce(to_char(backend_start AT TIME ZONE 'UTC',
                           '", since "YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
  FROM pg_catalog.pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_catalog.pg_backend_pid()
   AND coalesce(backend_type, '') NOT IN ('autovacuum worker', 'parallel worker')
UNION ALL
SELECT format('prepared transaction %s of %s', quote_literal(gid), owner)
  FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()
 ORDER BY 1

-- Copies of this database that a rehearsal which was killed has left: nobody is on them, and nobody
-- said --keep. $1: how their names begin.
-- :name clone_leftovers
SELECT d.datname
  FROM pg_catalog.pg_database d
 WHERE starts_with(d.datname, $1::text)
   AND coalesce(pg_catalog.shobj_description(d.oid, 'pg_database'), '') NOT LIKE '%(kept)%'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)
 ORDER BY d.datname

-- CREATE DATABASE copies neither settings nor rights: the statements that do, for this database, to
-- be run for the one named $1. A setting that is a list is written as one.
-- :name clone_particulars
WITH setting AS (
    SELECT s.setrole, split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
      FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS c
     WHERE s.setdatabase = (SELECT oid FROM pg_catalog.pg_database
                             WHERE datname = current_database())
), written AS (
    SELECT setrole, name,
           CASE WHEN name IN ('search_path', 'temp_tablespaces', 'local_preload_libraries',
                              'session_preload_libraries')
                THEN coalesce((SELECT string_agg(quote_literal(
                                   CASE WHEN m[1] LIKE '"%'
                                        THEN replace(substr(m[1], 2, length(m[1]) - 2), '""', '"')
                                        ELSE m[1] END), ', ' ORDER BY number)
                                 FROM regexp_matches(value, '("(?:[^"]|"")*"|[^",[:space:]]+)', 'g')
                                      WITH ORDINALITY AS element (m, number)), quote_literal(''))
                ELSE quote_literal(value) END AS value
      FROM setting
)
SELECT CASE WHEN setrole = 0 THEN format('ALTER DATABASE %I SET ', $1::text)
            ELSE format('ALTER ROLE %I IN DATABASE %I SET ',
                        pg_catalog.pg_get_userbyid(setrole), $1::text) END
       || array_to_string(ARRAY(SELECT quote_ident(part)
                                  FROM unnest(string_to_array(name, '.')) AS part), '.')
       || ' TO ' || value AS statement
  FROM written
UNION ALL
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $1::text)
  FROM pg_catalog.pg_database WHERE datname = current_database() AND datacl IS NOT NULL
UNION ALL
SELECT format('GRANT %s ON DATABASE %I TO %s%s', privilege_type, $1::text,
              CASE WHEN grantee = 0 THEN 'PUBLIC'
                   ELSE quote_ident(pg_catalog.pg_get_userbyid(grantee)) END,
              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_catalog.pg_database, pg_catalog.aclexplode(datacl)
 WHERE datname = current_database()
 ORDER BY 1 DESC

-- What belongs to the whole server, by kind and name.
-- :name clone_cluster_objects
SELECT 'role ' || quote_ident(rolname) FROM pg_catalog.pg_roles
UNION ALL
SELECT 'tablespace ' || quote_ident(spcname) FROM pg_catalog.pg_tablespace
UNION ALL
SELECT 'database ' || quote_ident(datname) FROM pg_catalog.pg_database
 WHERE NOT starts_with(datname, 'sealift_rehearsal_')
 ORDER BY 1

-- Whether the lock that is held elsewhere under the key $1 is seen here: then it is the same
-- database of the same server.
-- :name clone_sees_lock
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_locks
     WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
       AND ((classid::bigint << 32) | objid::bigint) = $1::bigint)

-- Whether the ledger was made in the database with the system identifier $1 and the OID $2, or runs
-- were begun there since.
-- :name clone_ledger_was_used
SELECT EXISTS (SELECT FROM sealift.identity
                WHERE system_identifier = $1::text AND database_oid = $2::text::oid)
    OR EXISTS (SELECT FROM sealift.event
                WHERE phase = 'begin'
                  AND system_identifier = $1::text AND database_oid = $2::text::oid)
