#include "applier/runs/site_bundle.h"

#include <inttypes.h>
#include <limits.h>

void site_bundle_done(SiteBundle *bundle)
{
    bundle_reader_free(bundle->reader);
    trust_store_done(&bundle->trust);
    site_config_done(&bundle->config);
    free(bundle->path);
    free(bundle->verification);
    *bundle = (SiteBundle){0};
}

static char *verification_of(const EnvelopeProof *proof)
{
    Text text = {0};
    text_addf(&text, "signed by %zu: ", proof->signer_count);
    for (size_t i = 0; i < proof->signer_count; i++) {
        char id[SIGNATURE_KEY_ID_HEX];
        text_addf(&text, "%s%s (%s)", i ? ", " : "",
                  signature_key_id_hex(proof->signers[i].public_key.id, id),
                  proof->signers[i].name);
    }
    text_addf(&text, "; keyring %" PRId64, proof->keyring.version);
    return text_take(&text);
}

bool site_bundle_open(const char *path, SiteBundle *ret_bundle, Error *err)
{
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    if (!site_config_read(&bundle.config, err) ||
        !trust_store_load(&bundle.config, &bundle.trust, err) ||
        !bundle_reader_open_any(path, bundle.trust.keyrings, bundle.trust.count, &bundle.reader,
                                &bundle.which, err))
        return false;
    const EnvelopeProof *proof = bundle_reader_proof(bundle.reader);
    if (!trust_store_check_choice(&bundle.trust, bundle.which, &proof->head, err) ||
        !site_config_check_head(&bundle.config, &proof->head, err))
        return error_wrap(err, "'%s'", path);
    bundle.path = realpath(path, /* resolved_path= */ NULL);
    if (!bundle.path) /* gone again: what was opened is read all the same */
        bundle.path = memory_string(path);
    bundle.verification = verification_of(proof);
    *ret_bundle = bundle;
    bundle = (SiteBundle){0};
    return true;
}

const char *site_bundle_trusted_by(const SiteBundle *bundle)
{
    return bundle->trust.folders[bundle->which];
}

bool site_bundle_input(SiteBundle *bundle, ApplyInput *ret_input, Error *err)
{
    ApplyInput input = {.envelope = bundle_reader_envelope(bundle->reader),
                        .head = &bundle_reader_proof(bundle->reader)->head,
                        .head_digest = bundle_reader_proof(bundle->reader)->head_digest,
                        .verification = bundle->verification,
                        .path = bundle->path};
    if (!bundle_reader_verify(bundle->reader, err) ||
        !bundle_reader_manifest(bundle->reader, &input.manifest, err))
        return false;
    input.manifest_bytes = bundle_reader_manifest_bytes(bundle->reader, &input.manifest_size);
    input.objects = bundle_reader_objects(bundle->reader);
    *ret_input = input;
    return true;
}
