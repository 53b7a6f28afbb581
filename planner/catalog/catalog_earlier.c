/* The same again: what an earlier rehearsal came to. */
#include "planner/catalog/catalog_storing.h"
#include "planner/sql/catalog_queries.h"

typedef struct Earlier {
    bool found;
    FingerprintRoots roots;
    char text[REHEARSAL_FILE];
} Earlier;

static bool take_earlier(sqlite3_stmt *row, void *target, Error *err UNUSED)
{
    Earlier *earlier = target;
    earlier->found = true;
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++) {
        const char *hex = (const char *)sqlite3_column_text(row, class);
        earlier->found &= hex && digest_parse_hex(hex, strlen(hex), &earlier->roots.classes[class]);
    }
    catalog_column_short(row, FINGERPRINT_CLASS_COUNT, earlier->text, sizeof(earlier->text));
    return true;
}

/* The first migration of the version whose schema is not what it was; NULL where none was kept. */
static bool find_culprit(const Storing *storing, const SubjectVersion *version,
                         const Rehearsal *known, const char **ret_identity)
{
    const RehearsalSubject *subject = storing->store->subject;
    for (size_t i = 0; i < version->migration_count; i++) {
        const char *identity = subject->migrations.items[version->first_migration + i].identity;
        const RehearsalVerdict *was = rehearsal_verdict(known, /* of_version= */ false, identity);
        const RehearsalVerdict *is =
            rehearsal_verdict(storing->rehearsal, /* of_version= */ false, identity);
        if (!was || !is || !*was->after || !*is->after || strcmp(was->after, is->after) == 0)
            continue;
        *ret_identity = identity;
        return true;
    }
    return false;
}

static bool parse_both(const Storing *storing, const Earlier *earlier,
                       const RehearsalFingerprint *now, Fingerprint *was, Fingerprint *is,
                       Error *err)
{
    CLEANUP(text_done) Text old = {0};
    CLEANUP(memory_freep) char *new = NULL;
    size_t size = 0;
    return catalog_text(storing->catalog, earlier->text, &old, err) &&
           fingerprint_parse(text_string(&old), old.length, was, err) &&
           catalog_read_new_text(storing, now->file, &new, &size, err) &&
           fingerprint_parse(new, size, is, err);
}

static void add_unsteady(Rehearsal *rehearsal, const char *version, const char *identity,
                         const FingerprintRow *row)
{
    *array_add(&rehearsal->unsteady) = (RehearsalUnsteady){
        .version = memory_string(version),
        .identity = memory_string(identity),
        .kind = memory_string(row->kind),
        .object = memory_string(row->identity),
    };
    rehearsal->passed = false;
}

static bool report_unsteady(const Storing *storing, const SubjectVersion *version,
                            const Rehearsal *known, const Earlier *earlier,
                            const RehearsalFingerprint *now, Error *err)
{
    CLEANUP(fingerprint_done) Fingerprint was = {0};
    CLEANUP(fingerprint_done) Fingerprint is = {0};
    FingerprintChangeArray changes = {0};
    const char *identity = "";
    bool named = find_culprit(storing, version, known, &identity);
    (void)named; /* else the version is all that is known */
    if (!parse_both(storing, earlier, now, &was, &is, err))
        return false;
    fingerprint_compare(&was, &is, &changes);
    array_each (const FingerprintChange, change, &changes)
        add_unsteady(storing->rehearsal, version->name, identity, fingerprint_change_row(change));
    array_free(&changes);
    return true;
}

bool catalog_compare_with_earlier(const Storing *storing, Error *err)
{
    const RehearsalSubject *subject = storing->store->subject;
    CLEANUP(rehearsal_done) Rehearsal known = {0};
    if (!catalog_load(storing->catalog, subject, storing->rehearsal->major,
                      storing->store->server_version, &known, err))
        return false;
    array_each (const SubjectVersion, version, &subject->versions) {
        const RehearsalFingerprint *now =
            rehearsal_fingerprint(storing->rehearsal, version->name, REHEARSED_UP);
        Earlier earlier = {0};
        if (!catalog_query(storing->catalog, SQL_catalog_read_up_fingerprint,
                           BINDS(BIND_TEXT(":key", version->key),
                                 BIND_INT(":major", storing->rehearsal->major),
                                 BIND_TEXT(":server_version", storing->store->server_version)),
                           take_earlier, &earlier, err))
            return false;
        if (now && earlier.found && !fingerprint_roots_equal(&earlier.roots, &now->roots))
            return report_unsteady(storing, version, &known, &earlier, now, err);
    }
    return true;
}
