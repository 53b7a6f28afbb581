/* planner pack: the bundle of the versions (from, to], signed. */
#include <inttypes.h>
#include <sys/stat.h>

#include "base/command_table.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "bundles/built_with.h"
#include "bundles/bundle_writer.h"
#include "planner/catalog/pack_proof.h"
#include "planner/packing/pack_head.h"
#include "planner/packing/plan_builder.h"
#include "planner/packing/project_check.h"
#include "planner/packing/project_digests.h"
#include "planner/packing/signing_key.h"
#include "planner/planner_commands.h"
#include "planner/rehearsal/rehearsal_gate.h"

typedef struct PackOptions {
    const char *to;
    const char *from;
    const char *out;
    const char *project;
    StringArray sign;
    bool is_unsigned;
    bool allow_unproven;
    bool new_sequence;
} PackOptions;

static const Option options[] = {
    OPTION_STRING_ROW("to", PackOptions, to, "VERSION", "last version in the bundle"),
    OPTION_STRING_ROW("from", PackOptions, from, "VERSION",
                      "version that sites start from (default: nothing, an empty database)"),
    OPTION_STRING_ROW("out", PackOptions, out, "BUNDLE", "the file to write"),
    OPTION_REPEATED_ROW("sign", PackOptions, sign, "FILE", "secret key to sign with"),
    OPTION_FLAG_ROW("unsigned", PackOptions, is_unsigned,
                    "leave signing to 'planner sign'; sites refuse the bundle until then"),
    OPTION_FLAG_ROW(
        "allow-unproven", PackOptions, allow_unproven,
        "pack without what 'planner rehearse' showed; HEAD says that nothing is proven"),
    OPTION_FLAG_ROW("new-sequence", PackOptions, new_sequence,
                    "give a new number to a bundle that was packed before"),
    OPTION_STRING_ROW("project", PackOptions, project, "DIR", "the project (default: .)"),
};

/* Everything that packing holds on to, released in one place. */
typedef struct Pack {
    const PackOptions *options;
    Project project;
    ProjectKeyring keyring;
    BundleLineArray lines;
    ARRAY_OF(SigningKey *) keys;
    PackProof proof;
    BundleWriter *writer;
    Manifest manifest;
    Head head;
    PackIdentity identity;
    char *bundles_path;
    char head_digest[DIGEST_HEX_SIZE];
    int64_t size;
} Pack;

static void pack_done(Pack *pack)
{
    project_done(&pack->project);
    project_keyring_done(&pack->keyring);
    array_free(&pack->lines);
    array_each (SigningKey *, key, &pack->keys)
        signing_key_free(*key);
    array_free(&pack->keys);
    pack_proof_done(&pack->proof);
    bundle_writer_free(pack->writer);
    manifest_done(&pack->manifest);
    free(pack->bundles_path);
}

static bool check_options(const PackOptions *given, Error *err)
{
    if (!given->to || !given->out)
        return error_set(err, ERROR_USAGE, "'pack' wants --to VERSION and --out BUNDLE");
    if (given->is_unsigned && given->sign.count)
        return error_set(err, ERROR_USAGE, "--sign and --unsigned exclude each other");
    if (!given->is_unsigned && !given->sign.count) {
        error_set(err, ERROR_USAGE, "'pack' wants --sign FILE, or --unsigned");
        return error_hint(err, "'planner keys new FILE' makes a key");
    }
    return true;
}

static bool open_keys(Pack *pack, Error *err)
{
    array_each (const char *, path, &pack->options->sign)
        if (!signing_key_open(*path, array_add(&pack->keys), err))
            return false;
    return true;
}

/* A key that the keyring does not count would make a bundle that every site refuses. */
static bool check_keys_count(const Pack *pack, Error *err)
{
    if (!pack->keyring.present)
        return true;
    array_each (SigningKey *const, key, &pack->keys) {
        const char *why = NULL;
        const PublicKey *public = signing_key_public(*key);
        if (keyring_release_key(&pack->keyring.newest, public->id, pack->head.sequence,
                                KEYRING_FOR_APPLY, &why))
            continue;
        char id[SIGNATURE_KEY_ID_HEX];
        error_set(err, ERROR_TRUST, "key %s cannot sign this bundle: %s",
                  signature_key_id_hex(public->id, id), why);
        return error_hint(err, "'%s' says which keys sites accept", pack->project.config.keyring);
    }
    return true;
}

static void print_findings(const FindingArray *findings)
{
    array_each (const Finding, finding, findings) {
        fprintf(stderr, "planner: %s: %s\n",
                finding->severity == FINDING_ERROR ? "error" : "warning", finding->message);
        if (finding->hint)
            fprintf(stderr, "planner: hint: %s\n", finding->hint);
    }
}

/* All that stands against shipping is named; the first of it is the error, and alone it is not said
 * twice. */
static bool check_proven(Pack *pack, const PlanRange *range, Error *err)
{
    if (pack->options->allow_unproven)
        return true;
    if (!pack_proof_read(&pack->project, range, &pack->proof, err))
        return false;
    if (findings_error_count(&pack->proof.findings) != 1)
        print_findings(&pack->proof.findings);
    if (rehearsal_gate_result(&pack->proof.findings, err))
        return true;
    err->class = ERROR_TARGET;
    CLEANUP(memory_freep) char *hint = TAKE_PTR(err->hint);
    return error_hint(err, "%s; --allow-unproven packs it all the same, and HEAD says so", hint);
}

/* With --allow-unproven the manifest says of the way back only what texts can say. */
static bool fill_proven(Pack *pack, Error *err)
{
    return pack->options->allow_unproven ||
           pack_proof_fill(&pack->proof, pack->writer, &pack->manifest, err);
}

/* HEAD's own list of what it says, for finding the lines that changed between two builds. */
static char *remembered_head_path(const Pack *pack, const char *digest)
{
    return memory_format("%s/.sealift/heads/%s", pack->project.root, digest);
}

/* The keys whose lines differ between two HEADs, comma-separated; the caller frees. */
static char *differing_keys(const char *was, const char *is)
{
    Text keys = {0};
    while (*was && *is && *was != '\n' && *is != '\n') {
        size_t was_length = strcspn(was, "\n"), is_length = strcspn(is, "\n");
        if (was_length != is_length || memcmp(was, is, is_length) != 0)
            text_addf(&keys, "%s%.*s", keys.length ? ", " : "", (int)strcspn(is, ":\n"), is);
        was += was_length + (was[was_length] == '\n');
        is += is_length + (is[is_length] == '\n');
    }
    return text_take(&keys);
}

/* What was packed under this number before must come out the same. */
static bool check_reproduced(const Pack *pack, const uint8_t *head, Error *err)
{
    const BundleLine *known = pack->identity.known;
    if (!known || strcmp(known->head_digest, pack->head_digest) == 0)
        return true;
    error_set(err, ERROR_TRUST,
              "sequence %" PRId64 " was packed before and came out differently: HEAD was %.16s…, "
              "now it is %.16s…",
              known->sequence, known->head_digest, pack->head_digest);
    error_hint(err, "find out what changed, or make another bundle with --new-sequence");
    CLEANUP(memory_freep) char *path = remembered_head_path(pack, known->head_digest);
    CLEANUP(memory_freep) char *was = NULL;
    size_t size;
    Error ignored = {0};
    if (file_read_all(path, BUNDLE_HEAD_SIZE, &was, &size, &ignored)) {
        CLEANUP(memory_freep) char *is = memory_string_n((const char *)head, BUNDLE_HEAD_SIZE);
        CLEANUP(memory_freep) char *keys = differing_keys(was, is);
        error_detail(err, "these keys of HEAD differ: %s", keys);
    }
    error_done(&ignored);
    return false;
}

static bool remember_head(const Pack *pack, const uint8_t *head, Error *err)
{
    CLEANUP(memory_freep) char *path = remembered_head_path(pack, pack->head_digest);
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    return file_make_folders(folder, 0755, err) &&
           file_write_atomic(path, 0644, head, BUNDLE_HEAD_SIZE, err);
}

static bool sign(Pack *pack, const uint8_t *head, Error *err)
{
    CLEANUP(memory_freep)
    char *comment = signature_release_comment(pack->head.product, pack->head.sequence);
    array_each (SigningKey *const, key, &pack->keys) {
        Signature signature;
        signing_key_sign(*key, head, BUNDLE_HEAD_SIZE, comment, &signature);
        if (!bundle_writer_add_slot(pack->writer, &signature, err))
            return false;
    }
    return true;
}

static bool read_project(Pack *pack, PlanRange *ret_range, Error *err)
{
    const char *root = pack->options->project ? pack->options->project : ".";
    if (!project_read(root, &pack->project, err) ||
        !plan_range(&pack->project, pack->options->from, pack->options->to, ret_range, err) ||
        !project_check_released(&pack->project, err) ||
        !project_keyring_read(&pack->project, &pack->keyring, err))
        return false;
    pack->bundles_path = file_path(pack->project.root, BUNDLES_FILE_NAME);
    return bundles_file_read(pack->bundles_path, &pack->lines, err) &&
           check_proven(pack, ret_range, err);
}

/* From scripts to a sealed, signed, not yet visible bundle. */
static bool build(Pack *pack, const PlanRange *range, uint8_t head[static BUNDLE_HEAD_SIZE],
                  Error *err)
{
    SequenceChoice choice = pack->options->new_sequence ? SEQUENCE_NEW : SEQUENCE_REUSE;
    if (!bundle_writer_new(pack->options->out, &pack->writer, err) ||
        !plan_build(&pack->project, range, pack->writer, &pack->manifest, err) ||
        !fill_proven(pack, err))
        return false;
    pack->head = pack->manifest.head;
    if (!pack_head_identify(&pack->project, &pack->lines, choice, &pack->head, &pack->identity,
                            err) ||
        !pack_head_address(&pack->project, &pack->keyring, &pack->head, err) ||
        !check_keys_count(pack, err))
        return false;
    CLEANUP(memory_freep) char *built_with = built_with_text();
    snprintf(pack->head.built_with, sizeof(pack->head.built_with), "%s", built_with);
    if (!bundle_writer_seal(pack->writer, &pack->manifest, pack->keyring.records,
                            pack->keyring.size, &pack->head, head, err))
        return false;
    Digest digest = digest_of(head, BUNDLE_HEAD_SIZE);
    digest_hex(&digest, pack->head_digest);
    return check_reproduced(pack, head, err) && sign(pack, head, err);
}

/* The line first, then its bundle: a kill in between leaves a number that packing again fills with
 * the same bytes, never a bundle whose number the next one takes again. */
static bool publish(Pack *pack, const uint8_t *head, Error *err)
{
    if (!remember_head(pack, head, err))
        return false;
    if (!pack->identity.known) {
        memcpy(pack->identity.line.head_digest, pack->head_digest, sizeof(pack->head_digest));
        if (!bundles_file_append(pack->bundles_path, &pack->identity.line, err))
            return false;
    }
    if (!bundle_writer_commit(pack->writer, err))
        return false;
    struct stat status;
    pack->size = stat(pack->options->out, &status) == 0 ? (int64_t)status.st_size : 0;
    return true;
}

static void render_json(const Pack *pack, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "bundle", pack->options->out);
    json_string(&json, "head_digest", pack->head_digest);
    json_string(&json, "bundle_id", pack->head.bundle_id);
    json_string(&json, "product", pack->head.product);
    json_int(&json, "sequence", pack->head.sequence);
    json_string(&json, "from", pack->head.covers_from);
    json_string(&json, "to", pack->head.covers_to);
    json_int(&json, "migrations", pack->head.migrations);
    json_int(&json, "statements", pack->head.statements);
    json_int(&json, "irreversible", pack->head.irreversible);
    json_int(&json, "unproven", pack->head.unproven);
    json_int(&json, "size_bytes", pack->size);
    json_array(&json, "signed_by");
    array_each (SigningKey *const, key, &pack->keys) {
        char id[SIGNATURE_KEY_ID_HEX];
        json_string(&json, /* name= */ NULL,
                    signature_key_id_hex(signing_key_public(*key)->id, id));
    }
    json_close(&json);
    project_findings_json(&pack->proof.findings, &json);
    json_close(&json);
    json_end(&json);
}

static void render_text(const Pack *pack, Text *out)
{
    const Head *head = &pack->head;
    text_addf(out, "packed %s\n", pack->options->out);
    text_addf(out, "  product     %s, sequence %" PRId64 ", bundle %s\n", head->product,
              head->sequence, head->bundle_id);
    text_addf(out, "  versions    %s -> %s\n",
              strcmp(head->covers_from, "-") == 0 ? "(nothing)" : head->covers_from,
              head->covers_to);
    text_addf(
        out, "  migrations  %" PRId64 " (%" PRId64 " statement%s), %" PRId64 " irreversible\n",
        head->migrations, head->statements, text_plural(head->statements), head->irreversible);
    if (head->unproven)
        text_addf(out, "  unproven    %" PRId64 " of them, not rehearsed\n", head->unproven);
    array_each (const Rehearsal, rehearsal, &pack->proof.rehearsals)
        text_addf(out, "  rehearsed   on PostgreSQL %s, %s\n", rehearsal->server_version,
                  rehearsal->rehearsed_at);
    array_each (SigningKey *const, key, &pack->keys) {
        char id[SIGNATURE_KEY_ID_HEX];
        text_addf(out, "  signed by   %s\n",
                  signature_key_id_hex(signing_key_public(*key)->id, id));
    }
    if (!pack->keys.count)
        text_add(out, "  unsigned    sites refuse it until 'planner sign' has added signatures\n");
    text_addf(out, "  size        %" PRId64 " bytes\n", pack->size);
    text_addf(out, "  HEAD        %s\n", pack->head_digest);
}

static bool run(CommandContext *context, Error *err)
{
    CLEANUP(pack_done) Pack pack = {.options = context->options};
    uint8_t head[BUNDLE_HEAD_SIZE];
    PlanRange range;
    if (!check_options(pack.options, err) || !open_keys(&pack, err) ||
        !read_project(&pack, &range, err) || !build(&pack, &range, head, err) ||
        !publish(&pack, head, err))
        return false;
    if (context->json)
        render_json(&pack, context->out);
    else
        render_text(&pack, context->out);
    return true;
}

const Command command_pack = {
    .name = "pack",
    .synopsis = "--to VERSION [--from VERSION] --out BUNDLE {--sign FILE [--sign FILE…] | "
                "--unsigned} [--allow-unproven] [--new-sequence] [--project DIR]",
    .summary = "package released versions into one signed bundle",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(PackOptions),
    .run = run,
};
