-- Whether there is a ledger, and whether we may read it: asked of the catalog, because naming a
-- table in a schema without rights is an error by itself.
-- :name ledger_presence
SELECT n.oid IS NOT NULL,
       CASE WHEN n.oid IS NULL THEN false
            ELSE has_schema_privilege(n.oid, 'USAGE') END,
       coalesce((SELECT bool_and(has_table_privilege(c.oid, 'SELECT'))
                   FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'r'),
                false)
  FROM (VALUES (1)) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'sealift'

-- Owners that are not trusted, and roles that may write: each row is a reason to refuse.
-- $1: another owner that the site's configuration names, or null. $2: the schema's owner is trusted.
-- :name ledger_strangers
WITH ledger_relation AS (
    SELECT 'schema sealift' AS what, nspowner AS owner, nspacl AS acl
      FROM pg_catalog.pg_namespace WHERE nspname = 'sealift'
    UNION ALL
    SELECT 'table sealift.' || relname, relowner, relacl
      FROM pg_catalog.pg_class
     WHERE relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'sealift')
       AND relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT 'column sealift.' || relname || '.' || attname, relowner, attacl
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
     WHERE relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'sealift')
       AND attacl IS NOT NULL AND NOT attisdropped
), trusted AS (
    SELECT oid FROM pg_catalog.pg_roles
     WHERE rolsuper OR rolname = current_user OR rolname = session_user OR rolname = $1::text
        OR ($2::boolean AND oid = (SELECT nspowner FROM pg_catalog.pg_namespace
                                    WHERE nspname = 'sealift'))
)
SELECT what || ' is owned by role ' || quote_ident(pg_catalog.pg_get_userbyid(owner))
  FROM ledger_relation WHERE owner NOT IN (SELECT oid FROM trusted)
UNION ALL
SELECT what || ' may be written by '
       || CASE WHEN a.grantee = 0 THEN 'everybody (PUBLIC)'
               ELSE 'role ' || quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
       || ' (' || a.privilege_type || ')'
  FROM ledger_relation, pg_catalog.aclexplode(acl) a
 WHERE a.privilege_type NOT IN ('SELECT', 'USAGE', 'MAINTAIN')
   AND a.grantee NOT IN (SELECT oid FROM trusted)
 ORDER BY 1

-- Where the ledger was last used says the last event of a run that was let in (one that was refused
-- may have been elsewhere), else the row itself; the database's name then, where it is on record.
-- :name ledger_identity
SELECT i.ledger_format, i.product, i.product_uuid, i.database_uuid,
       coalesce(e.system_identifier, i.system_identifier),
       coalesce(e.database_oid, i.database_oid),
       to_char(i.rehearsal_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       (SELECT b.settings ->> 'sealift.database' FROM sealift.event b
         WHERE b.phase IN ('begin', 'return') AND b.system_identifier = e.system_identifier
           AND b.database_oid = e.database_oid ORDER BY b.number DESC LIMIT 1)
  FROM sealift.identity i
  LEFT JOIN LATERAL (SELECT system_identifier, database_oid FROM sealift.event
                      WHERE phase IN ('begin', 'return', 'end') ORDER BY number DESC LIMIT 1) e
         ON true

-- From now on this database is a copy to rehearse on.
-- :name ledger_mark_rehearsal
UPDATE sealift.identity SET rehearsal_since = coalesce(rehearsal_since, clock_timestamp())

-- From now on this database is one of its own, a copy of what it was.
-- :name ledger_become_copy
UPDATE sealift.identity SET database_uuid = $1, system_identifier = $2, database_oid = $3

-- :name ledger_insert_identity
INSERT INTO sealift.identity (ledger_format, product, product_uuid, database_uuid,
                              system_identifier, database_oid)
VALUES ($1, $2, $3, $4, $5, $6)

-- The settings in force are recorded as the server has them, not as we asked for them (but for
-- search_path, which is the scripts' and holds only while they run: $20); beside them, as
-- sealift.phase, which part of the plan the run is to do, where it is not all, and as
-- sealift.database what the database is called.
-- :name ledger_insert_event
INSERT INTO sealift.event (number, action, phase, head_digest, from_version, to_version,
    client_host, operating_system_user, applier, server_version, system_identifier, database_oid,
    superuser, bundle_path, sqlstate, words, from_position, to_position, run_id, settings)
SELECT coalesce((SELECT max(number) FROM sealift.event), 0) + 1,
       $1, $2, $3::bytea, $4, $5, $6, $7, $8, $9, $10, $11::oid, $12::boolean, $13, $14, $15,
       $16::bigint, $17::bigint, $18,
       CASE WHEN $2 IN ('begin', 'return') THEN
       (SELECT jsonb_object_agg(name, CASE name WHEN 'search_path' THEN $20::text
                                          ELSE current_setting(name) END)
          FROM unnest(ARRAY['search_path', 'statement_timeout', 'lock_timeout',
               'idle_in_transaction_session_timeout', 'idle_session_timeout',
               'transaction_timeout', 'TimeZone', 'DateStyle', 'IntervalStyle', 'bytea_output',
               'xmloption', 'client_encoding', 'standard_conforming_strings', 'lc_messages',
               'lc_monetary', 'lc_numeric', 'lc_time', 'client_min_messages',
               'default_transaction_isolation', 'default_transaction_read_only',
               'default_transaction_deferrable', 'session_replication_role', 'row_security',
               'check_function_bodies', 'default_tablespace', 'default_table_access_method',
               'default_toast_compression', 'client_connection_check_interval',
               'synchronous_commit']) AS name
         WHERE current_setting(name, true) IS NOT NULL)
       || jsonb_strip_nulls(jsonb_build_object('sealift.phase', $19::text,
               'sealift.database', current_database())) END

-- :name ledger_insert_bundle
INSERT INTO sealift.bundle (head_digest, sequence, epoch, channel, covers_from, covers_to,
                            tree_from, tree_to, envelope, verification)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- :name ledger_copy_objects
COPY sealift.stored_object (head_digest, path, chunk, bytes) FROM STDIN (FORMAT binary)

-- :name ledger_has_bundle
SELECT EXISTS (SELECT FROM sealift.bundle WHERE head_digest = $1::bytea)

-- One per group, inside the group's transaction; the guards make it fail where the transaction is
-- not the one that we began, or where the server would take our text for another encoding's. Inserting false instead of comparing would leave a row behind. The
-- search_path is the script's here (and so a deferred trigger's at COMMIT): all is named with its
-- schema.
-- :name ledger_insert_journal
INSERT INTO sealift.journal (number, kind, direction, head_digest, version, identity, group_number,
    group_count, first_step, last_step, complete, position_after, up_digest, attempt, result, words,
    previous, digest, duration_ms, at, in_our_transaction, under_our_lock, as_planned_role)
VALUES ($1::bigint, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
    (extract(epoch FROM pg_catalog.clock_timestamp()
                        OPERATOR(pg_catalog.-) pg_catalog.transaction_timestamp())
     OPERATOR(pg_catalog.*) 1000)::bigint,
    pg_catalog.clock_timestamp(),
    coalesce(pg_catalog.current_setting('sealift.group', true)
             OPERATOR(pg_catalog.=) $1::bigint::pg_catalog.text, false)
        AND pg_catalog.pg_client_encoding() OPERATOR(pg_catalog.=) 'UTF8'::pg_catalog.name,
    pg_catalog.pg_try_advisory_lock($19::bigint), current_user OPERATOR(pg_catalog.=) $20)

-- (As the one above.)
-- :name ledger_insert_version
INSERT INTO sealift.version (journal_number, position, name, tree_digest, head_digest)
VALUES ($1, $2, $3, $4, $5)

-- The whole journal in order. A step outside transactions took the time since its intent.
-- :name ledger_read_journal
SELECT j.number, j.kind, j.direction, encode(j.head_digest, 'hex'), j.version, j.identity,
       j.group_number, j.group_count, j.first_step, j.last_step, j.complete, j.position_after,
       encode(j.up_digest, 'hex'), j.attempt, j.result, j.words, encode(j.previous, 'hex'),
       encode(j.digest, 'hex'),
       CASE WHEN j.kind = 'outcome'
            THEN (extract(epoch FROM j.at - lag(j.at) OVER (ORDER BY j.number)) * 1000)::bigint
            ELSE j.duration_ms END,
       to_char(j.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  FROM sealift.journal j ORDER BY j.number

-- :name ledger_read_versions
SELECT journal_number, position, name, encode(tree_digest, 'hex'), encode(head_digest, 'hex'),
       to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  FROM sealift.version ORDER BY journal_number, at

-- :name ledger_read_bundles
SELECT encode(head_digest, 'hex'), sequence, epoch, channel, covers_from, covers_to, tree_from,
       tree_to, verification, to_char(stored_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  FROM sealift.bundle ORDER BY stored_at, sequence

-- :name ledger_read_events
SELECT number, action, phase, coalesce(encode(head_digest, 'hex'), ''), from_version, to_version,
       to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), session_user_name,
       current_user_name, client_host, operating_system_user, applier, server_version,
       coalesce(bundle_path, ''), sqlstate, words, superuser,
       coalesce(settings::text, ''), from_position, to_position,
       (extract(epoch FROM at) * 1000)::bigint, run_id, coalesce(settings ->> 'sealift.phase', '')
  FROM sealift.event ORDER BY number

-- In the transaction that came to the version: the journal's last row is that of its last step.
-- :name ledger_insert_fingerprint
INSERT INTO sealift.fingerprint (number, journal_number, version, arrival, server_major,
                                 compared_major, core, deparse, env, proven)
SELECT coalesce((SELECT max(number) FROM sealift.fingerprint), 0) + 1,
       coalesce((SELECT max(number) FROM sealift.journal), 0),
       $1, $2, $3::integer, $4::integer, $5::bytea, $6::bytea, $7::bytea, $8::boolean

-- :name ledger_read_fingerprints
SELECT journal_number, version, arrival, server_major, compared_major, encode(core, 'hex'),
       encode(deparse, 'hex'), encode(env, 'hex'), proven,
       to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  FROM sealift.fingerprint ORDER BY number

-- :name ledger_insert_accepted
INSERT INTO sealift.accepted_extra (number, kind, identity, hash, reason, came_with,
                                    operating_system_user)
SELECT coalesce((SELECT max(number) FROM sealift.accepted_extra), 0) + 1, $1, $2, $3, $4, $5, $6
 WHERE NOT EXISTS (SELECT FROM sealift.accepted_extra
                    WHERE kind = $1 AND identity = $2 AND hash = $3)

-- :name ledger_read_accepted
SELECT kind, identity, hash, reason, came_with FROM sealift.accepted_extra ORDER BY number

-- :name ledger_insert_backup
INSERT INTO sealift.backup (number, event_number, kind, good, what, words, log, restore_command,
                            digest, size, made_at, duration_ms, exit_status, operating_system_user)
SELECT coalesce((SELECT max(number) FROM sealift.backup), 0) + 1,
       coalesce((SELECT max(number) FROM sealift.event), 0), $1, $2::boolean, $3, $4, $5, $6,
       $7::bytea, $8::bigint, to_timestamp($9::bigint), $10::bigint, $11::integer, $12

-- :name ledger_read_backups
SELECT number, event_number, kind, good, what, words, log, restore_command, encode(digest, 'hex'),
       size, to_char(made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), duration_ms,
       exit_status, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       session_user_name, operating_system_user
  FROM sealift.backup ORDER BY number

-- :name ledger_insert_losses
INSERT INTO sealift.accepted_loss (number, event_number, identity, words, operating_system_user)
SELECT coalesce((SELECT max(number) FROM sealift.accepted_loss), 0) + ordinal,
       coalesce((SELECT max(number) FROM sealift.event), 0), loss ->> 'identity', loss ->> 'words', $2
  FROM json_array_elements($1::json) WITH ORDINALITY AS given (loss, ordinal)

-- :name ledger_read_losses
SELECT event_number, identity, words, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       session_user_name, operating_system_user
  FROM sealift.accepted_loss ORDER BY number

-- :name ledger_insert_parameter
INSERT INTO sealift.parameter (number, event_number, journal_number, name, type, value, source,
                               operating_system_user)
SELECT coalesce((SELECT max(number) FROM sealift.parameter), 0) + 1,
       coalesce((SELECT max(number) FROM sealift.event), 0),
       coalesce((SELECT max(number) FROM sealift.journal), 0), $1, $2, $3, $4, $5

-- :name ledger_read_parameters
SELECT event_number, journal_number, name, type, value, source,
       to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), session_user_name,
       operating_system_user
  FROM sealift.parameter ORDER BY number

-- :name ledger_owner
SELECT pg_catalog.pg_get_userbyid(nspowner)
  FROM pg_catalog.pg_namespace WHERE nspname = 'sealift'

-- A bundle is done where its last version was completed, nothing has been taken back below that since,
-- and the last run has its durable end. Neither journal nor manifest is read: the index on the rows of rollbacks answers.
-- :name ledger_is_done
SELECT coalesce((SELECT phase = 'end' FROM sealift.event
                  WHERE phase IN ('begin', 'end', 'failure')
                  ORDER BY number DESC LIMIT 1), false)
   AND NOT EXISTS (SELECT FROM sealift.identity WHERE rehearsal_since IS NOT NULL) AND EXISTS (
    SELECT FROM sealift.version v
     WHERE v.tree_digest = decode($1, 'hex')
       AND EXISTS (SELECT FROM sealift.bundle b WHERE b.head_digest = $2::bytea)
       AND NOT EXISTS (
           SELECT FROM sealift.journal j
            WHERE j.direction = 'down' AND j.number > v.journal_number
              AND (j.position_after < v.position OR (j.kind = 'version' AND j.version = v.name))))

-- :name ledger_read_envelope
SELECT envelope FROM sealift.bundle WHERE head_digest = $1::bytea

-- :name ledger_read_object_chunk
SELECT bytes FROM sealift.stored_object WHERE head_digest = $1::bytea AND path = $2 AND chunk = $3

-- Small objects in falling order of their paths, which is how a rollback reads them.
-- :name ledger_read_objects_before
SELECT path, bytes FROM sealift.stored_object
 WHERE head_digest = $1::bytea AND path <= $2 AND chunk = 0 AND octet_length(bytes) <= 65536
 ORDER BY path DESC LIMIT 200
