/* pgroll: NN_name.yaml or NN_name.json with a list of operations, from which the tool itself makes
 * views, triggers and statements as it goes. There is no SQL to carry: each is refused by name. */
#include "base/text.h"
#include "migrations/layout.h"

static bool may_be_one(const char *name)
{
    return name[0] >= '0' && name[0] <= '9' && layout_liquibase_names(name) &&
           !text_has_suffix(name, ".xml");
}

/* A line `operations:` of YAML, or a member "operations" of JSON. */
static bool has_operations(const char *text)
{
    static const char member[] = "\"operations\"";
    for (const char *at = text; (at = strstr(at, member)) != NULL;) {
        at += strlen(member);
        if (at[strspn(at, " \t\r\n")] == ':')
            return true;
    }
    return text_has_prefix(text, "operations:") || strstr(text, "\noperations:");
}

static bool look_at(LayoutReading *reading, const char *name, Error *err)
{
    CLEANUP(memory_freep) char *inside = file_path(reading->folder, name);
    CLEANUP(memory_freep) char *bytes = NULL;
    if (!layout_peek(reading->root, inside, &bytes, err))
        return false;
    if (has_operations(bytes))
        finding_add(
            reading->findings, FINDING_ERROR,
            "write what it does as a script of SQL, or move the file out of the folder",
            "'%s' is a migration of pgroll, a list of operations; a bundle carries SQL only",
            inside);
    return true;
}

bool layout_refuse_pgroll(LayoutReading *reading, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, reading->folder, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries)
        if (entry->kind == FILE_KIND_REGULAR && may_be_one(entry->name) &&
            !look_at(reading, entry->name, err))
            return false;
    return true;
}
