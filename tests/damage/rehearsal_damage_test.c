/* Manifests that are signed, hold what a rehearsal showed, and say it wrongly: each must be refused
 * as malformed, with words that say where. */
#include "tests/support/damage.h"

#include "bundles/fingerprint_object.h"
#include "tests/support/forge_rehearsal.h"

static const SqlDamage damages[] = {
    /* scope and tolerated */
    {"a schema without a name", "UPDATE scope SET name = '' WHERE ordinal = 1", "'name' has 0"},
    {"schemas out of order", "UPDATE scope SET name = 'zone' WHERE ordinal = 1",
     "table 'scope', row 2: does not come after the one before"},
    {"a schema twice", "UPDATE scope SET name = 'public'",
     "table 'scope', row 2: does not come after the one before"},
    {"schemas with a gap", "UPDATE scope SET ordinal = 3 WHERE ordinal = 2",
     "is 3 where 2 comes next"},
    {"a schema of 256 bytes", "UPDATE scope SET name = hex(zeroblob(128)) WHERE ordinal = 2",
     "has 256 bytes, not 1 to 255"},
    {"an empty pattern", "UPDATE tolerated SET identity = '' WHERE ordinal = 1",
     "'identity' has 0 bytes"},
    {"a pattern of no kind", "UPDATE tolerated SET kind = '' WHERE ordinal = 1",
     "'kind' has 0 bytes"},
    {"a kind of 64 bytes", "UPDATE tolerated SET kind = hex(zeroblob(32)) WHERE ordinal = 2",
     "has 64 bytes, not 1 to 63"},
    {"patterns out of order", "UPDATE tolerated SET kind = 'view' WHERE ordinal = 1",
     "table 'tolerated', row 2: does not come after the one before"},
    {"patterns of one kind out of order",
     "UPDATE tolerated SET kind = 'index', identity = 'a*' WHERE ordinal = 1",
     "table 'tolerated', row 2: does not come after the one before"},
    {"patterns with a gap", "DELETE FROM tolerated WHERE ordinal = 1", "is 2 where 1 comes next"},
    /* fingerprints */
    {"fingerprints with a gap", "DELETE FROM fingerprint WHERE ordinal = 2",
     "is 3 where 2 comes next"},
    {"a fingerprint of a version that is not there",
     "UPDATE fingerprint SET version = 3 WHERE ordinal = 10", "'version' is 3, outside 0 to 2"},
    {"an unknown arrival", "UPDATE fingerprint SET arrival = 'side' WHERE ordinal = 10",
     "CHECK constraint failed"},
    {"a server that HEAD does not admit",
     "UPDATE fingerprint SET server_major = 19 WHERE ordinal = 10",
     "'server_major' is 19, outside 13 to 18"},
    {"a root in upper case",
     "UPDATE fingerprint SET env_blake2b = upper(env_blake2b) WHERE ordinal = 3",
     "'env_blake2b' is not a digest"},
    {"an object that is not there", "UPDATE fingerprint SET object = 16 WHERE ordinal = 10",
     "'object' is 16, outside 1 to 15"},
    {"fingerprints out of order",
     "UPDATE fingerprint SET server_major = 31 - server_major WHERE ordinal < 3",
     "table 'fingerprint', row 2: does not come after the one before"},
    {"a fingerprint twice", "UPDATE fingerprint SET server_major = 15 WHERE ordinal < 3",
     "table 'fingerprint', row 2: does not come after the one before"},
    {"arrivals out of order", "UPDATE fingerprint SET arrival = 'again' WHERE ordinal IN (3, 4)",
     "table 'fingerprint', row 5: does not come after the one before"},
    {"taken back from behind the last version",
     "UPDATE fingerprint SET arrival = 'down' WHERE ordinal IN (9, 10)",
     "version 2 by 'down' on 15: there is no version behind it"},
    {"taken back in one go from behind the last version",
     "UPDATE fingerprint SET arrival = 'chain' WHERE ordinal IN (9, 10)",
     "version 2 by 'chain' on 15: there is no version behind it"},
    {"upgraded again to where the bundle starts",
     "UPDATE fingerprint SET arrival = 'again' WHERE ordinal = 2",
     "version 0 by 'again' on 16: no upgrade of this bundle leads there"},
    {"a script's object", "UPDATE fingerprint SET object = 9 WHERE ordinal = 6",
     "version 1 by 'down' on 16: object 9 is 'versions/0001/0002-tapes.up.sql' where "
     "'versions/0001/fingerprint-02.txt' is expected"},
    {"another name of an object",
     "UPDATE object SET path = 'versions/0001/fingerprint-03.txt' WHERE object = 11",
     "where 'versions/0001/fingerprint-02.txt' is expected"},
    {"objects in another order than they are used",
     "UPDATE fingerprint SET object = 21 - object WHERE version = 1", "is expected"},
    {"an object of another version", "UPDATE fingerprint SET object = 2 WHERE ordinal = 3",
     "version 1 by 'up' on 15: has the object of another version"},
    {"other roots of one object",
     "UPDATE fingerprint SET env_blake2b = core_blake2b WHERE ordinal = 5",
     "version 1 by 'down' on 15: shares its object with other roots"},
    {"the same rows in two objects",
     "UPDATE fingerprint SET core_blake2b = (SELECT core_blake2b FROM fingerprint f"
     " WHERE f.ordinal = 3) WHERE ordinal = 6",
     "version 1 by 'down' on 16: the same rows are in two objects"},
    {"an object that no fingerprint uses",
     "DELETE FROM fingerprint WHERE ordinal > 9;"
     "DELETE FROM fingerprint WHERE ordinal = 8; UPDATE fingerprint SET ordinal = 8"
     " WHERE ordinal = 9",
     "1 of 14 objects belong to nothing"},
    {"rows of 129 MiB", "UPDATE object SET plain_size = 135266304 WHERE object = 14",
     "'versions/0002/fingerprint-01.txt.zst' has more than 134217728 bytes"},
    /* earlier versions */
    {"an earlier version with a space", "UPDATE earlier SET name = '0 9' WHERE ordinal = 3",
     "'name' is no name of a version"},
    {"an earlier version of another time", "UPDATE earlier SET migrations = 5 WHERE ordinal = 4",
     "version '1.0.0' does not lie before the bundle"},
    {"an earlier version that lies behind",
     "UPDATE earlier SET migrations = 5, name = '1.0.1' WHERE ordinal = 4",
     "version '1.0.1' does not lie before the bundle"},
    {"another place of what the bundle starts from",
     "UPDATE earlier SET migrations = 3 WHERE ordinal = 4",
     "version '1.0.0' does not lie before the bundle"},
    {"another tree of what the bundle starts from",
     "UPDATE earlier SET tree_blake2b = core_blake2b WHERE ordinal = 4",
     "the tree digest of '1.0.0' is not HEAD's"},
    {"two trees of an earlier version",
     "UPDATE earlier SET tree_blake2b = core_blake2b WHERE ordinal = 2",
     "version '0.8.0' is said in two ways"},
    {"an earlier version in two places",
     "UPDATE earlier SET name = '0.8.0', migrations = 3 WHERE ordinal = 4",
     "version '0.8.0' is there twice"},
    {"one of the bundle's versions", "UPDATE earlier SET name = '1.1.0' WHERE ordinal = 3",
     "version '1.1.0' is there twice"},
    {"two servers in falling order",
     "UPDATE earlier SET server_major = 24 - server_major WHERE ordinal < 3",
     "table 'earlier', row 2: does not come after the one before"},
    {"earlier versions out of order", "UPDATE earlier SET migrations = 1 WHERE ordinal = 3",
     "table 'earlier', row 3: does not come after the one before"},
    {"earlier versions with a gap", "DELETE FROM earlier WHERE ordinal = 3",
     "is 4 where 3 comes next"},
    {"an earlier root that is none",
     "UPDATE earlier SET deparse_blake2b = upper(core_blake2b) WHERE ordinal = 3",
     "'deparse_blake2b' is not a digest"},
    {"an earlier version on server 0", "UPDATE earlier SET server_major = 0 WHERE ordinal = 1",
     "CHECK constraint failed"},
    {"an earlier version with fewer migrations than none",
     "UPDATE earlier SET migrations = -1 WHERE ordinal = 1", "CHECK constraint failed"},
    /* verdicts */
    {"a rehearsal of nothing", "UPDATE rehearsal SET migration = NULL WHERE ordinal = 1",
     "'version' must be there exactly where 'migration' is null"},
    {"a rehearsal of both", "UPDATE rehearsal SET version = 1 WHERE ordinal = 1",
     "'version' must be there exactly where 'migration' is null"},
    {"a rehearsal of a migration that is not there",
     "UPDATE rehearsal SET migration = 4 WHERE ordinal = 4", "'migration' is 4, outside 1 to 3"},
    {"a rehearsal of a version that is not there",
     "UPDATE rehearsal SET version = 3 WHERE ordinal = 6", "'version' is 3, outside 1 to 2"},
    {"a result that is none", "UPDATE rehearsal SET way_back = 'unproven' WHERE ordinal = 2",
     "CHECK constraint failed"},
    {"rehearsals out of order", "UPDATE rehearsal SET server_major = 17 WHERE ordinal = 1",
     "table 'rehearsal', row 2: does not come after the one before"},
    {"versions before migrations",
     "UPDATE rehearsal SET migration = NULL, version = 2 WHERE ordinal = 1",
     "table 'rehearsal', row 2: does not come after the one before"},
    {"rehearsals with a gap", "DELETE FROM rehearsal WHERE ordinal = 1", "is 2 where 1 comes next"},
    {"details of two lines",
     "UPDATE rehearsal SET detail = 'a' || char(10) || 'b' WHERE ordinal = 1",
     "is not one line of printable UTF-8"},
    {"details of 4,097 bytes",
     "UPDATE rehearsal SET detail = 'x' || hex(zeroblob(2048)) WHERE ordinal = 1",
     "has 4097 bytes, not 0 to 4096"},
    {"a way back better than the worst",
     "UPDATE migration SET way_back = 'exact' WHERE migration"
     " = 1",
     "migration '0001-berths': its way back is 'exact', but its rehearsals say 'lossy'"},
    {"a version's way back better than the worst",
     "UPDATE version SET way_back = 'exact' WHERE version = 2",
     "version '1.2.0': its way back is 'exact', but its rehearsals say 'column-order'"},
    {"a rehearsed way back without a rehearsal",
     "DELETE FROM rehearsal WHERE migration = 3; UPDATE rehearsal SET ordinal = ordinal - 2"
     " WHERE version = 2",
     "its way back is 'column-order', but its rehearsals say 'unproven'"},
    {"a rehearsal of what has no down",
     "UPDATE rehearsal SET migration = 2 WHERE migration = 1 AND server_major = 16",
     "migration '0002-Étapes': its way back is 'irreversible', but its rehearsals say 'exact'"},
    {"a rehearsal of a version that cannot be taken back",
     "UPDATE rehearsal SET version = 1 WHERE ordinal = 5;"
     "UPDATE version SET way_back = 'column-order' WHERE version = 2",
     "row 5: version '1.1.0' has no way back"},
    {"a way back that was rehearsed without its migration",
     "UPDATE migration SET rehearsed = 0 WHERE migration = 1;"
     "UPDATE migration SET rehearsed = 1 WHERE migration <> 1",
     "not as many as HEAD says"},
    /* measured */
    {"a step that is not there", "UPDATE measured SET step = 5 WHERE ordinal = 2",
     "'step' is 5, outside 1 to 4"},
    {"a step of a script that is not there",
     "UPDATE measured SET script = 'precheck' WHERE ordinal = 3",
     "'script' names a script that the migration does not have"},
    {"a step of a migration that is not there",
     "UPDATE measured SET migration = 4 WHERE ordinal = 4", "'migration' is 4, outside 1 to 3"},
    {"a relation without a name", "UPDATE measured SET relation = '' WHERE ordinal = 1",
     "'relation' has 0 bytes"},
    {"a relation of 522 bytes",
     "UPDATE measured SET relation = hex(zeroblob(261)) WHERE ordinal = 1",
     "has 522 bytes, not 1 to 520"},
    {"a lock of 64 bytes", "UPDATE measured SET lock = hex(zeroblob(32)) WHERE ordinal = 1",
     "has 64 bytes, not 0 to 63"},
    {"a rewrite that is 2", "UPDATE measured SET rewritten = 2 WHERE ordinal = 1",
     "CHECK constraint failed"},
    {"measures out of order", "UPDATE measured SET step = 4 WHERE ordinal = 1",
     "table 'measured', row 2: does not come after the one before"},
    {"scripts out of order",
     "UPDATE measured SET script = 'down', step = 1 WHERE ordinal = 1;"
     "UPDATE measured SET script = 'up' WHERE ordinal = 3",
     "table 'measured', row 2: does not come after the one before"},
    {"a relation twice", "UPDATE measured SET step = 1 WHERE ordinal = 2",
     "table 'measured', row 2: does not come after the one before"},
    {"measures with a gap", "DELETE FROM measured WHERE ordinal = 1", "is 2 where 1 comes next"},
    /* what was brought */
    {"something brought that has no name", "UPDATE brought SET identity = '' WHERE ordinal = 1",
     "'identity' has 0 bytes, not 1 to 520"},
    {"something brought of 522 bytes",
     "UPDATE brought SET identity = hex(zeroblob(261)) WHERE ordinal = 1",
     "'identity' has 522 bytes, not 1 to 520"},
    {"something brought by nobody", "UPDATE brought SET migration = 4 WHERE ordinal = 2",
     "'migration' is 4, outside 1 to 3"},
    {"something brought that nothing takes back",
     "UPDATE brought SET migration = 2 WHERE ordinal = 2",
     "'migration' names a migration that has no way back"},
    {"something brought of another kind", "UPDATE brought SET kind = 'view' WHERE ordinal = 1",
     "CHECK constraint failed"},
    {"columns brought before tables",
     "UPDATE brought SET kind = 'column' WHERE ordinal = 1;"
     "UPDATE brought SET kind = 'table' WHERE ordinal = 2",
     "table 'brought', row 2: does not come after the one before"},
    {"a table brought twice",
     "UPDATE brought SET kind = 'table', identity = 'public.berth' WHERE ordinal = 2",
     "table 'brought', row 2: does not come after the one before"},
    {"brought with a gap", "DELETE FROM brought WHERE ordinal = 1", "is 2 where 1 comes next"},
    /* servers and atomic modes */
    {"a rehearsal on a server without fingerprints",
     "UPDATE rehearsal SET server_major = 17 WHERE ordinal = 6",
     "table 'rehearsal': there is no fingerprint of a server 17"},
    {"a measure on a server without fingerprints",
     "UPDATE measured SET server_major = 17 WHERE ordinal = 4",
     "table 'measured': there is no fingerprint of a server 17"},
    {"an atomic mode on a server without fingerprints",
     "UPDATE atomic SET server_major = 17 WHERE ordinal = 3",
     "table 'atomic': there is no fingerprint of a server 17"},
    {"an unknown mode", "UPDATE atomic SET mode = 'day' WHERE ordinal = 3",
     "CHECK constraint failed"},
    {"modes out of order", "UPDATE atomic SET mode = 'run' WHERE ordinal = 1",
     "table 'atomic', row 2: does not come after the one before"},
    {"a mode twice", "UPDATE atomic SET server_major = 16 WHERE ordinal = 1",
     "table 'atomic', row 2: does not come after the one before"},
    {"modes with a gap", "DELETE FROM atomic WHERE ordinal = 1", "is 2 where 1 comes next"},
};

static void refuses_rows_of_a_rehearsal(void **state UNUSED)
{
    expect_all_refused(FORGE_REHEARSED, damages, ARRAY_LEN(damages));
}

/* What HEAD counts as not rehearsed is changed along with it. */
static void refuses_a_way_back_without_its_way_there(void **state UNUSED)
{
    CLEANUP(forge_done) Forge bad;
    forge_init(&bad, FORGE_REHEARSED);
    bad.head.unproven = 1;
    forge_manifest_sql(&bad,
                       "UPDATE meta SET value = '1' WHERE key = 'unproven';"
                       "UPDATE migration SET rehearsed = 0 WHERE migration = 1",
                       FORGE_TIDY);
    expect_refused(&bad, "rehearsed down only",
                   "migration '0001-berths': its way back was rehearsed, but it was not");
}

static void refuses_a_rehearsal_that_took_no_fingerprint(void **state UNUSED)
{
    CLEANUP(forge_done) Forge bad;
    forge_init(&bad, FORGE_FULL);
    bad.head.unproven = 2;
    forge_manifest_sql(&bad,
                       "UPDATE meta SET value = '2' WHERE key = 'unproven';"
                       "UPDATE migration SET rehearsed = 1 WHERE migration = 1",
                       FORGE_TIDY);
    expect_refused(&bad, "no fingerprint",
                   "migration '0001-berths': it was rehearsed, but no fingerprint was taken");
}

static void refuses_versions_before_the_beginning(void **state UNUSED)
{
    CLEANUP(forge_done) Forge bad;
    forge_init(&bad, FORGE_REHEARSED);
    snprintf(bad.head.covers_from, sizeof(bad.head.covers_from), "-");
    snprintf(bad.head.tree_from, sizeof(bad.head.tree_from), "-");
    forge_manifest_sql(
        &bad, "UPDATE meta SET value = '-' WHERE key IN ('covers-from', 'tree-from')", FORGE_TIDY);
    expect_refused(&bad, "before nothing",
                   "there is '0.8.0' before a bundle that starts from nothing");
}

/* --- objects --------------------------------------------------------------------------------- */

/* Replace the manifest's row number `row` by what fingerprint_object_read says of it. */
static void read_proven(Forge *forge, size_t row, Fingerprint *ret_fingerprint, Error *err,
                        bool *ret_good)
{
    CLEANUP(text_done) Text bytes = forge_seal(forge);
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    const Manifest *manifest = NULL;
    if (!bundle_reader_open_fd(forge_memory(&bytes), "bundle", &forge->site, &reader, err) ||
        !bundle_reader_manifest(reader, &manifest, err))
        fail_msg("%s", err->message);
    ObjectSource source = bundle_reader_objects(reader);
    *ret_good = fingerprint_object_read(&source, manifest, &manifest->fingerprints.items[row],
                                        ret_fingerprint, err);
}

static void reads_rows_that_have_the_roots(void **state UNUSED)
{
    static const size_t counts[] = {2, 2, 4, 4, 4, 4, 6, 5, 6, 5};
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_REHEARSED);
    for (size_t row = 0; row < ARRAY_LEN(counts); row++) {
        CLEANUP(error_done) Error err = {0};
        CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
        bool good;
        read_proven(&forge, row, &fingerprint, &err, &good);
        if (!good)
            fail_msg("%s", err.message);
        assert_int_equal(fingerprint.rows.count, counts[row]);
    }
}

static void expect_unproven(Forge *forge, size_t row, ErrorClass class, const char *says)
{
    CLEANUP(error_done) Error err = {0};
    Fingerprint fingerprint = {0};
    bool good;
    read_proven(forge, row, &fingerprint, &err, &good);
    assert_false(good);
    assert_int_equal(fingerprint.rows.count, 0);
    if (err.class != class || !strstr(err.message, says))
        fail_msg("%d %s; '%s' is expected", err.class, err.message, says);
}

static void refuses_rows_with_other_roots(void **state UNUSED)
{
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_REHEARSED);
    forge_manifest_sql(
        &forge, "UPDATE fingerprint SET env_blake2b = core_blake2b WHERE version = 0", FORGE_TIDY);
    expect_unproven(&forge, 0, ERROR_INPUT,
                    "'versions/0000/fingerprint-01.txt': the fingerprint's rows do not give the "
                    "roots that the manifest has");
}

/* The bytes of version 0's object, which is the second one, changed; and its digests, where the
 * vendor did that. */
static void change_object(Forge *forge, ForgeFinish digests_too)
{
    char *text = memmem(forge->objects.bytes, forge->objects.length, "sealift-fingerprint 1\n", 22);
    assert_non_null(text);
    text[20] = '2';
    if (digests_too == FORGE_AS_IS)
        return;
    char hex[DIGEST_HEX_SIZE];
    Digest digest = digest_of(text, strlen(text));
    CLEANUP(memory_freep)
    char *sql = memory_format("UPDATE object SET stored_blake2b = '%s', plain_blake2b = '%s'"
                              " WHERE object = 2",
                              digest_hex(&digest, hex), hex);
    forge_manifest_sql(forge, sql, FORGE_TIDY);
}

static void refuses_an_object_of_another_digest(void **state UNUSED)
{
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_REHEARSED);
    change_object(&forge, FORGE_AS_IS);
    expect_unproven(&forge, 0, ERROR_TRUST, "does not have the digest that the manifest says");
}

static void refuses_an_object_that_is_no_fingerprint(void **state UNUSED)
{
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_REHEARSED);
    change_object(&forge, FORGE_TIDY);
    expect_unproven(&forge, 0, ERROR_INPUT,
                    "'versions/0000/fingerprint-01.txt': fingerprint: does not begin with");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_rows_of_a_rehearsal),
        cmocka_unit_test(refuses_a_way_back_without_its_way_there),
        cmocka_unit_test(refuses_a_rehearsal_that_took_no_fingerprint),
        cmocka_unit_test(refuses_versions_before_the_beginning),
        cmocka_unit_test(reads_rows_that_have_the_roots),
        cmocka_unit_test(refuses_rows_with_other_roots),
        cmocka_unit_test(refuses_an_object_of_another_digest),
        cmocka_unit_test(refuses_an_object_that_is_no_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
