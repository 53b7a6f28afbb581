/* Manifests that are signed and nevertheless wrong: each must be refused as malformed, with words
 * that say where. */
#include "tests/support/unit_test.h"

#include "bundles/bundle_readme.h"
#include "tests/support/damage.h"

/* A digest that is no version's. */
#define A_DIGEST "(SELECT up_blake2b AS hash FROM migration LIMIT 1)"

/* On FORGE_FULL. */
static const SqlDamage rows_damaged[] = {
    /* the bundle as a whole */
    {"another product", "UPDATE meta SET value = 'pier' WHERE key = 'product'",
     "'value' of key 'product' is 'pier', but HEAD says 'harbour'"},
    {"another sequence", "UPDATE meta SET value = '8' WHERE key = 'sequence'", "'sequence' is '8'"},
    {"fewer statements", "UPDATE meta SET value = '1' WHERE key = 'statements'", "but HEAD says"},
    {"a key too many", "INSERT INTO meta VALUES ('zeal', '1')", "'key' is 'zeal' where 'no row'"},
    {"an unknown key", "UPDATE meta SET key = 'colour' WHERE key = 'created'",
     "is 'colour' where 'covers-from' is expected"},
    {"a key missing", "DELETE FROM meta WHERE key = 'unproven'", "has no row 'unproven'"},
    {"no search path", "UPDATE meta SET value = '' WHERE key = 'search-path'", "has 0 bytes"},
    {"a search path of two lines",
     "UPDATE meta SET value = 'a' || char(10) || 'b' WHERE key = 'search-path'",
     "is not one line of printable UTF-8"},
    {"a search path that steers a terminal",
     "UPDATE meta SET value = 'a' || char(155) WHERE key = 'search-path'",
     "is not one line of printable UTF-8"},
    {"a search path that is not UTF-8",
     "UPDATE meta SET value = CAST(x'61ff' AS TEXT) WHERE key = 'search-path'",
     "is not one line of printable UTF-8"},
    {"NUL in a text", "UPDATE meta SET value = CAST(x'610062' AS TEXT) WHERE key = 'search-path'",
     "is not one line of printable UTF-8"},
    {"a text of 60 KB", "UPDATE meta SET value = hex(zeroblob(30000)) WHERE key = 'search-path'",
     "has 60000 bytes, not 1 to 4096"},
    {"a text of 8 MB", "UPDATE meta SET value = hex(zeroblob(4000000)) WHERE key = 'search-path'",
     "string or blob too big"},
    {"NULL where none may be", "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '')",
     "not those of manifest schema 5"},
    /* versions */
    {"no version", "DELETE FROM version", "row 1: 'version'"},
    {"a version left out", "UPDATE version SET version = 3 WHERE version = 2",
     "is 3 where 2 comes"},
    {"two versions of one name", "UPDATE version SET name = '1.1.0' WHERE version = 2",
     "two versions are named '1.1.0'"},
    {"the version it starts from once more", "UPDATE version SET name = '1.0.0' WHERE version = 1",
     "two versions are named '1.0.0'"},
    {"a version's name with a space", "UPDATE version SET name = '1 1' WHERE version = 1",
     "is no name of a version"},
    {"a stop that is 2", "UPDATE version SET required_stop = 2 WHERE version = 1",
     "CHECK constraint failed"},
    {"a least version that is no name", "UPDATE version SET min_compatible = 'a b'",
     "'min_compatible' is no name of a version"},
    {"a least version that comes later",
     "UPDATE version SET min_compatible = '1.2.0' WHERE version = 1",
     "'min_compatible' is '1.2.0', not before it"},
    {"a least version that is itself",
     "UPDATE version SET min_compatible = '1.2.0' WHERE version = 2",
     "'min_compatible' is '1.2.0', not before it"},
    {"no time", "UPDATE version SET released = 'yesterday'", "'released' is no time"},
    /* notes */
    {"a note of a version that is not there", "INSERT INTO note VALUES (1, 3, 0, 'title', '', '')",
     "outside 1 to 2"},
    {"a note without a title", "INSERT INTO note VALUES (1, 1, 0, '', '', '')", "'title'"},
    {"a note that paints the terminal",
     "INSERT INTO note VALUES (1, 1, 0, 'title', '', char(27) || '[31m')",
     "'action' is not lines of printable"},
    {"notes out of order", "INSERT INTO note VALUES (1, 2, 0, 'a', '', ''), (2, 1, 0, 'b', '', '')",
     "does not come after"},
    {"a note of 4,001 bytes", "INSERT INTO note VALUES (1, 1, 0, 'title', printf('%4001d', 1), '')",
     "'description'"},
    {"a note that is half breaking", "INSERT INTO note VALUES (1, 1, 2, 'title', '', '')",
     "CHECK constraint failed"},
    /* superseded versions */
    {"superseded by a version that is not there",
     "INSERT INTO superseded SELECT 1, 3, '1.0.1', hash, 1 FROM " A_DIGEST,
     "'version' is 3, outside 0 to 2"},
    {"a superseded version without a name",
     "INSERT INTO superseded SELECT 1, 1, 'a/b', hash, 1 FROM " A_DIGEST,
     "'name' is no name of a version"},
    {"a superseded version on the line",
     "INSERT INTO superseded SELECT 1, 1, '1.1.0', hash, 1 FROM " A_DIGEST,
     "two versions are named '1.1.0'"},
    {"a superseded version twice",
     "INSERT INTO superseded SELECT 1, 1, '1.0.1', hash, 1 FROM " A_DIGEST
     "; INSERT INTO superseded SELECT 2, 1, '1.0.2', hash, 1 FROM " A_DIGEST,
     "row 2: the tree of '1.0.2' stands twice"},
    {"a superseded version with a tree of the line",
     "INSERT INTO superseded SELECT 1, 1, '1.0.1', tree_blake2b, 1 FROM version WHERE version = 2",
     "row 1: the tree of '1.0.1' stands twice"},
    {"superseded versions out of order",
     "INSERT INTO superseded SELECT 1, 1, '1.0.1', hash, 1 FROM " A_DIGEST
     "; INSERT INTO superseded SELECT 2, 0, '1.0.2', 'f' || substr(hash, 2), 1 FROM " A_DIGEST,
     "row 2: does not come after"},
    {"a superseded version that is half the same",
     "INSERT INTO superseded SELECT 1, 1, '1.0.1', hash, 2 FROM " A_DIGEST,
     "CHECK constraint failed"},
    {"more migrations than there are", "UPDATE version SET migrations = 9 WHERE version = 2",
     "versions hold 11 migrations, but there are 3"},
    {"positions that do not follow",
     "UPDATE version SET preceding_migrations = 9 WHERE version = 2", "does not follow"},
    {"another tree", "UPDATE version SET tree_blake2b = (SELECT up_blake2b FROM migration LIMIT 1)",
     "is not that of its migrations"},
    {"a way back that no rehearsal saw", "UPDATE version SET way_back = 'exact' WHERE version = 2",
     "version '1.2.0': its way back is 'exact', but its rehearsals say 'unproven'"},
    {"a way back of an irreversible version",
     "UPDATE version SET way_back = 'unproven' WHERE version = 1",
     "version '1.1.0': its way back is 'unproven', but its rehearsals say 'irreversible'"},
    {"an unknown way back", "UPDATE version SET way_back = 'none at all' WHERE version = 1",
     "CHECK constraint failed"},
    {"a digest in upper case", "UPDATE version SET tree_blake2b = upper(tree_blake2b)",
     "is not a digest of 128 lower-case hex digits"},
    {"another name of a version", "UPDATE version SET name = '1.1.1' WHERE version = 1",
     "is not that of its migrations"},
    /* objects */
    {"objects that overlap", "UPDATE object SET offset = offset - 512 WHERE object = 5",
     "row 5: offset of"},
    {"objects with a gap", "UPDATE object SET offset = offset + 512 WHERE object >= 5",
     "row 5: offset of"},
    {"an offset past the end", "UPDATE object SET offset = 1 << 40 WHERE object = 10",
     "row 10: offset of"},
    {"an offset of 2^63 - 1", "UPDATE object SET offset = 9223372036854775807 WHERE object = 10",
     "outside 512 to"},
    {"a negative offset", "UPDATE object SET offset = -512 WHERE object = 2",
     "CHECK constraint failed"},
    {"a size of 8 GiB", "UPDATE object SET stored_size = 8589934592 WHERE object = 10",
     "outside 0 to 8589934591"},
    {"a size that moves the end",
     "UPDATE object SET stored_size = 4096, plain_size = 4096 WHERE object = 10",
     "bytes of content, but HEAD says"},
    {"two sizes of a plain object",
     "UPDATE object SET plain_size = plain_size + 1 WHERE object = 5",
     "is stored plain in another size"},
    {"two digests of a plain object",
     "UPDATE object SET plain_blake2b = (SELECT up_blake2b FROM migration LIMIT 1)"
     " WHERE object = 4",
     "is stored plain with two digests"},
    {"compressed without reason", "UPDATE object SET compression = 'zstd' WHERE object = 5",
     "has no reason to be compressed"},
    {"an unknown compression", "UPDATE object SET compression = 'xz' WHERE object = 5",
     "CHECK constraint failed"},
    {"no README", "UPDATE object SET path = 'READ' WHERE object = 1", "first object is not README"},
    {"paths out of order",
     "UPDATE object SET path = 'versions/0001/0001-berths.down.sq' WHERE object = 5",
     "does not come after"},
    {"one path twice",
     "UPDATE object SET path = (SELECT path FROM object WHERE object = 4)"
     " WHERE object = 5",
     "does not come after"},
    {"an absolute path", "UPDATE object SET path = '/versions/x' WHERE object = 10",
     "does not come after"},
    {"a path that leaves",
     "UPDATE object SET path = 'versions/0002/x/../../../etc/passwd.sql' WHERE object = 10",
     "'versions/0002/0001-harbour-masters.up.sql' is expected"},
    {"another name of a script",
     "UPDATE object SET path = 'versions/0002/0001-harbour-masters.up.sql2' WHERE object = 10",
     "is expected"},
    {"a path of 101 bytes",
     "UPDATE object SET path = 'versions/' || hex(zeroblob(46)) WHERE object = 10",
     "has 101 bytes, not 1 to 100"},
    {"chunks of a small object",
     "INSERT INTO chunk SELECT 5, 1, stored_blake2b FROM object WHERE object = 5",
     "has 1 chunks, not 0"},
    {"a chunk of no object",
     "INSERT INTO chunk SELECT 99, 1, stored_blake2b FROM object WHERE object = 5",
     "is 99, outside 1 to 10"},
    {"an object of nobody",
     "INSERT INTO object SELECT 11, 'versions/0009/x', offset + 1024, 0, 0, 'none',"
     " stored_blake2b, stored_blake2b FROM object WHERE object = 10",
     "bytes of content, but HEAD says"},
    /* migrations */
    {"two migrations of one identity",
     "UPDATE migration SET identity = '0001-berths' WHERE migration = 2",
     "two migrations are named '0001-berths'"},
    {"an identity with a tab",
     "UPDATE migration SET identity = 'a' || char(9) || 'b' WHERE migration = 1",
     "is not one line of printable UTF-8"},
    {"an identity of 256 bytes",
     "UPDATE migration SET identity = hex(zeroblob(128)) WHERE migration = 1",
     "has 256 bytes, not 1 to 255"},
    {"a renamed migration", "UPDATE migration SET identity = '0001-piers' WHERE migration = 1",
     "its digest is not that of its scripts"},
    {"another authored up",
     "UPDATE migration SET authored_blake2b = up_blake2b WHERE migration = 1",
     "its digest is not that of its scripts"},
    {"an authored up that is no digest", "UPDATE migration SET authored_blake2b = 'x'",
     "CHECK constraint failed"},
    {"ordinals twice", "UPDATE migration SET ordinal = 1 WHERE migration = 2",
     "row 2: is not migration 1 of version '1.1.0'"},
    {"a migration in another version",
     "UPDATE migration SET version = 2, ordinal = 1 WHERE migration = 2",
     "row 2: is not migration 1 of version '1.2.0'"},
    {"a version that is not there", "UPDATE migration SET version = 3 WHERE migration = 3",
     "outside 1 to 2"},
    {"a slug with a slash", "UPDATE migration SET slug = 'a/b' WHERE migration = 3",
     "'slug' has characters"},
    {"another slug", "UPDATE migration SET slug = 'masters' WHERE migration = 3", "is expected"},
    {"an unknown mode", "UPDATE migration SET transaction_mode = 'any' WHERE migration = 3",
     "CHECK constraint failed"},
    {"another mode", "UPDATE migration SET transaction_mode = 'none' WHERE migration = 3",
     "its digest is not that of its scripts"},
    {"a missing down",
     "DELETE FROM step WHERE migration = 1 AND script = 'down';"
     "DELETE FROM step_group WHERE migration = 1 AND script = 'down';"
     "DELETE FROM script WHERE migration = 1 AND script = 'down'",
     "its way back is 'unproven', but it has no down script"},
    {"irreversible with a way back",
     "UPDATE migration SET way_back = iif(migration = 1, 'irreversible', 'none'),"
     " irreversible_reason = iif(migration = 1, 'so', NULL) WHERE migration < 3",
     "its way back is 'irreversible', but it has a down script"},
    {"irreversible without a reason",
     "UPDATE migration SET irreversible_reason = NULL WHERE migration = 2", "and its reason"},
    {"fewer rehearsed than HEAD says", "UPDATE migration SET rehearsed = 1 WHERE migration = 1",
     "not as many as HEAD says"},
    {"a way back that was not rehearsed",
     "UPDATE migration SET way_back = 'exact' WHERE migration = 3",
     "migration '0003-harbour masters': its way back is 'exact', but its rehearsals say "
     "'unproven'"},
    {"an empty acknowledgement", "UPDATE migration SET acknowledged = '' WHERE migration = 1",
     "'acknowledged' has 0 bytes"},
    {"another estimate of locks", "UPDATE migration SET lock_estimate = 1 WHERE migration = 1",
     "is not the sum"},
    {"a negative timeout", "UPDATE migration SET lock_timeout_ms = -5 WHERE migration = 1",
     "CHECK constraint failed"},
    {"a timeout beyond the server's", "UPDATE migration SET lock_timeout_ms = 2147483648",
     "outside 0 to 2147483647"},
    {"data that is not listed", "DELETE FROM migration_data WHERE ordinal = 2",
     "not the data of migration '0001-berths'"},
    {"data in another order", "UPDATE migration_data SET object = 5 - object",
     "not the data of migration '0001-berths'"},
    {"data listed that nobody reads", "INSERT INTO migration_data VALUES (3, 1, 2)",
     "not the data of migration '0003-harbour masters'"},
    {"data numbered with a gap", "UPDATE migration_data SET ordinal = 3 WHERE ordinal = 2",
     "is 3 where 2 comes next"},
    /* scripts, groups, steps */
    {"a script of another migration",
     "UPDATE script SET object = 10 WHERE migration = 1 AND script = 'up'", "is expected"},
    {"an object that is not there", "UPDATE script SET object = 11 WHERE migration = 3",
     "outside 1 to 10"},
    {"a script without steps",
     "DELETE FROM step WHERE migration = 1 AND script = 'down';"
     "DELETE FROM step_group WHERE migration = 1 AND script = 'down'",
     "groups of 0 steps over 0 steps"},
    {"steps of a script that is not there", "DELETE FROM script WHERE script = 'precheck'",
     "names a script that the migration does not have"},
    {"an up before COMMIT", "UPDATE script SET in_transaction = 1 WHERE script = 'up'",
     "only a verify script may run before COMMIT"},
    {"an up that is a gate", "UPDATE script SET gate = 1 WHERE script = 'up'",
     "only a precheck script may be a gate"},
    {"a batch without its steps", "INSERT INTO batch VALUES (3, 'up', NULL, 't', 'id', 10, 0)",
     "its batch does not fit its steps"},
    {"a batch of a script that is not there",
     "INSERT INTO batch SELECT 1, 'down', NULL, 't', 'id', 10, 0;"
     "DELETE FROM script WHERE migration = 1 AND script = 'down'",
     "names a script that the migration does not have"},
    {"a step of a batch without a batch",
     "UPDATE step SET kind = 'batch' WHERE migration = 3 AND script = 'up' AND ordinal = 1",
     "its batch does not fit its steps"},
    {"a batch of more rows than may be",
     "INSERT INTO batch VALUES (3, 'up', NULL, 't', 'id', 10000001, 0)", "'size' is 10000001"},
    {"a batch without a table", "INSERT INTO batch VALUES (3, 'up', NULL, '', 'id', 10, 0)",
     "'table_name' has 0 bytes"},
    {"a batch without a key", "INSERT INTO batch VALUES (3, 'up', NULL, 't', '', 10, 0)",
     "'key_column' has 0 bytes"},
    {"steps in no group", "DELETE FROM step_group WHERE migration = 1 AND ordinal = 3",
     "groups of 3 steps over 4 steps"},
    {"groups without steps", "UPDATE step_group SET steps = 9 WHERE migration = 3",
     "groups of 9 steps over"},
    {"two steps outside transactions",
     "UPDATE step_group SET kind = 'autocommit' WHERE migration = 3 AND script = 'up'",
     "2 steps in a group outside transactions"},
    {"a read-only step outside transactions",
     "UPDATE step_group SET read_only = 1 WHERE kind = 'autocommit'",
     "a step outside transactions has the settings of one"},
    {"a probe in a transaction", "UPDATE step SET probe = 'repeat' WHERE migration = 3",
     "its probe does not fit"},
    {"a probe without its object", "UPDATE step SET probe_object = NULL WHERE probe <> 'none'",
     "its probe does not fit"},
    {"a step left out", "UPDATE step SET ordinal = 9 WHERE migration = 1 AND ordinal = 4",
     "is 9 where 4 comes next"},
    {"steps that overlap", "UPDATE step SET offset = 3 WHERE migration = 3 AND ordinal = 2",
     "step 2: overlaps the step before"},
    {"a step past its script's end",
     "UPDATE step SET length = length + 3 WHERE migration = 3 AND script = 'up' AND ordinal = 2",
     "ends at byte"},
    {"a step of 2^62 bytes", "UPDATE step SET length = 1 << 62 WHERE migration = 3",
     "outside 1 to 268435456"},
    {"an empty step", "UPDATE step SET length = 0 WHERE migration = 3", "CHECK constraint failed"},
    {"a statement that is two",
     "UPDATE step SET statements = 2 WHERE migration = 1 AND script = 'down'",
     "step 1: its number of statements does not fit"},
    {"lines that are one", "UPDATE step SET kind = 'lines' WHERE migration = 1 AND script = 'down'",
     "step 1: its number of statements does not fit"},
    {"more lines than bytes",
     "UPDATE step SET kind = 'lines', statements = length WHERE migration = 1 AND script = 'down'",
     "step 1: its number of statements does not fit"},
    {"lines outside transactions",
     "UPDATE step SET kind = 'lines', statements = 2, probe = 'repeat' WHERE migration = 1 AND script = 'down';"
     "UPDATE step_group SET kind = 'autocommit' WHERE migration = 1 AND script = 'down'",
     "step 1: its number of statements does not fit"},
    {"lines that set the session",
     "UPDATE step SET kind = 'lines', statements = 2, session_state = 1 WHERE migration = 1 AND script = 'down'",
     "step 1: its number of statements does not fit"},
    {"lines that reach outside",
     "UPDATE step SET kind = 'lines', statements = 2, outside_effects = 1 WHERE migration = 1 AND script = 'down'",
     "step 1: its number of statements does not fit"},
    {"lines with parameters",
     "UPDATE step SET kind = 'lines', statements = 2 WHERE migration = 3 AND script = 'down'",
     "step 1: its number of statements does not fit"},
    {"a step of no statements", "UPDATE step SET statements = 0 WHERE migration = 2",
     "CHECK constraint failed"},
    {"lines that HEAD does not count",
     "UPDATE step SET kind = 'lines', statements = 3 WHERE migration = 2 AND script = 'up'",
     "are not as many as HEAD says"},
    {"COPY without data", "UPDATE step SET data_object = NULL WHERE kind = 'copy' AND ordinal = 2",
     "COPY and its data do not go together"},
    {"data without COPY", "UPDATE step SET data_object = 2 WHERE migration = 3",
     "COPY and its data do not go together"},
    {"two COPY of one data file", "UPDATE step SET data_object = 2 WHERE kind = 'copy'",
     "is expected"},
    {"an unknown probe", "UPDATE step SET probe = 'hope' WHERE probe <> 'none'",
     "CHECK constraint failed"},
    {"an unknown script", "UPDATE step SET script = 'side' WHERE migration = 3 AND script = 'down'",
     "CHECK constraint failed"},
    {"fewer statements than HEAD says",
     "DELETE FROM step_parameter WHERE script = 'up'; DELETE FROM parameter WHERE parameter = 1;"
     "UPDATE parameter SET parameter = 1; UPDATE step_parameter SET parameter = 1;"
     "DELETE FROM step WHERE migration = 3 AND script = 'up' AND ordinal = 2",
     "not as many as HEAD says"},
    {"a script that nobody has",
     "DELETE FROM step WHERE script = 'precheck'; DELETE FROM step_group WHERE script = 'precheck';"
     "DELETE FROM script WHERE script = 'precheck'",
     "1 of 9 objects belong to nothing"},
    /* requirements */
    {"an unknown requirement", "UPDATE requirement SET kind = 'moon'", "is no word that it may be"},
    {"a requirement without a name", "UPDATE requirement SET name = ''", "has 0 bytes"},
    /* the schema */
    {"a view", "CREATE VIEW v AS SELECT 1", "not those of manifest schema 5"},
    {"a view that never ends",
     "CREATE VIEW v AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"
     " SELECT n FROM c",
     "not those of manifest schema 5"},
    {"a view in the place of a table",
     "ALTER TABLE meta RENAME TO m; CREATE VIEW meta AS WITH RECURSIVE c(n) AS"
     " (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n AS key, n AS value FROM c",
     "not those of manifest schema 5"},
    {"a trigger", "CREATE TRIGGER t AFTER INSERT ON meta BEGIN SELECT 1; END",
     "not those of manifest schema 5"},
    {"an index", "CREATE INDEX i ON object (path)", "not those of manifest schema 5"},
    {"a table too many", "CREATE TABLE more (a)", "not those of manifest schema 5"},
    {"a table too few", "DROP TABLE requirement", "not those of manifest schema 5"},
    {"a column too many", "ALTER TABLE meta ADD COLUMN more TEXT", "not those of manifest schema"},
    {"a generated column",
     "ALTER TABLE requirement ADD COLUMN bomb TEXT AS (hex(zeroblob(1000000000)))",
     "not those of manifest schema 5"},
    {"a table that is looser",
     "UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'requirement'",
     "not those of manifest schema 5"},
    {"a full-text table", "CREATE VIRTUAL TABLE f USING fts5(a)", "not those of manifest schema 5"},
    {"an rtree", "CREATE VIRTUAL TABLE r USING rtree(a, b, c)", "not those of manifest schema 5"},
    {"statistics", "ANALYZE", "not those of manifest schema 5"},
};

/* What bytes at a place of manifest.db say, without SQLite having a word. */
static const struct {
    const char *name;
    size_t offset;
    size_t size;
    const char *bytes;
    const char *says;
} bytes_damaged[] = {
    {"no SQLite", 0, 1, "s", "not an SQLite database"},
    {"other page size", 16, 2, "\x08", "page size in the file header"},
    {"write-ahead log", 18, 2, "\2\2", "write format in the file header is 2"},
    {"write-ahead log for readers", 19, 1, "\2", "read format in the file header is 2"},
    {"reserved bytes", 20, 1, "\10", "reserved bytes per page"},
    {"too few pages", 31, 1, "\1", "counts other pages"},
    {"free pages", 39, 1, "\1", "number of free pages"},
    {"older schema format", 47, 1, "\1", "schema format in the file header is 1"},
    {"auto-vacuum", 55, 1, "\1", "auto-vacuum root"},
    {"UTF-16", 59, 1, "\2", "text encoding"},
    {"an older schema", 63, 1, "\1", "manifest schema in the file header is 1"},
    {"incremental vacuum", 67, 1, "\1", "incremental vacuum"},
    {"another application", 71, 1, "\0", "application id"},
    {"reserved field", 80, 1, "\1", "reserved field"},
    {"version-valid-for", 95, 1, "\7", "counts other pages"},
    {"a library's version", 98, 1, "\1", "library version"},
    {"a broken root page", 100, 1, "\0", "manifest: "},
    {"a broken page", 4096, 1, "\377", "manifest: "},
};

static void refuses_rows_and_schemas(void **state UNUSED)
{
    expect_all_refused(FORGE_FULL, rows_damaged, ARRAY_LEN(rows_damaged));
}

static void refuses_file_headers_and_pages(void **state UNUSED)
{
    CLEANUP(forge_done) Forge good;
    forge_init(&good, FORGE_FULL);
    for (size_t i = 0; i < ARRAY_LEN(bytes_damaged); i++) {
        CLEANUP(forge_done) Forge bad;
        forge_copy(&good, &bad);
        memcpy(bad.manifest.bytes + bytes_damaged[i].offset, bytes_damaged[i].bytes,
               bytes_damaged[i].size);
        expect_refused(&bad, bytes_damaged[i].name, bytes_damaged[i].says);
    }
}

static void refuses_chunks_that_are_not_the_objects(void **state UNUSED)
{
    static const SqlDamage damages[] = {
        {"another digest of a chunk",
         "UPDATE chunk SET blake2b = (SELECT up_blake2b FROM migration LIMIT 1) WHERE chunk = 2",
         "do not give its stored digest"},
        {"chunks in another order",
         "CREATE TEMP TABLE t AS SELECT * FROM chunk; UPDATE chunk SET blake2b ="
         " (SELECT blake2b FROM t WHERE t.object = chunk.object AND t.chunk = 3 - chunk.chunk)"
         " WHERE chunk < 3; DROP TABLE t",
         "do not give its stored digest"},
        {"a chunk missing", "DELETE FROM chunk WHERE chunk = 2 OR chunk > 2", "has 1 chunks, not "},
        {"a gap in the chunks", "DELETE FROM chunk WHERE chunk = 1", "is 2 where 1 comes next"},
    };
    expect_all_refused(FORGE_LARGE, damages, ARRAY_LEN(damages));
}

/* A HEAD that promises nothing, and a manifest that keeps it. */
static void refuses_a_bundle_of_no_version(void **state UNUSED)
{
    CLEANUP(forge_done) Forge bad;
    forge_init(&bad, FORGE_MINIMAL);
    bad.head.migrations = bad.head.statements = bad.head.irreversible = bad.head.unproven = 0;
    forge_manifest_sql(&bad,
                       "UPDATE meta SET value = '0' WHERE key IN"
                       " ('migrations', 'statements', 'irreversible', 'unproven');"
                       "DELETE FROM step; DELETE FROM step_group; DELETE FROM script;"
                       "DELETE FROM migration; DELETE FROM version;"
                       "DELETE FROM object WHERE object > 1",
                       FORGE_TIDY);
    const size_t readme = 512 + (strlen(bundle_readme) + 511) / 512 * 512;
    memset(bad.objects.bytes + readme, 0, BUNDLE_END_SIZE);
    bad.objects.length = readme + BUNDLE_END_SIZE;
    expect_refused(&bad, "no version", "table 'version' has no rows");
}

static void expect_unread(Forge *forge, ErrorClass class, const char *says)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text bytes = forge_seal(forge);
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    const Manifest *manifest = NULL;
    if (!bundle_reader_open_fd(forge_memory(&bytes), "bundle", &forge->site, &reader, &err))
        fail_msg("not even opened: %s", err.message);
    assert_false(bundle_reader_manifest(reader, &manifest, &err));
    if (err.class != class || !strstr(err.message, says))
        fail_msg("%d %s; '%s' is expected", err.class, err.message, says);
}

static void says_that_a_schema_is_of_another_time(void **state UNUSED)
{
    CLEANUP(forge_done) Forge other;
    forge_init(&other, FORGE_MINIMAL);
    other.head.manifest_schema = 6;
    expect_unread(&other, ERROR_TARGET, "has manifest schema 6, this program knows 5");
    other.head.manifest_schema = 4;
    expect_unread(&other, ERROR_TARGET, "has manifest schema 4, this program knows 5");
}

static void refuses_a_manifest_shorter_than_a_page(void **state UNUSED)
{
    CLEANUP(forge_done) Forge bad;
    forge_init(&bad, FORGE_MINIMAL);
    bad.manifest.length = 512;
    expect_unread(&bad, ERROR_INPUT, "HEAD says 512 bytes of manifest, which cannot be");
}

/* What SQL deletes without a VACUUM stays readable in the file. */
static void refuses_free_pages(void **state UNUSED)
{
    CLEANUP(forge_done) Forge bad;
    forge_init(&bad, FORGE_FULL);
    forge_manifest_sql(&bad,
                       "CREATE TABLE big (a); INSERT INTO big VALUES (zeroblob(20000));"
                       "DROP TABLE big",
                       FORGE_AS_IS);
    expect_refused(&bad, "free pages", "free page");
}

static void refuses_sizes(void **state UNUSED)
{
    CLEANUP(forge_done) Forge bad;
    forge_init(&bad, FORGE_FULL);
    text_add(&bad.manifest, "more");
    expect_refused(&bad, "a part of a page", "is no size that a manifest has");
}

/* Signed, sealed and changed nothing: the tables above fail for what they say. */
static void accepts_what_is_only_taken_apart(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_FULL);
    forge_manifest_sql(&forge, "SELECT 1", FORGE_TIDY);
    CLEANUP(text_done) Text bytes = forge_seal(&forge);
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    if (!bundle_reader_open_fd(forge_memory(&bytes), "bundle", &forge.site, &reader, &err) ||
        !bundle_reader_verify(reader, &err))
        fail_msg("%s", err.message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_is_only_taken_apart),
        cmocka_unit_test(refuses_rows_and_schemas),
        cmocka_unit_test(refuses_file_headers_and_pages),
        cmocka_unit_test(refuses_chunks_that_are_not_the_objects),
        cmocka_unit_test(refuses_a_bundle_of_no_version),
        cmocka_unit_test(says_that_a_schema_is_of_another_time),
        cmocka_unit_test(refuses_a_manifest_shorter_than_a_page),
        cmocka_unit_test(refuses_free_pages),
        cmocka_unit_test(refuses_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
