# shellcheck shell=bash
# The product that the kill harness carries up and down: all that a kill can hit. To be loaded behind
# common.bash and proven.bash. Whatever steps learn to be gets a migration here: nothing else in the
# harness knows what the product is.

# Makes project, key, $WORK/kill.bundle, from nothing to KILL_LAST, proven on a scratch database, and a
# site that trusts it; KILL_BACK is where rollbacks go to.
kill_bundle() {
    # shellcheck disable=SC2034 # for the harness
    KILL_BACK=1.0.0 KILL_LAST=3.0.0
    empty_project kill
    kill_tables
    kill_indexes
    kill_changes
    kill_batches
    release 1.0.0 2.0.0 3.0.0
    pack_bundle "$WORK/kill.bundle" "$KILL_LAST" >/dev/null
    trust_site
    prove "$WORK/kill.bundle" || return
    applier inspect "$WORK/kill.bundle" --json | jq -e '[.versions[].migrations[].way_back] | all(. == "exact")' >/dev/null
}

# Several statements in a transaction, COPY, two groups in one version.
kill_tables() {
    script 1.0.0/0001_tables.up.sql <<'SQL'
CREATE TABLE part (id bigint PRIMARY KEY, name text NOT NULL, weight numeric);
CREATE TABLE bin (id bigint PRIMARY KEY, part bigint REFERENCES part, pieces int NOT NULL DEFAULT 0);
INSERT INTO part SELECT g, 'part ' || g, g / 10.0 FROM generate_series(1, 50) g;
SQL
    script 1.0.0/0001_tables.down.sql <<<'DROP TABLE bin; DROP TABLE part;'
    {
        echo 'COPY bin (id, part, pieces) FROM STDIN;'
        seq 1 3000 | awk '{ printf "%d\t%d\t%d\n", $1, $1 % 50 + 1, $1 % 7 }'
        echo '\.'
        echo 'UPDATE bin SET pieces = pieces + 1 WHERE part = 3;'
    } | script 1.0.0/0002_bins.up.sql
    script 1.0.0/0002_bins.down.sql <<<'TRUNCATE bin;'
    script 1.0.0/0003_index.up.sql <<<'CREATE INDEX CONCURRENTLY bin_part ON bin (part);'
    script 1.0.0/0003_index.down.sql <<<'DROP INDEX CONCURRENTLY bin_part;'
}

# Indexes made, dropped and built anew outside transactions, in a row and between other things.
kill_indexes() {
    script 2.0.0/0001_indexes.up.sql <<'SQL'
CREATE INDEX CONCURRENTLY bin_pieces ON bin (part, pieces);
DROP INDEX CONCURRENTLY bin_part;
INSERT INTO part VALUES (100, 'written outside the indexes', 1);
SQL
    script 2.0.0/0001_indexes.down.sql <<'SQL'
DELETE FROM part WHERE id = 100;
CREATE INDEX CONCURRENTLY bin_part ON bin (part);
DROP INDEX CONCURRENTLY bin_pieces;
SQL
    script 2.0.0/0002_reindex.up.sql <<<'REINDEX INDEX CONCURRENTLY bin_pieces;'
    script 2.0.0/0002_reindex.down.sql <<<'REINDEX TABLE CONCURRENTLY part;'
}

# Data that depends on data, code, a verify.
kill_changes() {
    script 3.0.0/0001_total.up.sql <<'SQL'
ALTER TABLE part ADD COLUMN pieces bigint;
UPDATE part SET pieces = coalesce((SELECT sum(pieces) FROM bin WHERE bin.part = part.id), 0);
CREATE FUNCTION count_pieces() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE part SET pieces = coalesce(pieces, 0) + NEW.pieces WHERE id = NEW.part;
    RETURN NEW;
END
$body$;
CREATE TRIGGER bin_counted AFTER INSERT ON bin FOR EACH ROW EXECUTE FUNCTION count_pieces();
SQL
    script 3.0.0/0001_total.down.sql <<'SQL'
DROP TRIGGER bin_counted ON bin;
DROP FUNCTION count_pieces();
ALTER TABLE part DROP COLUMN pieces;
SQL
    script 3.0.0/0001_total.verify.sql <<<'SELECT 1 / (count(*) = 0)::int FROM part WHERE pieces IS NULL;'
    {
        echo 'COPY bin (id, part, pieces) FROM STDIN;'
        seq 4001 4100 | awk '{ printf "%d\t%d\t%d\n", $1, $1 % 50 + 1, 2 }'
        echo '\.'
    } | script 3.0.0/0002_more.up.sql
    script 3.0.0/0002_more.down.sql <<'SQL'
UPDATE part SET pieces = pieces - 2 * (SELECT count(*) FROM bin WHERE bin.part = part.id AND bin.id > 4000);
DELETE FROM bin WHERE id > 4000;
SQL
}

# A table gone through in batches, up and down; a range done twice would show in the rows.
kill_batches() {
    script 3.0.0/0003_label.up.sql <<<'ALTER TABLE bin ADD COLUMN label text;'
    script 3.0.0/0003_label.down.sql <<<'ALTER TABLE bin DROP COLUMN label;'
    script 3.0.0/0004_labels.up.sql <<'SQL'
-- sealift: batch key=id size=800
UPDATE bin SET label = coalesce(label, '') || 'L' WHERE id BETWEEN $1 AND $2;
SELECT count(*) = 0 FROM bin WHERE label IS NULL;
SQL
    script 3.0.0/0004_labels.down.sql <<'SQL'
-- sealift: batch key=id size=1000
UPDATE bin SET label = nullif(left(label, -1), '') WHERE id BETWEEN $1 AND $2;
SELECT count(*) = 0 FROM bin WHERE label IS NOT NULL;
SQL
}

# What must be the same whatever happened on the way: schema, every row of every table, indexes that
# are not valid, and what the ledger says was done, each thing once and in order, without times and
# attempts.
everything_in() {
    schema_of "$1"
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$1" <<'SQL'
SELECT format('SELECT %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM %s t', oid::regclass, oid::regclass)
  FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY oid::regclass::text \gexec
SELECT 'index', c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE c.relnamespace = 'public'::regnamespace ORDER BY 2;
SELECT 'done', direction, version, identity, group_number, group_count, first_step, last_step,
       complete, position_after, CASE WHEN kind = 'batch' THEN result || ' ' || words END
  FROM sealift.journal
 WHERE kind IN ('group', 'batch') OR (kind IN ('outcome', 'settled') AND result = 'done')
 ORDER BY number;
SELECT 'version', name, position, md5(tree_digest) FROM sealift.version ORDER BY journal_number, position;
SELECT 'schema', version, arrival, proven, md5(core) FROM sealift.fingerprint ORDER BY number;
SELECT 'stored', path, chunk, md5(bytes) FROM sealift.stored_object ORDER BY path, chunk;
SQL
}
