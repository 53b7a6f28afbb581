/* planner init: a new project: sealift.conf, the migration folder, an empty sealift.sum. */
#include "base/command_table.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "base/uuid.h"
#include "migrations/project.h"
#include "planner/commands/new_project.h"
#include "planner/planner_commands.h"

typedef struct InitOptions {
    const char *product;
    const char *layout;
    const char *folder;
} InitOptions;

static const Option options[] = {
    OPTION_STRING_ROW("product", InitOptions, product, "NAME",
                      "the product's name (default: the folder's)"),
    OPTION_CHOICE_ROW("layout", InitOptions, layout, "auto|" LAYOUT_NAMES,
                      "how the migrations are laid out (default: auto)"),
    OPTION_STRING_ROW("folder", InitOptions, folder, "FOLDER",
                      "where they are, seen from DIR (default: migrations)"),
};

static void set_defaults(void *given)
{
    ((InitOptions *)given)->layout = "auto";
    ((InitOptions *)given)->folder = "migrations";
}

static void render(const CommandContext *context, const char *product, const char *uuid,
                   const char *config, const char *folder, const char *sum)
{
    if (!context->json) {
        text_addf(context->out, "%s\n%s\n%s\n", config, sum, folder);
        return;
    }
    JsonWriter json;
    json_begin(&json, context->out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", product);
    json_string(&json, "product_uuid", uuid);
    json_string(&json, "config", config);
    json_string(&json, "sum", sum);
    json_string(&json, "folder", folder);
    json_close(&json);
    json_end(&json);
}

static bool run(CommandContext *context, Error *err)
{
    const InitOptions *given = context->options;
    const char *root = context->arguments.items[0];
    CLEANUP(memory_freep) char *config = file_path(root, PROJECT_CONFIG_NAME);
    CLEANUP(memory_freep) char *sum = file_path(root, PROJECT_SUM_NAME);
    CLEANUP(memory_freep) char *folder = file_path(root, given->folder);
    CLEANUP(memory_freep) char *product = NULL;
    char uuid[UUID_TEXT_SIZE];
    uuid_make(uuid);
    if (!new_project_name(given->product, root, &product, err) ||
        !new_project_write(&(NewProject){.root = root,
                                         .product = product,
                                         .product_uuid = uuid,
                                         .layout = given->layout,
                                         .folder = given->folder},
                           err))
        return false;
    render(context, product, uuid, config, folder, sum);
    return true;
}

const Command command_init = {
    .name = "init",
    .synopsis = "[--product NAME] [--layout LAYOUT] [--folder FOLDER] DIR",
    .summary = "set a project up: configuration, migration folder, release list",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(InitOptions),
    .defaults = set_defaults,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
