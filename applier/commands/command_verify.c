/* applier verify: the whole chain of trust and every byte of a bundle; no database. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/runs/site_bundle.h"
#include "bundles/bundle_report.h"

static void render_signers(const EnvelopeProof *proof, Text *out)
{
    for (size_t i = 0; i < proof->signer_count; i++) {
        char id[SIGNATURE_KEY_ID_HEX];
        text_addf(out, "ok  signature %zu of HEAD by key %s (%s)\n", i + 1,
                  signature_key_id_hex(proof->signers[i].public_key.id, id),
                  proof->signers[i].name);
    }
}

/* One line for each thing that was shown. */
static void render(const BundleReader *reader, const char *trusted_by, Text *out)
{
    const EnvelopeProof *proof = bundle_reader_proof(reader);
    const Head *head = &proof->head;
    char hex[DIGEST_HEX_SIZE];
    text_addf(out, "ok  keyring version %" PRId64 ", epoch %" PRId64 ", %s '%s'\n",
              proof->keyring.version, proof->keyring.epoch,
              proof->keyring_is_newer ? "carried by the bundle and following" : "of this site:",
              trusted_by);
    render_signers(proof, out);
    text_addf(out, "ok  product %s, %s\n", head->product, head->product_uuid);
    text_addf(out, "ok  versions %s to %s, sequence %" PRId64 " of channel %s\n",
              strcmp(head->covers_from, "-") == 0 ? "from nothing" : head->covers_from,
              head->covers_to, head->sequence, head->channel);
    text_addf(out,
              "ok  manifest.db, %" PRId64 " bytes, BLAKE2b %.16s…: %" PRId64 " migrations, %" PRId64
              " statements\n",
              head->manifest_size, digest_hex(&head->manifest_digest, hex), head->migrations,
              head->statements);
    text_addf(out, "ok  content, %" PRId64 " bytes, BLAKE2b %.16s…, every object and filler byte\n",
              head->content_size, digest_hex(&head->content_digest, hex));
    text_addf(out, "'%s' is good: %" PRId64 " bytes, HEAD digest %s\n", bundle_reader_name(reader),
              bundle_reader_size(reader), digest_hex(&proof->head_digest, hex));
}

static void render_json(const BundleReader *reader, const char *trusted_by, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_bool(&json, "good", true);
    json_string(&json, "trusted_by", trusted_by);
    json_bool(&json, "keyring_is_newer", bundle_reader_proof(reader)->keyring_is_newer);
    bundle_report_head_json(reader, &json);
    json_close(&json);
    json_end(&json);
}

static bool run(CommandContext *context, Error *err)
{
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    if (!site_bundle_open(context->arguments.items[0], &bundle, err) ||
        !bundle_reader_verify(bundle.reader, err))
        return false;
    const char *trusted_by = site_bundle_trusted_by(&bundle);
    if (context->json)
        render_json(bundle.reader, trusted_by, context->out);
    else
        render(bundle.reader, trusted_by, context->out);
    return true;
}

const Command command_verify = {
    .name = "verify",
    .synopsis = "BUNDLE",
    .summary = "check a bundle's whole chain of trust and every byte",
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
