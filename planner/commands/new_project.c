#include "planner/commands/new_project.h"

#include "base/file.h"
#include "base/text.h"
#include "migrations/project_names.h"
#include "migrations/sum_file.h"

static const char config_text[] =
    "# What Sealift knows about this product. Every key is listed; a line that begins with #\n"
    "# shows what holds where the key is not given.\n"
    "\n"
    "[product]\n"
    "# Stands in every bundle: a-z, 0-9 and -.\n"
    "name = %s\n"
    "# Never change it: a site takes bundles of this product only by it.\n"
    "uuid = %s\n"
    "\n"
    "[migrations]\n"
    "# auto (look and see), or one of\n"
    "# " LAYOUT_NAMES ".\n"
    "layout = %s\n"
    "%s"
    "# Where the migrations are, seen from this file.\n"
    "%sfolder = %s\n"
    "\n"
    "[database]\n"
    "# The search_path that scripts run with.\n"
    "# search-path = public\n"
    "# The PostgreSQL major versions that the product supports, first and last.\n"
    "# server-min = 13\n"
    "# server-max = 18\n"
    "# What the database must offer (nothing unless given): names, or name>=version.\n"
    "# extensions = pg_trgm, postgis>=3.1\n"
    "\n"
    "[bundle]\n"
    "# A line of releases with its own sequence of bundles.\n"
    "# channel = main\n"
    "# Who may apply the bundles: * or names of sites, comma-separated.\n"
    "# sites = *\n"
    "# In which environment: * or a name, such as production.\n"
    "# environment = *\n"
    "# The public keys that a bundle carries ('planner keys keyring' writes the file).\n"
    "# keyring = keyring.txt\n"
    "# When sites should expect the next bundle: a time like 2027-01-31T00:00:00Z, or -.\n"
    "# next-expected = -\n"
    "\n"
    "[rehearsal]\n"
    "# Folders with initdb and postgres, comma-separated, besides the usual places.\n"
    "# pg-bin = /opt/pg16/bin, /opt/pg17/bin\n"
    "# What makes the database as the first migration finds it, where somebody else does: a file,\n"
    "# or a folder of .sql files. It is in no bundle (nothing unless given).\n"
    "# setup = setup.sql\n"
    "# A folder of seed scripts, seen from this file: MIGRATION.sql runs after that migration,\n"
    "# VERSION.sql after that version (no folder unless given).\n"
    "# seeds = seeds\n"
    "# How many rows to make up for a table that is empty; 0 for none.\n"
    "# rows = 50\n"
    "\n"
    "[fingerprint]\n"
    "# The schemas that are the product's, comma-separated (all unless given).\n"
    "# scope = app, public\n"
    "# Objects that sites may have of their own: KIND:PATTERN, comma-separated; * for any kind.\n"
    "# tolerate = table:app.readings_*, *:monitoring.*\n"
    "\n"
    "[foreign-history]\n"
    "# Whether upgrades also write what the layout's own tool would have noted in its table.\n"
    "# keep = true\n"
    "# That table, where it has another name: NAME or SCHEMA.NAME.\n"
    "# table = public.schema_migrations\n"
    "\n"
    "[liquibase]\n"
    "# What liquibase would be called with, where changesets have contexts or labels: names, and an\n"
    "# expression over labels; * for all changesets.\n"
    "# contexts = prod, eu\n"
    "# labels = v2 and !draft\n"
    "# Where the migration folder stands on liquibase's search path, . for that itself; and whose rows\n"
    "# are kept ([foreign-history]): what 'liquibase --version' prints.\n"
    "# folder = db/changelog\n"
    "# version = 4.28.0\n";

bool new_project_name(const char *given, const char *folder, char **ret_name, Error *err)
{
    if (given) {
        if (!project_name_is_valid(given)) {
            error_set(err, ERROR_USAGE, "'%s' cannot be a product's name", given);
            return error_hint(err, "a product's name has " PROJECT_NAME_GRAMMAR);
        }
        *ret_name = memory_string(given);
        return true;
    }
    /* where the folder is not there yet, its name stands in the path as it was given */
    CLEANUP(memory_freep) char *absolute = realpath(folder, NULL);
    CLEANUP(memory_freep) char *given_path = memory_string(folder);
    for (size_t end = strlen(given_path); end > 1 && given_path[end - 1] == '/'; end--)
        given_path[end - 1] = '\0';
    const char *name = file_base_name(absolute ? absolute : given_path);
    if (!project_name_is_valid(name)) {
        error_set(err, ERROR_USAGE, "the folder's name '%s' cannot be a product's name", name);
        return error_hint(err, "give one with --product: " PROJECT_NAME_GRAMMAR);
    }
    *ret_name = memory_string(name);
    return true;
}

/* What the line `# key = …` of this section becomes; NULL: it stays. */
static const char *given_in(const char *line, const char *section, const ProjectConfig *config,
                            char **ret_key)
{
    static const char *const kept[] = {"database", "bundle", "rehearsal", "fingerprint"};
    bool keeps = false;
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        keeps |= section && strcmp(kept[i], section) == 0;
    if (!keeps || !text_has_prefix(line, "# "))
        return NULL;
    size_t length = strspn(line + 2, "abcdefghijklmnopqrstuvwxyz-");
    if (!text_has_prefix(line + 2 + length, " = "))
        return NULL;
    CLEANUP(memory_freep) char *key = memory_string_n(line + 2, length);
    const char *given = project_config_given(config, section, key);
    if (given)
        *ret_key = TAKE_PTR(key);
    return given;
}

/* The commented keys of config_text that `config` has otherwise, with its texts. */
static void add_with_keys(char *text, const ProjectConfig *config, Text *out)
{
    CLEANUP(memory_freep) char *section = NULL;
    for (char *line; (line = strsep(&text, "\n")) != NULL && (text || *line);) {
        CLEANUP(memory_freep) char *key = NULL;
        if (*line == '[') {
            free(section);
            section = memory_string_n(line + 1, strcspn(line + 1, "]"));
        }
        const char *given = given_in(line, section, config, &key);
        if (given)
            text_addf(out, "%s = %s\n", key, given);
        else
            text_addf(out, "%s\n", line);
    }
}

static bool write_config(const char *path, const NewProject *project, Error *err)
{
    CLEANUP(text_done) Text text = {0};
    CLEANUP(file_draft_done) FileDraft draft = {.fd = -1};
    CLEANUP(memory_freep)
    char *placeholders = project->placeholders
                             ? memory_format("placeholders = %s\n", project->placeholders)
                             : memory_string("");
    CLEANUP(memory_freep)
    char *plain = memory_format(
        config_text, project->product, project->product_uuid, project->layout, placeholders,
        strcmp(project->folder, "migrations") == 0 ? "# " : "", project->folder);
    if (project->config)
        add_with_keys(plain, project->config, &text);
    else
        text_add(&text, plain);
    text_add(&text, project->sections ? project->sections : "");
    return file_draft_open(path, 0644, &draft, err) &&
           file_write(draft.fd, path, text.bytes, text.length, err) &&
           file_draft_commit_new(&draft, err);
}

bool new_project_write(const NewProject *project, Error *err)
{
    CLEANUP(memory_freep) char *config = file_path(project->root, PROJECT_CONFIG_NAME);
    CLEANUP(memory_freep) char *sum = file_path(project->root, PROJECT_SUM_NAME);
    CLEANUP(memory_freep) char *folder = file_path(project->root, project->folder);
    if (!project_config_folder_is_valid(project->folder)) {
        error_set(err, ERROR_USAGE, "'%s' cannot be the folder of migrations", project->folder);
        return error_hint(err, "it is one inside the project, as it stands in sealift.conf");
    }
    if (file_exists(config)) {
        error_set(err, ERROR_CONFIG, "there is a project already: '%s'", config);
        return error_hint(err, "'planner status --project %s' shows it", project->root);
    }
    return file_make_folders(project->root, 0755, err) && file_make_folders(folder, 0755, err) &&
           sum_file_create(sum, err) && write_config(config, project, err);
}
