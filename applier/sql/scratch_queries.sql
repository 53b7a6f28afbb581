-- Whether this is a cluster that a rehearsal may do everything with.
-- :name scratch_look
SELECT current_setting('cluster_name'), r.rolsuper
  FROM pg_catalog.pg_roles r WHERE r.rolname = session_user

-- What belongs to the cluster and not to one database.
-- :name scratch_objects
SELECT 'database' AS kind, datname::text AS name FROM pg_catalog.pg_database
UNION ALL
SELECT 'tablespace', spcname FROM pg_catalog.pg_tablespace
UNION ALL
SELECT 'role', rolname FROM pg_catalog.pg_roles
 ORDER BY kind, name

-- Subscriptions hold their database: these are disabled and dropped from inside of it, one by one.
-- :name scratch_subscribed
SELECT DISTINCT d.datname
  FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid

-- :name scratch_drop_subscriptions
DO $$
DECLARE
    subscription record;
BEGIN
    FOR subscription IN
        SELECT subname FROM pg_catalog.pg_subscription
         WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    LOOP
        EXECUTE format('ALTER SUBSCRIPTION %I DISABLE', subscription.subname);
        EXECUTE format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', subscription.subname);
        EXECUTE format('DROP SUBSCRIPTION %I', subscription.subname);
    END LOOP;
END $$

-- :name scratch_drop_slots
SELECT pg_catalog.pg_drop_replication_slot(slot_name)
  FROM pg_catalog.pg_replication_slots WHERE NOT active

-- Roles of the cluster to which a script has given settings of their own.
-- :name scratch_altered_roles
SELECT r.rolname
  FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
 WHERE s.setdatabase = 0

-- Watch which locks on relations a process takes, until the advisory lock $1 of this database is
-- free; what was seen is left in a setting of this session: "oid mode oid mode …". To be run in
-- another database: CREATE INDEX CONCURRENTLY waits for the snapshots of its own.
-- :name scratch_sample
DO $$
DECLARE
    seen text := '';
    found record;
BEGIN
    LOOP
        FOR found IN
            SELECT DISTINCT l.relation, l.mode
              FROM pg_catalog.pg_locks l
             WHERE l.pid = current_setting('sealift.sampled_pid')::int
               AND l.locktype = 'relation' AND l.granted
        LOOP
            IF position(format(' %s %s ', found.relation, found.mode) IN seen || ' ') = 0 THEN
                seen := seen || format(' %s %s', found.relation, found.mode);
            END IF;
        END LOOP;
        EXIT WHEN pg_catalog.pg_try_advisory_lock(current_setting('sealift.sampled_until')::bigint);
        PERFORM pg_catalog.pg_sleep(0.001);
    END LOOP;
    PERFORM pg_catalog.pg_advisory_unlock(current_setting('sealift.sampled_until')::bigint);
    PERFORM pg_catalog.set_config('sealift.sampled', seen, false);
END $$
