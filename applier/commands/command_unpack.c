/* applier unpack: a bundle's files in a folder, for reading. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/runs/site_bundle.h"
#include "base/json_writer.h"
#include "bundles/bundle_unpack.h"

static bool run(CommandContext *context, Error *err)
{
    const char *folder = context->arguments.items[1];
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    int64_t files;
    if (!site_bundle_open(context->arguments.items[0], &bundle, err) ||
        !bundle_unpack(bundle.reader, folder, &files, err))
        return false;
    if (!context->json) {
        text_addf(context->out, "'%s' is good; its %" PRId64 " files are in '%s'\n",
                  bundle_reader_name(bundle.reader), files, folder);
        return true;
    }
    JsonWriter json;
    json_begin(&json, context->out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "bundle", bundle_reader_name(bundle.reader));
    json_string(&json, "folder", folder);
    json_int(&json, "files", files);
    json_close(&json);
    json_end(&json);
    return true;
}

const Command command_unpack = {
    .name = "unpack",
    .synopsis = "BUNDLE DIR",
    .summary = "verify a bundle and write its files into a new folder",
    .least_arguments = 2,
    .most_arguments = 2,
    .run = run,
};
