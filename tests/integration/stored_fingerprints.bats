#!/usr/bin/env bats
# The schemas that a bundle proves, kept in the ledger: read from there without the bundle, and
# refused where somebody changed them.

load ../support/common

setup() {
    common_setup
    fresh_database
    STORED=$(realpath "${SEALIFT_TEST_PROGRAMS:-$TOP/build/tests}/integration/stored_fingerprints")
    export DATABASE_URL=$DB
    "$STORED" store "$WORK/B"
    rm B
}
teardown() { common_teardown; }

@test "the ledger holds the rows of every schema that the bundle proves" {
    run_status 0 "$STORED" read
    same rows "proven by signature
version 0 by up on 15: 2 rows
version 0 by up on 16: 2 rows
version 1 by up on 15: 4 rows
version 1 by up on 16: 4 rows
version 1 by down on 15: 4 rows
version 1 by down on 16: 4 rows
version 2 by up on 15: 6 rows
version 2 by up on 16: 5 rows
version 2 by again on 15: 6 rows
version 2 by again on 16: 5 rows" "$output"
    same "objects of ups, which no way back needs" 0 \
        "$(sql "SELECT count(*) FROM sealift.stored_object WHERE path LIKE '%.up.sql%'")"
}

@test "rows that were changed or taken from the ledger are not believed" {
    sql "UPDATE sealift.stored_object SET bytes = set_byte(bytes, 60, 120) WHERE path LIKE '%0001/fingerprint-02%'"
    run_status 6 "$STORED" read
    output_has "version 1 by down on 15: 4 rows"
    output_lacks "version 1 by down on 16"
    errors_has "'versions/0001/fingerprint-02.txt'" "does not have the digest that the manifest says"
    sql "DELETE FROM sealift.stored_object WHERE path LIKE '%0000/fingerprint-01%'"
    run_status 6 "$STORED" read
    errors_has "the ledger is damaged: it lacks part 0 of 'versions/0000/fingerprint-01.txt'"
}
