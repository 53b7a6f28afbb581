# shellcheck shell=bash
# A product whose upgrade has everything that a crash can hit: transactions with several statements,
# COPY data, and indexes built and dropped CONCURRENTLY. To be loaded after common.

# Makes project, key and $WORK/crash.bundle (nothing to 1.1.0).
crash_bundle() {
    empty_project crash
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
    script 1.0.0/0003_index.up.sql <<'SQL'
-- sealift: no-transaction
CREATE INDEX CONCURRENTLY bin_part ON bin (part);
SQL
    script 1.0.0/0003_index.down.sql <<'SQL'
-- sealift: no-transaction
DROP INDEX CONCURRENTLY bin_part;
SQL
    script 1.1.0/0001_total.up.sql <<'SQL'
ALTER TABLE part ADD COLUMN pieces bigint;
UPDATE part SET pieces = (SELECT sum(pieces) FROM bin WHERE bin.part = part.id);
CREATE FUNCTION count_pieces() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE part SET pieces = coalesce(pieces, 0) + NEW.pieces WHERE id = NEW.part;
    RETURN NEW;
END
$body$;
CREATE TRIGGER bin_counted AFTER INSERT ON bin FOR EACH ROW EXECUTE FUNCTION count_pieces();
SQL
    script 1.1.0/0001_total.down.sql <<'SQL'
DROP TRIGGER bin_counted ON bin;
DROP FUNCTION count_pieces();
ALTER TABLE part DROP COLUMN pieces;
SQL
    script 1.1.0/0001_total.verify.sql <<'SQL'
SELECT 1 / (count(*) = 0)::int FROM part WHERE pieces IS NULL;
SQL
    script 1.1.0/0002_indexes.up.sql <<'SQL'
-- sealift: no-transaction
CREATE INDEX CONCURRENTLY bin_pieces ON bin (part, pieces);
DROP INDEX CONCURRENTLY bin_part;
INSERT INTO part VALUES (100, 'written outside the indexes', 1, 0);
SQL
    script 1.1.0/0002_indexes.down.sql <<'SQL'
-- sealift: no-transaction
DELETE FROM part WHERE id = 100;
CREATE INDEX CONCURRENTLY bin_part ON bin (part);
DROP INDEX CONCURRENTLY bin_pieces;
SQL
    release 1.0.0 1.1.0
    pack_bundle "$WORK/crash.bundle" 1.1.0 >/dev/null
}

# Everything that must be the same whatever happened on the way: schema, rows, and what the ledger says
# was done, each thing once and in order, without numbers, times and attempts.
everything_of() {
    schema_of "$1"
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$1" <<'SQL'
SELECT 'part', * FROM part ORDER BY id;
SELECT 'bin', count(*), sum(id), sum(part), sum(pieces) FROM bin;
SELECT 'done', direction, version, identity, group_number, group_count, first_step, last_step,
       complete, position_after
  FROM sealift.journal
 WHERE kind = 'group' OR (kind IN ('outcome', 'settled') AND result = 'done')
 ORDER BY number;
SELECT 'version', name, position, md5(tree_digest) FROM sealift.version ORDER BY position;
SELECT 'stored', path, chunk, md5(bytes) FROM sealift.stored_object ORDER BY path, chunk;
SQL
}
