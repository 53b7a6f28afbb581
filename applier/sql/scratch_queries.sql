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

-- Name the role that scratch_make_role makes: a DO takes no values.
-- :name scratch_name_role
SELECT pg_catalog.set_config('sealift.role', $1::text, false)

-- A role that may nothing, where there is none of that name.
-- :name scratch_make_role
DO $$
DECLARE
    wanted text := current_setting('sealift.role', true);
BEGIN
    IF wanted <> '' AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
        EXECUTE format('CREATE ROLE %I', wanted);
    END IF;
END $$

-- Whether the databases $1 and $2 have no more to them than what is inside: no settings, rights,
-- comment, slot or subscription; and no role has settings.
-- :name scratch_is_plain
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_subscription)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_database d
                    WHERE d.datname IN ($1::text, $2::text)
                      AND (d.datacl IS NOT NULL OR d.datconnlimit <> -1 OR d.datistemplate
                           OR NOT d.datallowconn OR d.datdba <> (SELECT oid FROM pg_catalog.pg_roles
                                                                  WHERE rolname = current_user)
                           OR pg_catalog.shobj_description(d.oid, 'pg_database') IS NOT NULL))

-- Whether the session that watches has begun to: it holds the lock $1.
-- :name scratch_sampling
SELECT EXISTS (SELECT FROM pg_catalog.pg_locks
                WHERE locktype = 'advisory' AND granted AND objsubid = 1
                  AND (classid::bigint << 32) | objid::bigint = $1::bigint)

-- Watch which locks on relations the process sealift.sampled_pid takes, until the advisory lock
-- sealift.sampled_until of this database is free; what was seen is left in the setting
-- sealift.sampled: "oid mode oid mode …". To be run in another database: CREATE INDEX CONCURRENTLY
-- waits for the snapshots of its own.
-- :name scratch_sample
DO $$
DECLARE
    watched int := current_setting('sealift.sampled_pid', true);
    until bigint := coalesce(current_setting('sealift.sampled_until', true), '0');
    seen text := '';
    found record;
BEGIN
    PERFORM pg_catalog.pg_advisory_lock(until + 1); -- says that the watch has begun
    LOOP
        FOR found IN
            SELECT DISTINCT l.relation, l.mode
              FROM pg_catalog.pg_locks l
             WHERE l.pid = watched AND l.locktype = 'relation' AND l.granted
        LOOP
            IF position(format(' %s %s ', found.relation, found.mode) IN seen || ' ') = 0 THEN
                seen := seen || format(' %s %s', found.relation, found.mode);
            END IF;
        END LOOP;
        EXIT WHEN pg_catalog.pg_try_advisory_lock(until);
        PERFORM pg_catalog.pg_sleep(0.001);
    END LOOP;
    PERFORM pg_catalog.pg_advisory_unlock_all();
    PERFORM pg_catalog.set_config('sealift.sampled', seen, false);
END $$
