#include "bundles/bundle_report.h"

#include <inttypes.h>

#include "bundles/note_report.h"
#include "bundles/parameter_value.h"
#include "bundles/rehearsal_report.h"

/* Scripts as a person may see them: tabs and line ends stay, whatever else could steer a terminal
 * is shown as what it is. */
static void add_shown(Text *out, const char *bytes, size_t size)
{
    while (size) {
        size_t part = 0;
        while (part < size && bytes[part] != '\n' && bytes[part] != '\t')
            part++;
        CLEANUP(memory_freep) char *shown = text_printable(bytes, part, SIZE_MAX);
        text_add(out, shown);
        if (part < size)
            text_add_char(out, bytes[part++]);
        bytes += part;
        size -= part;
    }
}

static bool read_script(BundleReader *reader, const Manifest *manifest,
                        const ManifestScript *script, Text *ret_text, Error *err)
{
    const ManifestObject *object = &manifest->objects.items[script->object];
    ObjectSource source = bundle_reader_objects(reader);
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    if (!object_stream_open(&source, object, &stream, err))
        return false;
    char buffer[16384];
    size_t size;
    do {
        if (!object_stream_read(stream, buffer, sizeof(buffer), &size, err))
            return false;
        text_add_n(ret_text, buffer, size);
    } while (size);
    return true;
}

static void add_signers(const BundleReader *reader, Text *out)
{
    const EnvelopeProof *proof = bundle_reader_proof(reader);
    text_add(out, "signed by    ");
    for (size_t i = 0; i < proof->signer_count; i++) {
        char id[SIGNATURE_KEY_ID_HEX];
        const KeyringKey *signer = &proof->signers[i];
        text_addf(out, "%s%s%s%s", i ? ", " : "", signature_key_id_hex(signer->public_key.id, id),
                  *signer->name ? " " : "", signer->name);
    }
    text_add(out, proof->signer_count ? "\n" : "nobody\n");
}

static void add_head(const BundleReader *reader, Text *out)
{
    const EnvelopeProof *proof = bundle_reader_proof(reader);
    const Head *head = &proof->head;
    char hex[DIGEST_HEX_SIZE];
    text_addf(out, "bundle       %s, %" PRId64 " bytes\n", bundle_reader_name(reader),
              bundle_reader_size(reader));
    text_addf(out, "HEAD digest  %s\n", digest_hex(&proof->head_digest, hex));
    text_addf(out, "product      %s, %s\n", head->product, head->product_uuid);
    text_addf(out, "sequence     %" PRId64 " of channel %s, epoch %" PRId64 ", floor %" PRId64 "\n",
              head->sequence, head->channel, head->epoch, head->floor);
    text_addf(out, "covers       %s to %s\n",
              strcmp(head->covers_from, "-") == 0 ? "nothing" : head->covers_from, head->covers_to);
    text_addf(out, "created      %s by %s\n", head->created, head->built_with);
    text_addf(out, "for          sites %s, environment %s, PostgreSQL %" PRId64 " to %" PRId64 "\n",
              head->sites, head->environment, head->server_min, head->server_max);
    text_addf(out,
              "migrations   %" PRId64 " with %" PRId64 " statements; %" PRId64
              " irreversible, %" PRId64 " not rehearsed\n",
              head->migrations, head->statements, head->irreversible, head->unproven);
    text_addf(out, "keyring      version %" PRId64 "\n", head->keyring_version);
    add_signers(reader, out);
}

/* What a reader of the list should know of a migration, in a few words. */
static void add_flags(const ManifestMigration *migration, Text *out)
{
    const ManifestScript *up = &migration->scripts[SCRIPT_UP];
    size_t outside = 0, destructive = 0, copies = 0;
    array_each (const ManifestGroup, group, &up->groups)
        outside += group->kind == GROUP_AUTOCOMMIT;
    array_each (const ManifestStep, step, &up->steps) {
        destructive += step->destructive;
        copies += step->kind == STEP_COPY;
    }
    if (outside)
        text_addf(out, ", %zu outside transactions", outside);
    if (destructive)
        text_addf(out, ", %zu destructive", destructive);
    if (copies)
        text_addf(out, ", %zu with data", copies);
    if (up->batch.table)
        text_addf(out, ", in batches of %" PRId64 " by %s.%s", up->batch.size, up->batch.table,
                  up->batch.key);
    if (migration->scripts[SCRIPT_PRECHECK].gate)
        text_add(out, ", a gate of its version");
    if (migration->phase != PHASE_ANY)
        text_addf(out, ", %s the application's upgrade", phase_name(migration->phase));
}

static void add_migration(const Manifest *manifest, size_t index, Text *out)
{
    const ManifestMigration *migration = &manifest->migrations.items[index];
    text_addf(out, "  %04" PRId64 "  %s\n        ", migration->ordinal, migration->identity);
    rehearsal_report_migration(manifest, index, out);
    add_flags(migration, out);
    text_add_char(out, '\n');
    rehearsal_report_results(manifest, index, out);
    for (ScriptKind kind = SCRIPT_UP; kind < SCRIPT_KIND_COUNT; kind++) {
        const ManifestScript *script = &migration->scripts[kind];
        if (script->present)
            text_addf(out, "        %-8s  %" PRId64 " statement%s in %zu group%s, from %s\n",
                      script_kind_name(kind), manifest_script_statements(script),
                      text_plural(manifest_script_statements(script)), script->groups.count,
                      script->groups.count == 1 ? "" : "s", script->source);
    }
}

static bool add_sql(BundleReader *reader, const Manifest *manifest,
                    const ManifestMigration *migration, Text *out, Error *err)
{
    for (ScriptKind kind = SCRIPT_UP; kind < SCRIPT_KIND_COUNT; kind++) {
        const ManifestScript *script = &migration->scripts[kind];
        if (!script->present)
            continue;
        CLEANUP(text_done) Text sql = {0};
        if (!read_script(reader, manifest, script, &sql, err))
            return false;
        text_addf(out, "\n-- %s, %s: %s\n", migration->identity, script_kind_name(kind),
                  manifest->objects.items[script->object].path);
        add_shown(out, text_string(&sql), sql.length);
        if (!text_has_suffix(text_string(&sql), "\n"))
            text_add_char(out, '\n');
    }
    return true;
}

/* `version` is an index plus 1; 0: what the bundle starts from. */
static void add_superseded(const Manifest *manifest, size_t version, const char *indent, Text *out)
{
    array_each (const ManifestSuperseded, superseded, &manifest->superseded)
        if (superseded->version == version)
            text_addf(out, "%s%s%s\n", indent, superseded->name,
                      superseded->same_schema ? ", and has its schema" : "");
}

/* What only a site knows, and the bundle asks it for. */
static void add_parameters(const Manifest *manifest, Text *out)
{
    array_each (const ManifestParameter, parameter, &manifest->parameters) {
        text_addf(out, "parameter    %s, %s", parameter->name,
                  parameter_type_name(parameter->type));
        if (parameter->pattern)
            text_addf(out, " like %s", parameter->pattern);
        if (parameter->default_value)
            text_addf(out, ", default '%s'", parameter->default_value);
        text_addf(out, "%s, rehearsed with '%s'", parameter->default_value ? "" : ", asked for",
                  parameter->rehearsed_value);
        text_addf(out, "%s%s\n", *parameter->description ? ": " : "", parameter->description);
    }
}

static bool add_version(BundleReader *reader, const Manifest *manifest, size_t index,
                        ReportDepth depth, Text *out, Error *err)
{
    const ManifestVersion *version = &manifest->versions.items[index];
    text_addf(out, "\nversion %s, released %s, %zu migration%s%s\n", version->name,
              version->released, version->migration_count, version->migration_count == 1 ? "" : "s",
              version->stop ? ", a required stop" : "");
    if (version->min_compatible)
        text_addf(out, "  from        %s or later in one run\n", version->min_compatible);
    add_superseded(manifest, index + 1, "  supersedes  ", out);
    note_report_text(manifest, index, "  ", out);
    rehearsal_report_version(manifest, index, out);
    for (size_t i = 0; i < version->migration_count; i++) {
        size_t migration = version->first_migration + i;
        add_migration(manifest, migration, out);
        if (depth == REPORT_WITH_SQL &&
            !add_sql(reader, manifest, &manifest->migrations.items[migration], out, err))
            return false;
    }
    return true;
}

bool bundle_report_text(BundleReader *reader, ReportDepth depth, Text *out, Error *err)
{
    const Manifest *manifest;
    if (!bundle_reader_manifest(reader, &manifest, err))
        return false;
    add_head(reader, out);
    add_superseded(manifest, /* version= */ 0, "in place of  ", out);
    array_each (const ManifestRequirement, requirement, &manifest->requirements)
        text_addf(out, "needs        %s %s%s%s\n", requirement->kind, requirement->name,
                  *requirement->value ? " " : "", requirement->value);
    add_parameters(manifest, out);
    rehearsal_report_bundle(manifest, out);
    for (size_t i = 0; i < manifest->versions.count; i++)
        if (!add_version(reader, manifest, i, depth, out, err))
            return false;
    return true;
}

void bundle_report_head_json(const BundleReader *reader, JsonWriter *json)
{
    const EnvelopeProof *proof = bundle_reader_proof(reader);
    const Head *head = &proof->head;
    char hex[DIGEST_HEX_SIZE];
    json_string(json, "bundle", bundle_reader_name(reader));
    json_int(json, "size_bytes", bundle_reader_size(reader));
    json_string(json, "head_digest", digest_hex(&proof->head_digest, hex));
    json_string(json, "bundle_id", head->bundle_id);
    json_string(json, "product", head->product);
    json_string(json, "product_uuid", head->product_uuid);
    json_string(json, "channel", head->channel);
    json_int(json, "epoch", head->epoch);
    json_int(json, "sequence", head->sequence);
    json_int(json, "floor", head->floor);
    json_string(json, "from", strcmp(head->covers_from, "-") == 0 ? NULL : head->covers_from);
    json_string(json, "to", head->covers_to);
    json_string(json, "created", head->created);
    json_string(json, "sites", head->sites);
    json_string(json, "environment", head->environment);
    json_int(json, "server_min", head->server_min);
    json_int(json, "server_max", head->server_max);
    json_int(json, "migrations", head->migrations);
    json_int(json, "statements", head->statements);
    json_int(json, "irreversible", head->irreversible);
    json_int(json, "unproven", head->unproven);
    json_int(json, "keyring_version", head->keyring_version);
    json_int(json, "content_size_bytes", head->content_size);
    json_string(json, "content_blake2b", digest_hex(&head->content_digest, hex));
    json_string(json, "manifest_blake2b", digest_hex(&head->manifest_digest, hex));
    json_string(json, "built_with", head->built_with);
    json_array(json, "signers");
    for (size_t i = 0; i < proof->signer_count; i++) {
        char id[SIGNATURE_KEY_ID_HEX];
        const KeyringKey *signer = &proof->signers[i];
        json_object(json, /* name= */ NULL);
        json_string(json, "key_id", signature_key_id_hex(signer->public_key.id, id));
        json_string(json, "name", *signer->name ? signer->name : NULL);
        json_close(json);
    }
    json_close(json);
}

static void references_json(const Manifest *manifest, const ManifestScript *script, size_t index,
                            JsonWriter *json)
{
    size_t count = 0;
    const ManifestReference *references = parameter_references(script, index, &count);
    json_array(json, "parameters");
    for (size_t i = 0; i < count; i++) {
        json_object(json, /* name= */ NULL);
        json_string(json, "name", manifest->parameters.items[references[i].parameter].name);
        json_int(json, "offset", references[i].offset);
        json_int(json, "length", references[i].length);
        json_string(json, "quoting", parameter_quoting_name(references[i].quoting));
        json_close(json);
    }
    json_close(json);
}

static void step_json(const Manifest *manifest, const ManifestScript *script, size_t index,
                      JsonWriter *json)
{
    const ManifestStep *step = &script->steps.items[index];
    json_object(json, /* name= */ NULL);
    json_string(json, "kind", step_kind_name(step->kind));
    json_int(json, "statements", step->statements);
    json_int(json, "line", step->line);
    json_int(json, "offset", step->offset);
    json_int(json, "length", step->length);
    json_bool(json, "destructive", step->destructive);
    json_bool(json, "session_state", step->session_state);
    json_bool(json, "outside_effects", step->outside_effects);
    json_string(json, "probe", probe_kind_name(step->probe.kind));
    references_json(manifest, script, index, json);
    json_close(json);
}

static void groups_json(const Manifest *manifest, const ManifestScript *script, JsonWriter *json)
{
    json_array(json, "groups");
    array_each (const ManifestGroup, group, &script->groups) {
        json_object(json, /* name= */ NULL);
        json_string(json, "kind", group_kind_name(group->kind));
        json_string(json, "isolation", isolation_name(group->isolation));
        json_array(json, "steps");
        for (size_t i = 0; i < group->step_count; i++)
            step_json(manifest, script, group->first_step + i, json);
        json_close(json);
        json_close(json);
    }
    json_close(json);
}

static void batch_json(const ManifestBatch *batch, JsonWriter *json)
{
    if (!batch->table) {
        json_null(json, "batch");
        return;
    }
    json_object(json, "batch");
    json_string(json, "table_schema", batch->table_schema);
    json_string(json, "table", batch->table);
    json_string(json, "key", batch->key);
    json_int(json, "size", batch->size);
    json_int(json, "pause_ms", batch->pause_ms);
    json_close(json);
}

static bool script_json(BundleReader *reader, const Manifest *manifest,
                        const ManifestScript *script, const char *name, ReportDepth depth,
                        JsonWriter *json, Error *err)
{
    CLEANUP(text_done) Text sql = {0};
    if (depth == REPORT_WITH_SQL && !read_script(reader, manifest, script, &sql, err))
        return false;
    json_object(json, name);
    json_string(json, "source", script->source);
    json_string(json, "path", manifest->objects.items[script->object].path);
    if (depth == REPORT_WITH_SQL)
        json_string(json, "sql", text_string(&sql));
    json_bool(json, "gate", script->gate);
    batch_json(&script->batch, json);
    groups_json(manifest, script, json);
    json_close(json);
    return true;
}

static bool migration_json(BundleReader *reader, const Manifest *manifest, size_t index,
                           ReportDepth depth, JsonWriter *json, Error *err)
{
    const ManifestMigration *migration = &manifest->migrations.items[index];
    json_object(json, /* name= */ NULL);
    json_string(json, "identity", migration->identity);
    json_string(json, "transaction_mode", transaction_mode_name(migration->mode));
    json_string(json, "phase", phase_name(migration->phase));
    rehearsal_report_migration_json(manifest, index, json);
    json_int(json, "lock_estimate", migration->lock_estimate);
    for (ScriptKind kind = SCRIPT_UP; kind < SCRIPT_KIND_COUNT; kind++) {
        const ManifestScript *script = &migration->scripts[kind];
        if (!script->present)
            json_null(json, script_kind_name(kind));
        else if (!script_json(reader, manifest, script, script_kind_name(kind), depth, json, err))
            return false;
    }
    json_close(json);
    return true;
}

static void superseded_json(const Manifest *manifest, size_t version, const char *name,
                            JsonWriter *json)
{
    char hex[DIGEST_HEX_SIZE];
    json_array(json, name);
    array_each (const ManifestSuperseded, superseded, &manifest->superseded) {
        if (superseded->version != version)
            continue;
        json_object(json, /* name= */ NULL);
        json_string(json, "name", superseded->name);
        json_string(json, "tree_digest", digest_hex(&superseded->tree_digest, hex));
        json_bool(json, "same_schema", superseded->same_schema);
        json_close(json);
    }
    json_close(json);
}

static bool version_json(BundleReader *reader, const Manifest *manifest, size_t index,
                         ReportDepth depth, JsonWriter *json, Error *err)
{
    const ManifestVersion *version = &manifest->versions.items[index];
    char hex[DIGEST_HEX_SIZE];
    json_object(json, /* name= */ NULL);
    json_string(json, "name", version->name);
    json_string(json, "released", version->released);
    json_bool(json, "stop", version->stop);
    json_string(json, "min_compatible", version->min_compatible);
    superseded_json(manifest, index + 1, "supersedes", json);
    json_array(json, "notes");
    note_report_json(manifest, index, json);
    json_close(json);
    json_string(json, "tree_digest", digest_hex(&version->tree_digest, hex));
    rehearsal_report_version_json(manifest, index, json);
    json_array(json, "migrations");
    for (size_t i = 0; i < version->migration_count; i++)
        if (!migration_json(reader, manifest, version->first_migration + i, depth, json, err))
            return false;
    json_close(json);
    json_close(json);
    return true;
}

static void parameters_json(const Manifest *manifest, JsonWriter *json)
{
    json_array(json, "parameters");
    array_each (const ManifestParameter, parameter, &manifest->parameters) {
        json_object(json, /* name= */ NULL);
        json_string(json, "name", parameter->name);
        json_string(json, "type", parameter_type_name(parameter->type));
        json_string(json, "default", parameter->default_value);
        json_string(json, "pattern", parameter->pattern);
        json_string(json, "rehearsed", parameter->rehearsed_value);
        json_string(json, "description", parameter->description);
        json_close(json);
    }
    json_close(json);
}

bool bundle_report_json(BundleReader *reader, ReportDepth depth, Text *out, Error *err)
{
    const Manifest *manifest;
    if (!bundle_reader_manifest(reader, &manifest, err))
        return false;
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_bool(&json, "signatures_checked", bundle_reader_is_trusted(reader));
    bundle_report_head_json(reader, &json);
    json_array(&json, "requirements");
    array_each (const ManifestRequirement, requirement, &manifest->requirements) {
        json_object(&json, /* name= */ NULL);
        json_string(&json, "kind", requirement->kind);
        json_string(&json, "name", requirement->name);
        json_string(&json, "value", requirement->value);
        json_close(&json);
    }
    json_close(&json);
    parameters_json(manifest, &json);
    rehearsal_report_bundle_json(manifest, &json);
    superseded_json(manifest, /* version= */ 0, "start_supersedes", &json);
    json_array(&json, "versions");
    for (size_t i = 0; i < manifest->versions.count; i++)
        if (!version_json(reader, manifest, i, depth, &json, err))
            return false;
    json_close(&json);
    json_close(&json);
    json_end(&json);
    return true;
}
