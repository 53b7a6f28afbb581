/* libFuzzer target for what reads a name, a line or one file of settings of a layout. Checked: a
 * name that was cut lies in the name, a script's lines are those of the file, a plan and a manifest
 * that are taken hold what is said of them.
 *
 *     make fuzz && tests/fuzz/seeds.sh SEEDS && build/fuzz/fuzz/layout_lines_fuzz SEEDS */
#include <unistd.h>

#include "base/text.h"
#include "migrations/layout.h"
#include "migrations/project_names.h"
#include "migrations/script_lines.h"
#include "migrations/script_search.h"
#include "migrations/sqitch_plan.h"
#include "migrations/version_manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char path[64];

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void remove_file(void)
{
    unlink(path);
}

static void write_file(const uint8_t *bytes, size_t size)
{
    if (!*path) {
        snprintf(path, sizeof(path), "%s/sealift-fuzz-%d",
                 file_is_folder("/dev/shm") ? "/dev/shm" : "/tmp", (int)getpid());
        atexit(remove_file);
    }
    FILE *file = fopen(path, "we");
    check(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static void read_name(const char *name)
{
    LayoutName cut = {0};
    uint64_t number;
    size_t digits;
    if (layout_parse_name(name, &cut))
        check(cut.digits && cut.stem_length > cut.digits && cut.stem_length < strlen(name) &&
              cut.extension > name + cut.stem_length && cut.extension < name + strlen(name));
    if (layout_parse_number(name, &number, &digits))
        check(digits && digits <= strlen(name));
    check(!layout_is_code(name) || !layout_is_sql(name));
    check(!layout_popx_names(name) || layout_is_sql(name));
    check(!layout_flyway_names(name) || layout_is_sql(name));
    check(!layout_numbered_folders_names("9", name) || layout_is_sql(name));
    check(!layout_refinery_names(name) || layout_is_sql(name));
    check(!layout_refinery_tells(name) || layout_ends_in_code(name));
    (void)layout_temporal_names(name);
}

static bool take_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    int64_t *last = context;
    check(number == ++*last && strlen(line) <= SCRIPT_LINE_SIZE_MAX && !strchr(line, '\n'));
    (void)layout_goose_marks(line);
    (void)layout_dbmate_marks(line);
    (void)layout_node_pg_marks(line);
    (void)layout_sqlx_marks(line);
    (void)layout_refinery_marks(line);
    (void)script_line_is_idle(line);
    read_name(line);
    return true;
}

static void read_lines(const uint8_t *bytes, size_t size)
{
    CLEANUP(error_done) Error err = {0};
    int64_t lines = 0, expected = size && bytes[size - 1] != '\n', found = 0;
    for (size_t i = 0; i < size; i++)
        expected += bytes[i] == '\n';
    check(script_lines_read(path, take_line, &lines, &err) && lines == expected);
    check(script_search(path, "{{", &found, &err));
    check(!!found == (memmem(bytes, size, "{{", 2) != NULL) && found <= expected);
}

static void read_plan(void)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(sqitch_plan_done) SqitchPlan plan = {0};
    if (!sqitch_plan_read(path, "sqitch.plan", &plan, &err)) {
        check(err.class == ERROR_INPUT);
        return;
    }
    array_each (const SqitchChange, change, &plan.changes)
        check(*change->name && (change->tag == SIZE_MAX || change->tag < plan.tags.count));
}

static void read_manifest(void)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(version_manifest_done) VersionManifest manifest = {0};
    if (!version_manifest_read(path, "manifest.json", &manifest, &err)) {
        check(err.class == ERROR_INPUT);
        return;
    }
    check(project_version_name_is_valid(manifest.version) &&
          project_version_name_is_valid(manifest.least));
    array_each (char *const, file, &manifest.files)
        check(**file && **file != '.' && !strchr(*file, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    write_file(bytes, size);
    read_lines(bytes, size);
    read_plan();
    read_manifest();
    return 0;
}
