-- Rows into and out of the planner's catalog. What is kept of a key is replaced as a whole.

-- :name catalog_insert_text
INSERT OR IGNORE INTO text (name, bytes)
VALUES (:name, :bytes)

-- :name catalog_insert_run
INSERT OR REPLACE INTO run (key, major, server_version, applier, rehearsed_at, duration_ms, passed)
VALUES (:key, :major, :server_version, :applier, :rehearsed_at, :duration_ms, :passed)

-- :name catalog_insert_scope
INSERT OR REPLACE INTO scope (key, major, name)
VALUES (:key, :major, :name)

-- :name catalog_insert_result
INSERT OR REPLACE INTO result (key, major, server_version, verdict, detail, script, sqlstate,
  statement, line, source, before, after)
VALUES (:key, :major, :server_version, :verdict, :detail, :script, :sqlstate, :statement, :line,
  :source, :before, :after)

-- :name catalog_insert_difference
INSERT OR REPLACE INTO difference (key, major, ordinal, change, class, kind, identity)
VALUES (:key, :major, :ordinal, :change, :class, :kind, :identity)

-- :name catalog_insert_loss
INSERT OR REPLACE INTO loss (key, major, ordinal, relation, column_name, rows_before, rows_after)
VALUES (:key, :major, :ordinal, :relation, :column_name, :rows_before, :rows_after)

-- :name catalog_insert_fingerprint
INSERT OR REPLACE INTO fingerprint (key, major, arrival, version, core, deparse, env, text)
VALUES (:key, :major, :arrival, :version, :core, :deparse, :env, :text)

-- :name catalog_insert_measured
INSERT OR REPLACE INTO measured (key, major, script, statement, line, duration_us, wal_bytes,
  declared)
VALUES (:key, :major, :script, :statement, :line, :duration_us, :wal_bytes, :declared)

-- :name catalog_insert_measured_relation
INSERT OR REPLACE INTO measured_relation (key, major, script, statement, ordinal, relation, lock,
  rewritten, scanned, rows_read)
VALUES (:key, :major, :script, :statement, :ordinal, :relation, :lock, :rewritten, :scanned,
  :rows_read)

-- :name catalog_insert_invalid_index
INSERT OR REPLACE INTO invalid_index (key, major, script, statement, ordinal, name)
VALUES (:key, :major, :script, :statement, :ordinal, :name)

-- :name catalog_insert_rows_finding
INSERT OR REPLACE INTO rows_finding (key, major, detail, sqlstate, line)
VALUES (:key, :major, :detail, :sqlstate, :line)

-- :name catalog_insert_atomic
INSERT OR REPLACE INTO atomic (key, major, mode, passed, detail)
VALUES (:key, :major, :mode, :passed, :detail)

-- :name catalog_insert_unsteady
INSERT OR REPLACE INTO unsteady (key, major, ordinal, version, identity, kind, object)
VALUES (:key, :major, :ordinal, :version, :identity, :kind, :object)

-- :name catalog_insert_failure
INSERT OR REPLACE INTO failure (key, major, ordinal, identity, version, script, statement, line,
  source, sqlstate, words, proposal)
VALUES (:key, :major, :ordinal, :identity, :version, :script, :statement, :line, :source, :sqlstate,
  :words, :proposal)

-- :name catalog_delete_run
DELETE FROM run WHERE key = :key AND major = :major

-- :name catalog_delete_scope
DELETE FROM scope WHERE key = :key AND major = :major

-- :name catalog_delete_result
DELETE FROM result WHERE key = :key AND major = :major

-- :name catalog_delete_difference
DELETE FROM difference WHERE key = :key AND major = :major

-- :name catalog_delete_loss
DELETE FROM loss WHERE key = :key AND major = :major

-- :name catalog_delete_fingerprint
DELETE FROM fingerprint WHERE key = :key AND major = :major

-- :name catalog_delete_measured
DELETE FROM measured WHERE key = :key AND major = :major

-- :name catalog_delete_measured_relation
DELETE FROM measured_relation WHERE key = :key AND major = :major

-- :name catalog_delete_invalid_index
DELETE FROM invalid_index WHERE key = :key AND major = :major

-- :name catalog_delete_rows_finding
DELETE FROM rows_finding WHERE key = :key AND major = :major

-- :name catalog_delete_atomic
DELETE FROM atomic WHERE key = :key AND major = :major

-- :name catalog_delete_unsteady
DELETE FROM unsteady WHERE key = :key AND major = :major

-- :name catalog_delete_failure
DELETE FROM failure WHERE key = :key AND major = :major

-- :name catalog_read_run
SELECT server_version, applier, rehearsed_at, duration_ms, passed
FROM run
WHERE key = :key AND major = :major AND (:server_version IS NULL OR server_version =
  :server_version)

-- :name catalog_read_scope
SELECT name
FROM scope
WHERE key = :key AND major = :major
ORDER BY name

-- :name catalog_read_result
SELECT verdict, detail, script, sqlstate, statement, line, source, before, after
FROM result
WHERE key = :key AND major = :major AND (:server_version IS NULL OR server_version =
  :server_version)

-- :name catalog_read_differences
SELECT change, class, kind, identity
FROM difference
WHERE key = :key AND major = :major
ORDER BY ordinal

-- :name catalog_read_losses
SELECT relation, column_name, rows_before, rows_after
FROM loss
WHERE key = :key AND major = :major
ORDER BY ordinal

-- :name catalog_read_fingerprints
SELECT arrival, version, core, deparse, env, text
FROM fingerprint
WHERE key = :key AND major = :major
ORDER BY arrival, version

-- :name catalog_read_measured
SELECT script, statement, line, duration_us, wal_bytes, declared
FROM measured
WHERE key = :key AND major = :major
ORDER BY script DESC, statement

-- :name catalog_read_measured_relations
SELECT relation, lock, rewritten, scanned, rows_read
FROM measured_relation
WHERE key = :key AND major = :major AND script = :script AND statement = :statement
ORDER BY ordinal

-- :name catalog_read_invalid_indexes
SELECT name
FROM invalid_index
WHERE key = :key AND major = :major AND script = :script AND statement = :statement
ORDER BY ordinal

-- :name catalog_read_rows_finding
SELECT detail, sqlstate, line
FROM rows_finding
WHERE key = :key AND major = :major

-- :name catalog_read_atomic
SELECT mode, passed, detail
FROM atomic
WHERE key = :key AND major = :major
ORDER BY mode DESC

-- :name catalog_read_unsteady
SELECT version, identity, kind, object
FROM unsteady
WHERE key = :key AND major = :major
ORDER BY ordinal

-- :name catalog_read_failures
SELECT identity, version, script, statement, line, source, sqlstate, words, proposal
FROM failure
WHERE key = :key AND major = :major
ORDER BY ordinal

-- :name catalog_read_text
SELECT bytes FROM text WHERE name = :name

-- :name catalog_read_majors
SELECT DISTINCT major FROM result ORDER BY major

-- :name catalog_read_up_fingerprint
SELECT fingerprint.core, fingerprint.deparse, fingerprint.env, fingerprint.text
FROM fingerprint JOIN result USING (key, major)
WHERE key = :key AND major = :major AND arrival = 'up' AND result.server_version = :server_version

-- What the project has, and what else there is, becomes known.
-- :name catalog_forget_wanted
UPDATE seen SET wanted = 0

-- :name catalog_want
INSERT INTO seen (key, at, wanted) VALUES (:key, :now, 1)
ON CONFLICT (key) DO UPDATE SET at = :now, wanted = 1

-- :name catalog_meet
INSERT OR IGNORE INTO seen (key, at, wanted)
SELECT key, :now, 0 FROM (SELECT key FROM run UNION SELECT key FROM result
  UNION SELECT key FROM fingerprint UNION SELECT key FROM measured UNION SELECT key FROM scope
  UNION SELECT key FROM rows_finding UNION SELECT key FROM atomic UNION SELECT key FROM unsteady
  UNION SELECT key FROM failure)

-- With the trigger: all that is kept under the key.
-- :name catalog_prune_old
DELETE FROM seen WHERE NOT wanted AND at < :before

-- :name catalog_prune_texts
DELETE FROM text WHERE name NOT IN (SELECT text FROM fingerprint UNION SELECT before FROM result
  UNION SELECT after FROM result)

-- Bytes in use, and pages that are free of all.
-- :name catalog_size
SELECT (pages.page_count - free.freelist_count) * size.page_size, free.freelist_count,
       pages.page_count
  FROM pragma_page_count AS pages, pragma_freelist_count AS free, pragma_page_size AS size
