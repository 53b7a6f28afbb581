#include "bundles/manifest.h"

#include <inttypes.h>

#define WORD_TABLE(table, ...)                                                                     \
    static const char *const table##_list[] = {__VA_ARGS__};                                       \
    const WordTable table = {table##_list, ARRAY_LEN(table##_list)}

/* Each in the order of its enum. These words stand in manifests and in JSON: they never change. */
WORD_TABLE(transaction_mode_words, "transaction", "none");
WORD_TABLE(script_kind_words, "up", "down", "verify", "precheck");
WORD_TABLE(verdict_words, "unproven", "none", "irreversible", "exact", "column-order", "lossy",
           "differs", "fails");
WORD_TABLE(arrival_words, "up", "down", "again", "chain");
WORD_TABLE(atomic_words, "version", "run");
WORD_TABLE(brought_words, "table", "column");
WORD_TABLE(phase_words, "any", "before", "after");
WORD_TABLE(group_kind_words, "transaction", "autocommit", "batch");
WORD_TABLE(isolation_words, "default", "read committed", "repeatable read", "serializable");
WORD_TABLE(step_kind_words, "sql", "copy", "batch", "assertion", "lines");
WORD_TABLE(parameter_type_words, "text", "integer", "number", "boolean", "identifier");
WORD_TABLE(parameter_quoting_words, "literal", "identifier", "raw");
WORD_TABLE(probe_kind_words, "none", "repeat", "index-present", "index-absent", "reindex", "detach",
           "database-present", "database-absent", "tablespace-present", "tablespace-absent",
           "subscription-present", "subscription-absent");

int word_table_find(const WordTable *table, const char *word)
{
    for (int i = 0; i < table->count; i++)
        if (strcmp(table->words[i], word) == 0)
            return i;
    return -1;
}

const char *transaction_mode_name(TransactionMode mode)
{
    return transaction_mode_words.words[mode];
}

const char *script_kind_name(ScriptKind kind)
{
    return script_kind_words.words[kind];
}

const char *verdict_name(Verdict verdict)
{
    return verdict_words.words[verdict];
}

const char *phase_name(Phase phase)
{
    return phase_words.words[phase];
}

const char *group_kind_name(GroupKind kind)
{
    return group_kind_words.words[kind];
}

const char *isolation_name(Isolation isolation)
{
    return isolation_words.words[isolation];
}

const char *step_kind_name(StepKind kind)
{
    return step_kind_words.words[kind];
}

const char *parameter_type_name(ParameterType type)
{
    return parameter_type_words.words[type];
}

const char *parameter_quoting_name(ParameterQuoting quoting)
{
    return parameter_quoting_words.words[quoting];
}

const char *arrival_name(Arrival arrival)
{
    return arrival_words.words[arrival];
}

bool verdict_is_rehearsed(Verdict verdict)
{
    return verdict >= VERDICT_EXACT;
}

const char *manifest_atomic_name(const ManifestAtomic *atomic)
{
    return atomic_words.words[atomic->whole_run];
}

const char *manifest_brought_name(const ManifestBrought *brought)
{
    return brought_words.words[brought->is_column];
}

const char *probe_kind_name(ProbeKind kind)
{
    return probe_kind_words.words[kind];
}

static void script_done(ManifestScript *script)
{
    array_each (ManifestStep, step, &script->steps) {
        free(step->probe.object);
        free(step->probe.object_schema);
        free(step->probe.table);
        free(step->probe.table_schema);
    }
    array_free(&script->steps);
    array_free(&script->groups);
    array_free(&script->references);
    free(script->batch.table);
    free(script->batch.table_schema);
    free(script->batch.key);
    free(script->source);
}

static void migration_done(ManifestMigration *migration)
{
    free(migration->identity);
    free(migration->slug);
    free(migration->irreversible_reason);
    free(migration->acknowledged);
    free(migration->atomic_blocker);
    free(migration->data_objects);
    for (int kind = 0; kind < SCRIPT_KIND_COUNT; kind++)
        script_done(&migration->scripts[kind]);
}

/* What the rehearsal showed. */
static void rehearsal_done(Manifest *manifest)
{
    array_each (char *, schema, &manifest->scope)
        free(*schema);
    array_free(&manifest->scope);
    array_each (ManifestTolerated, tolerated, &manifest->tolerated) {
        free(tolerated->kind);
        free(tolerated->identity);
    }
    array_free(&manifest->tolerated);
    array_free(&manifest->fingerprints);
    array_each (ManifestEarlier, earlier, &manifest->earlier)
        free(earlier->name);
    array_free(&manifest->earlier);
    array_each (ManifestRehearsal, rehearsal, &manifest->rehearsals)
        free(rehearsal->detail);
    array_free(&manifest->rehearsals);
    array_each (ManifestMeasured, measured, &manifest->measured) {
        free(measured->relation);
        free(measured->lock);
    }
    array_free(&manifest->measured);
    array_each (ManifestBrought, brought, &manifest->brought)
        free(brought->identity);
    array_free(&manifest->brought);
    array_free(&manifest->atomic);
}

void manifest_parameter_done(ManifestParameter *parameter)
{
    free(parameter->name);
    free(parameter->default_value);
    free(parameter->rehearsed_value);
    free(parameter->pattern);
    free(parameter->description);
}

void manifest_done(Manifest *manifest)
{
    free(manifest->search_path);
    array_each (ManifestVersion, version, &manifest->versions) {
        free(version->name);
        free(version->min_compatible);
        free(version->released);
    }
    array_free(&manifest->versions);
    free(manifest->start.name);
    array_each (ManifestSuperseded, superseded, &manifest->superseded)
        free(superseded->name);
    array_free(&manifest->superseded);
    array_each (ManifestNote, note, &manifest->notes) {
        free(note->title);
        free(note->description);
        free(note->action);
    }
    array_free(&manifest->notes);
    array_each (ManifestMigration, migration, &manifest->migrations)
        migration_done(migration);
    array_free(&manifest->migrations);
    array_each (ManifestObject, object, &manifest->objects) {
        free(object->path);
        free(object->chunks);
    }
    array_free(&manifest->objects);
    array_each (ManifestRequirement, requirement, &manifest->requirements) {
        free(requirement->kind);
        free(requirement->name);
        free(requirement->value);
    }
    array_free(&manifest->requirements);
    array_each (ManifestParameter, parameter, &manifest->parameters)
        manifest_parameter_done(parameter);
    array_free(&manifest->parameters);
    rehearsal_done(manifest);
    *manifest = (Manifest){0};
}

const ManifestMigration *manifest_find(const Manifest *manifest, const char *identity)
{
    array_each (const ManifestMigration, migration, &manifest->migrations)
        if (strcmp(migration->identity, identity) == 0)
            return migration;
    return NULL;
}

size_t manifest_find_parameter(const Manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->parameters.count; i++)
        if (strcmp(manifest->parameters.items[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

size_t manifest_find_version(const Manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->versions.count; i++)
        if (strcmp(manifest->versions.items[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

size_t manifest_least_start(const Manifest *manifest, size_t index)
{
    const char *least = manifest->versions.items[index].min_compatible;
    size_t found = least ? manifest_find_version(manifest, least) : SIZE_MAX;
    return found == SIZE_MAX ? 0 : found + 1;
}

const ManifestFingerprint *manifest_fingerprint(const Manifest *manifest, size_t version,
                                                Arrival arrival, int64_t server_major)
{
    array_each (const ManifestFingerprint, fingerprint, &manifest->fingerprints)
        if (fingerprint->version == version && fingerprint->arrival == arrival &&
            fingerprint->server_major == server_major)
            return fingerprint;
    return NULL;
}

char *manifest_script_path(const ManifestMigration *migration, ScriptKind kind)
{
    return memory_format("versions/%04zu/%04" PRId64 "-%s.%s.sql", migration->version + 1,
                         migration->ordinal, migration->slug, script_kind_name(kind));
}

char *manifest_fingerprint_path(size_t version, int64_t number)
{
    return memory_format("versions/%04zu/fingerprint-%02" PRId64 ".txt", version, number);
}

char *manifest_data_path(const ManifestMigration *migration, int64_t number)
{
    return memory_format("versions/%04zu/%04" PRId64 "-%s.data%04" PRId64, migration->version + 1,
                         migration->ordinal, migration->slug, number);
}

void manifest_tree_line(const char *identity, TransactionMode mode, const Digest *up,
                        const Digest *data, size_t data_count, const char *reference_lines,
                        Text *text)
{
    char hex[DIGEST_HEX_SIZE];
    Digest references = digest_of(reference_lines, strlen(reference_lines));
    Digest of_no_bytes = digest_of("", 0);
    text_addf(text, "%s\t%s\t%s", identity, transaction_mode_name(mode),
              digest_hex(up ? up : &of_no_bytes, hex));
    for (size_t i = 0; i < data_count; i++)
        text_addf(text, "\t%s", digest_hex(&data[i], hex));
    if (*reference_lines)
        text_addf(text, "\tparameters\t%s", digest_hex(&references, hex));
    text_add_char(text, '\n');
}

void manifest_reference_line(int64_t offset, const char *name, ParameterType type,
                             ParameterQuoting quoting, Text *text)
{
    text_addf(text, "%" PRId64 "\t%s\t%s\t%s\n", offset, name, parameter_type_name(type),
              parameter_quoting_name(quoting));
}

Digest manifest_tree_digest(const char *previous_hex, const char *version_name,
                            const char *tree_lines)
{
    static const char title[] = "sealift-tree 1\n";
    DigestStream stream;
    digest_begin(&stream);
    digest_update(&stream, title, sizeof(title) - 1);
    digest_update(&stream, previous_hex, strlen(previous_hex));
    digest_update(&stream, "\n", 1);
    digest_update(&stream, version_name, strlen(version_name));
    digest_update(&stream, "\n", 1);
    digest_update(&stream, tree_lines, strlen(tree_lines));
    return digest_end(&stream);
}

void manifest_migration_tree_line(const Manifest *manifest, const ManifestMigration *migration,
                                  Text *text)
{
    const ManifestObject *objects = manifest->objects.items;
    const ManifestScript *up = &migration->scripts[SCRIPT_UP];
    size_t count = migration->data_object_count;
    CLEANUP(memory_freep) Digest *data = memory_zeroed(count ? count : 1, sizeof(*data));
    for (size_t i = 0; i < count; i++)
        data[i] = objects[migration->data_objects[i]].plain_digest;
    const Digest *authored = migration->up_extended ? &migration->authored_digest
                             : up->object >= 0      ? &objects[up->object].plain_digest
                                                    : NULL;
    CLEANUP(text_done) Text references = {0};
    array_each (const ManifestReference, each, &up->references) {
        const ManifestParameter *parameter = &manifest->parameters.items[each->parameter];
        manifest_reference_line(up->steps.items[each->step].offset + each->offset, parameter->name,
                                parameter->type, each->quoting, &references);
    }
    manifest_tree_line(migration->identity, migration->mode, authored, data, count,
                       text_string(&references), text);
}

Digest manifest_version_tree(const Manifest *manifest, size_t index, const char *previous_hex)
{
    const ManifestVersion *version = &manifest->versions.items[index];
    CLEANUP(text_done) Text lines = {0};
    for (size_t i = 0; i < version->migration_count; i++)
        manifest_migration_tree_line(
            manifest, &manifest->migrations.items[version->first_migration + i], &lines);
    return manifest_tree_digest(previous_hex, version->name, text_string(&lines));
}

int64_t manifest_statement_number(const ManifestScript *script, size_t step)
{
    int64_t number = 1;
    for (size_t i = 0; i < step; i++)
        number += script->steps.items[i].statements;
    return number;
}

int64_t manifest_script_statements(const ManifestScript *script)
{
    return manifest_statement_number(script, script->steps.count) - 1;
}

ManifestCounts manifest_counts(const Manifest *manifest)
{
    ManifestCounts counts = {.migrations = (int64_t)manifest->migrations.count};
    array_each (const ManifestMigration, migration, &manifest->migrations) {
        counts.statements += manifest_script_statements(&migration->scripts[SCRIPT_UP]);
        counts.irreversible += migration->verdict == VERDICT_IRREVERSIBLE;
        counts.unproven += !migration->rehearsed;
    }
    return counts;
}

/* For each migration or each version the worst that its rehearsals say; VERDICT_UNPROVEN where
 * there is none. The words are in order from good to bad. */
static Verdict *worst_rehearsals(const Manifest *manifest, bool of_version, size_t count)
{
    Verdict *worst = memory_zeroed(count ? count : 1, sizeof(*worst));
    array_each (const ManifestRehearsal, rehearsal, &manifest->rehearsals)
        if (rehearsal->of_version == of_version && rehearsal->verdict > worst[rehearsal->index])
            worst[rehearsal->index] = rehearsal->verdict;
    return worst;
}

/* Without a way back there is nothing to rehearse: such a verdict stands before what others say. */
static void stand_before(Verdict *verdict, const ManifestMigration *migration)
{
    if (migration->verdict == VERDICT_IRREVERSIBLE ||
        (migration->verdict == VERDICT_NONE && *verdict != VERDICT_IRREVERSIBLE))
        *verdict = migration->verdict;
}

Verdict *manifest_migration_verdicts(const Manifest *manifest)
{
    Verdict *verdicts =
        worst_rehearsals(manifest, /* of_version= */ false, manifest->migrations.count);
    for (size_t i = 0; i < manifest->migrations.count; i++)
        if (verdicts[i] == VERDICT_UNPROVEN)
            stand_before(&verdicts[i], &manifest->migrations.items[i]);
    return verdicts;
}

Verdict *manifest_version_verdicts(const Manifest *manifest)
{
    Verdict *verdicts =
        worst_rehearsals(manifest, /* of_version= */ true, manifest->versions.count);
    array_each (const ManifestMigration, migration, &manifest->migrations)
        stand_before(&verdicts[migration->version], migration);
    return verdicts;
}
