-- Rows into and out of the manifest. Reading is in key order, which is the order of the rows.

-- :name manifest_insert_meta
INSERT INTO meta (key, value) VALUES (:key, :value)

-- :name manifest_insert_version
INSERT INTO version (version, name, preceding_migrations, required_stop, min_compatible, released,
  tree_blake2b, migrations, way_back)
VALUES (:version, :name, :preceding_migrations, :required_stop, :min_compatible, :released,
  :tree_blake2b, :migrations, :way_back)

-- :name manifest_insert_superseded
INSERT INTO superseded (ordinal, version, name, tree_blake2b, same_schema)
VALUES (:ordinal, :version, :name, :tree_blake2b, :same_schema)

-- :name manifest_insert_note
INSERT INTO note (ordinal, version, breaking, title, description, action)
VALUES (:ordinal, :version, :breaking, :title, :description, :action)

-- :name manifest_insert_object
INSERT INTO object (object, path, offset, stored_size, plain_size, compression, stored_blake2b,
  plain_blake2b)
VALUES (:object, :path, :offset, :stored_size, :plain_size, :compression, :stored_blake2b,
  :plain_blake2b)

-- :name manifest_insert_chunk
INSERT INTO chunk (object, chunk, blake2b) VALUES (:object, :chunk, :blake2b)

-- :name manifest_insert_migration
INSERT INTO migration (migration, version, ordinal, identity, slug, transaction_mode, phase,
  way_back, rehearsed, irreversible_reason, acknowledged, atomic_blocker, lock_estimate,
  lock_timeout_ms, statement_timeout_ms, up_blake2b, authored_blake2b)
VALUES (:migration, :version, :ordinal, :identity, :slug, :transaction_mode, :phase,
  :way_back, :rehearsed, :irreversible_reason, :acknowledged, :atomic_blocker, :lock_estimate,
  :lock_timeout_ms, :statement_timeout_ms, :up_blake2b, :authored_blake2b)

-- :name manifest_insert_migration_data
INSERT INTO migration_data (migration, ordinal, object) VALUES (:migration, :ordinal, :object)

-- :name manifest_insert_script
INSERT INTO script (migration, script, object, source, in_transaction, gate)
VALUES (:migration, :script, :object, :source, :in_transaction, :gate)

-- :name manifest_insert_batch
INSERT INTO batch (migration, script, table_schema, table_name, key_column, size, pause_ms)
VALUES (:migration, :script, :table_schema, :table_name, :key_column, :size, :pause_ms)

-- :name manifest_insert_group
INSERT INTO step_group (migration, script, ordinal, kind, isolation, read_only, deferrable_mode,
  steps)
VALUES (:migration, :script, :ordinal, :kind, :isolation, :read_only, :deferrable_mode, :steps)

-- :name manifest_insert_step
INSERT INTO step (migration, script, ordinal, kind, statements, line, offset, length, data_object,
  session_state, destructive, outside_effects, lock_estimate, probe, probe_object,
  probe_object_schema, probe_table, probe_table_schema)
VALUES (:migration, :script, :ordinal, :kind, :statements, :line, :offset, :length, :data_object,
  :session_state, :destructive, :outside_effects, :lock_estimate, :probe, :probe_object,
  :probe_object_schema, :probe_table, :probe_table_schema)

-- :name manifest_insert_parameter
INSERT INTO parameter (parameter, name, type, default_value, rehearsed_value, pattern, description)
VALUES (:parameter, :name, :type, :default_value, :rehearsed_value, :pattern, :description)

-- :name manifest_insert_step_parameter
INSERT INTO step_parameter (migration, script, step, offset, length, parameter, quoting)
VALUES (:migration, :script, :step, :offset, :length, :parameter, :quoting)

-- :name manifest_insert_requirement
INSERT INTO requirement (ordinal, kind, name, value) VALUES (:ordinal, :kind, :name, :value)

-- :name manifest_insert_scope
INSERT INTO scope (ordinal, name) VALUES (:ordinal, :name)

-- :name manifest_insert_tolerated
INSERT INTO tolerated (ordinal, kind, identity) VALUES (:ordinal, :kind, :identity)

-- :name manifest_insert_fingerprint
INSERT INTO fingerprint (ordinal, version, arrival, server_major, core_blake2b, deparse_blake2b,
  env_blake2b, object)
VALUES (:ordinal, :version, :arrival, :server_major, :core_blake2b, :deparse_blake2b,
  :env_blake2b, :object)

-- :name manifest_insert_earlier
INSERT INTO earlier (ordinal, name, tree_blake2b, migrations, server_major, core_blake2b,
  deparse_blake2b, env_blake2b)
VALUES (:ordinal, :name, :tree_blake2b, :migrations, :server_major, :core_blake2b,
  :deparse_blake2b, :env_blake2b)

-- :name manifest_insert_rehearsal
INSERT INTO rehearsal (ordinal, migration, version, server_major, way_back, detail)
VALUES (:ordinal, :migration, :version, :server_major, :way_back, :detail)

-- :name manifest_insert_measured
INSERT INTO measured (ordinal, migration, script, step, server_major, relation, lock, rewritten,
  scanned)
VALUES (:ordinal, :migration, :script, :step, :server_major, :relation, :lock, :rewritten,
  :scanned)

-- :name manifest_insert_brought
INSERT INTO brought (ordinal, migration, kind, identity)
VALUES (:ordinal, :migration, :kind, :identity)

-- :name manifest_insert_atomic
INSERT INTO atomic (ordinal, mode, server_major) VALUES (:ordinal, :mode, :server_major)

-- :name manifest_read_schema
SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid

-- :name manifest_read_meta
SELECT key, value FROM meta ORDER BY key

-- :name manifest_read_versions
SELECT version, name, preceding_migrations, required_stop, released, tree_blake2b, migrations,
  way_back, min_compatible
FROM version ORDER BY version

-- :name manifest_read_superseded
SELECT ordinal, version, name, tree_blake2b, same_schema FROM superseded ORDER BY ordinal

-- :name manifest_read_notes
SELECT ordinal, version, breaking, title, description, action FROM note ORDER BY ordinal

-- :name manifest_read_objects
SELECT object, path, offset, stored_size, plain_size, compression, stored_blake2b, plain_blake2b
FROM object ORDER BY object

-- :name manifest_read_chunks
SELECT object, chunk, blake2b FROM chunk ORDER BY object, chunk

-- :name manifest_read_migrations
SELECT migration, version, ordinal, identity, slug, transaction_mode, phase, way_back, rehearsed,
  irreversible_reason, acknowledged, atomic_blocker, lock_estimate, lock_timeout_ms,
  statement_timeout_ms, up_blake2b, authored_blake2b
FROM migration ORDER BY migration

-- :name manifest_read_migration_data
SELECT migration, ordinal, object FROM migration_data ORDER BY migration, ordinal

-- :name manifest_read_scripts
SELECT migration, script, object, source, in_transaction, gate
FROM script ORDER BY migration, script

-- :name manifest_read_batches
SELECT migration, script, table_schema, table_name, key_column, size, pause_ms
FROM batch ORDER BY migration, script

-- :name manifest_read_groups
SELECT migration, script, ordinal, kind, isolation, read_only, deferrable_mode, steps
FROM step_group ORDER BY migration, script, ordinal

-- :name manifest_read_steps
SELECT migration, script, ordinal, kind, line, offset, length, data_object, session_state,
  destructive, outside_effects, lock_estimate, probe, probe_object, probe_object_schema,
  probe_table, probe_table_schema, statements
FROM step ORDER BY migration, script, ordinal

-- :name manifest_read_parameters
SELECT parameter, name, type, default_value, rehearsed_value, pattern, description
FROM parameter ORDER BY parameter

-- :name manifest_read_step_parameters
SELECT migration, script, step, offset, length, parameter, quoting
FROM step_parameter ORDER BY migration, script, step, offset

-- :name manifest_read_requirements
SELECT ordinal, kind, name, value FROM requirement ORDER BY ordinal

-- :name manifest_read_scope
SELECT ordinal, name FROM scope ORDER BY ordinal

-- :name manifest_read_tolerated
SELECT ordinal, kind, identity FROM tolerated ORDER BY ordinal

-- :name manifest_read_fingerprints
SELECT ordinal, version, arrival, server_major, core_blake2b, deparse_blake2b, env_blake2b, object
FROM fingerprint ORDER BY ordinal

-- :name manifest_read_earlier
SELECT ordinal, name, tree_blake2b, migrations, server_major, core_blake2b, deparse_blake2b,
  env_blake2b
FROM earlier ORDER BY ordinal

-- :name manifest_read_rehearsals
SELECT ordinal, migration, version, server_major, way_back, detail FROM rehearsal ORDER BY ordinal

-- :name manifest_read_measured
SELECT ordinal, migration, script, step, server_major, relation, lock, rewritten, scanned
FROM measured ORDER BY ordinal

-- :name manifest_read_brought
SELECT ordinal, migration, kind, identity FROM brought ORDER BY ordinal

-- :name manifest_read_atomic
SELECT ordinal, mode, server_major FROM atomic ORDER BY ordinal
