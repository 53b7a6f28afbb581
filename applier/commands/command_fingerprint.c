/* applier fingerprint: what a schema is, as rows, counts and roots; reads only. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/commands/target_options.h"
#include "applier/ledger/ledger_proof.h"
#include "applier/schema/fingerprint_read.h"
#include "applier/server/pg_query.h"
#include "applier/sql/session_queries.h"
#include "base/json_writer.h"
#include "base/memory.h"

typedef struct FingerprintOptions {
    TargetOptions target;
    StringArray schemas;
    const char *owner;
    bool rows;
    bool definitions;
} FingerprintOptions;

static const Option options[] = {
    TARGET_OPTION_ROWS(FingerprintOptions),
    OPTION_LIST_ROW("schema", FingerprintOptions, schemas, "NAME",
                    "only this schema (default: all but the system's and sealift)"),
    OPTION_STRING_ROW("owner", FingerprintOptions, owner, "ROLE",
                      "the role that is written as <owner> (default: the ledger's owner, else "
                      "who connects)"),
    OPTION_FLAG_ROW("rows", FingerprintOptions, rows, "print each row with its hash"),
    OPTION_FLAG_ROW("definitions", FingerprintOptions, definitions,
                    "print each row with its definition, as a bundle holds them"),
};

/* What was taken, and of what. */
typedef struct Taken {
    const FingerprintOptions *given;
    Fingerprint fingerprint;
    FingerprintRoots roots;
    size_t counts[FINGERPRINT_CLASS_COUNT];
    int64_t server_major;
    char *server_version; /* owned */
    char *owner;          /* owned */
} Taken;

static void taken_done(Taken *taken)
{
    fingerprint_done(&taken->fingerprint);
    free(taken->server_version);
    free(taken->owner);
}

/* A name that no schema has would give an empty fingerprint, as of an empty schema. */
static bool check_schemas(PgSession *session, const StringArray *schemas, Error *err)
{
    array_each (const char *const, name, schemas) {
        CLEANUP(pg_result_freep) PGresult *row = NULL;
        if (!pg_query(session, SQL_session_has_schema, PG_VALUES(pg_text(*name)), PG_ONE_ROW, &row,
                      err))
            return error_wrap(err, "looking for schema '%s'", *name);
        if (!pg_result_bool(row, 0, 0))
            return error_set(err, ERROR_TARGET, "there is no schema '%s' in this database", *name);
    }
    return true;
}

static bool take(Taken *taken, Error *err)
{
    const FingerprintOptions *given = taken->given;
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    if (given->rows && given->definitions)
        return error_set(err, ERROR_USAGE, "--rows and --definitions exclude each other");
    if (!target_open_reading(&given->target, &session, err) ||
        !check_schemas(session, &given->schemas, err))
        return false;
    taken->server_major = pg_session_major(session);
    taken->server_version = memory_string(session->facts.version_text);
    taken->owner = memory_string(given->owner);
    if (!taken->owner && !ledger_owner(session, &taken->owner, err))
        return false;
    if (!taken->owner)
        taken->owner = memory_string(session->facts.current_user);
    const FingerprintScope scope = {.schemas = given->schemas.items,
                                    .schema_count = given->schemas.count,
                                    .owner = taken->owner};
    if (!fingerprint_read(session, &scope,
                          given->definitions ? FINGERPRINT_DEFINITIONS : FINGERPRINT_HASHES,
                          &taken->fingerprint, err))
        return false;
    fingerprint_roots(&taken->fingerprint, &taken->roots);
    array_each (const FingerprintRow, row, &taken->fingerprint.rows)
        taken->counts[row->class]++;
    return true;
}

static void rows_json(const Taken *taken, JsonWriter *json)
{
    json_array(json, "rows");
    array_each (const FingerprintRow, row, &taken->fingerprint.rows) {
        json_object(json, /* name= */ NULL);
        json_string(json, "class", fingerprint_class_name(row->class));
        json_string(json, "kind", row->kind);
        json_string(json, "identity", row->identity);
        json_string(json, "hash", row->hash);
        if (taken->given->definitions)
            json_string(json, "definition", row->definition);
        json_close(json);
    }
    json_close(json);
}

static void render_json(const Taken *taken, Text *out)
{
    char hex[DIGEST_HEX_SIZE];
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_int(&json, "algorithm", FINGERPRINT_ALGORITHM);
    json_int(&json, "server_major", taken->server_major);
    json_string(&json, "server_version", taken->server_version);
    json_string(&json, "owner", taken->owner);
    if (taken->given->schemas.count) {
        json_array(&json, "schemas");
        for (size_t i = 0; i < taken->given->schemas.count; i++)
            json_string(&json, /* name= */ NULL, taken->given->schemas.items[i]);
        json_close(&json);
    } else {
        json_null(&json, "schemas");
    }
    json_array(&json, "classes");
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++) {
        json_object(&json, /* name= */ NULL);
        json_string(&json, "class", fingerprint_class_name((FingerprintClass) class));
        json_int(&json, "count", (int64_t)taken->counts[class]);
        json_string(&json, "root", digest_hex(&taken->roots.classes[class], hex));
        json_close(&json);
    }
    json_close(&json);
    if (taken->given->rows || taken->given->definitions)
        rows_json(taken, &json);
    json_close(&json);
    json_end(&json);
}

static void row_text(const FingerprintRow *row, Text *out)
{
    CLEANUP(memory_freep)
    char *identity = text_printable(row->identity, strlen(row->identity), SIZE_MAX);
    text_addf(out, "%s  %-7s  %s %s\n", row->hash, fingerprint_class_name(row->class), row->kind,
              identity);
}

static void render_text(const Taken *taken, Text *out)
{
    char hex[DIGEST_HEX_SIZE];
    text_addf(out, "algorithm  %d\nserver     PostgreSQL %s\nowner      %s\nschemas    ",
              FINGERPRINT_ALGORITHM, taken->server_version, taken->owner);
    for (size_t i = 0; i < taken->given->schemas.count; i++)
        text_addf(out, "%s%s", i ? ", " : "", taken->given->schemas.items[i]);
    text_add(out, taken->given->schemas.count ? "\n" : "all but the system's and sealift\n");
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++)
        text_addf(out, "%-9s  %zu row%s, root %s\n",
                  fingerprint_class_name((FingerprintClass) class), taken->counts[class],
                  text_plural((int64_t)taken->counts[class]),
                  digest_hex(&taken->roots.classes[class], hex));
    if (!taken->given->rows && !taken->given->definitions)
        return;
    text_add_char(out, '\n');
    if (taken->given->definitions) {
        fingerprint_format(&taken->fingerprint, out);
        return;
    }
    array_each (const FingerprintRow, row, &taken->fingerprint.rows)
        row_text(row, out);
}

static bool run(CommandContext *context, Error *err)
{
    CLEANUP(taken_done) Taken taken = {.given = context->options};
    if (!take(&taken, err))
        return false;
    if (context->json)
        render_json(&taken, context->out);
    else
        render_text(&taken, context->out);
    return true;
}

const Command command_fingerprint = {
    .name = "fingerprint",
    .synopsis = "[--db CONNINFO] [--schema NAME…] [--owner ROLE] [--rows|--definitions]",
    .summary = "show what a database's schema is: a root per class, and each object's row",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(FingerprintOptions),
    .run = run,
};
