/* libFuzzer target for reading a script: splitter, psql's commands, values in every syntax, ranges,
 * COPY data, directives. The first byte chooses the syntax and whether a range is read, the rest is
 * the script. Checked: what is said of statements and references lies within what was shipped, one
 * behind the other, and each reference begins with its colon.
 *
 *     make fuzz && build/fuzz/fuzz/script_fuzz -max_len=4096 -dict=tests/fuzz/script.dict CORPUS */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "migrations/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char root[64];
static char path[96];
static char included[96];

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void remove_root(void)
{
    unlink(path);
    unlink(included);
    rmdir(root);
}

static void write_to(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "we");
    check(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static void make_root(void)
{
    static const char text[] = "SELECT :fixed;\n";
    if (*root)
        return;
    snprintf(root, sizeof(root), "%s",
             file_is_folder("/dev/shm") ? "/dev/shm/sealift-fuzz-XXXXXX"
                                        : "/tmp/sealift-fuzz-XXXXXX");
    check(mkdtemp(root) != NULL);
    snprintf(path, sizeof(path), "%s/s.sql", root);
    snprintf(included, sizeof(included), "%s/i.sql", root);
    write_to(included, text, strlen(text));
    atexit(remove_root);
}

static bool take(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    text_add_n(context, bytes, size);
    return true;
}

static void check_script(const Script *script, const Text *shipped)
{
    int64_t end = 0;
    check(script->shipped_size == (int64_t)shipped->length);
    array_each (const ScriptStatement, statement, &script->statements) {
        check(statement->offset >= end && statement->length >= 0);
        int64_t at = statement->offset;
        end = statement->offset + statement->length;
        check(end <= script->shipped_size && statement->source < script->sources.count);
        check(statement->first_reference + statement->reference_count <= script->references.count);
        for (size_t i = 0; i < statement->reference_count; i++) {
            const ScriptReference *reference =
                &script->references.items[statement->first_reference + i];
            check(reference->offset >= at && reference->length > 1);
            at = reference->offset + reference->length;
            check(at <= end && shipped->bytes[reference->offset] == ':');
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char fixed[] = "fixed", tenant[] = "tenant", role[] = "role", value[] = "it's";
    ProjectValue items[] = {
        {.name = fixed, .value = value, .form = VALUE_FORM_LITERAL},
        {.name = role, .site = true, .type = VALUE_TYPE_IDENTIFIER, .form = VALUE_FORM_IDENTIFIER},
        {.name = tenant, .site = true, .form = VALUE_FORM_LITERAL},
    };
    const ProjectValueArray values = {items, ARRAY_LEN(items), ARRAY_LEN(items)};
    if (!size)
        return 0;
    make_root();
    write_to(path, bytes + 1, size - 1);
    ScriptRange range = {.first = 2, .last = bytes[0] & 16 ? 0 : 5, .substitutes = true};
    const ScriptRangeArray ranges = {&range, 1, 1};
    const ScriptFile file = {
        .path = path,
        .name = "s.sql",
        .ranges = bytes[0] & 8 ? &ranges : NULL,
        .settings = {.syntax = (ScriptSyntax)((bytes[0] & 7) % (SCRIPT_SYNTAX_GO_TEMPLATE + 1)),
                     .values = &values,
                     .root = root,
                     .folder = "."},
    };
    CLEANUP(text_done) Text shipped = {0};
    CLEANUP(script_done) Script script = {0};
    CLEANUP(error_done) Error ignored = {0};
    const ScriptSink sink = {.sql = take, .context = &shipped};
    if (script_read(&file, &sink, &script, &ignored))
        check_script(&script, &shipped);
    return 0;
}
