#include "bundles/fingerprint.h"

#include "bundles/bundle_format.h"

/* In the order of the enums. Class names stand in objects of bundles: they never change. */
static const char *const class_names[FINGERPRINT_CLASS_COUNT] = {"core", "deparse", "env"};
static const char *const change_names[] = {"missing", "extra", "changed"};

const char *fingerprint_class_name(FingerprintClass class)
{
    return class_names[class];
}

const char *fingerprint_change_name(FingerprintChangeKind kind)
{
    return change_names[kind];
}

static void row_done(FingerprintRow *row)
{
    free(row->kind);
    free(row->identity);
    free(row->definition);
}

void fingerprint_done(Fingerprint *fingerprint)
{
    array_each (FingerprintRow, row, &fingerprint->rows)
        row_done(row);
    array_free(&fingerprint->rows);
}

/* --- rows ------------------------------------------------------------------------------------ */

/* -1 where there is none. */
static int find_class(const char *name, size_t length)
{
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++)
        if (strlen(class_names[class]) == length && memcmp(class_names[class], name, length) == 0)
            return class;
    return -1;
}

static bool hash_is_valid(const char *hash)
{
    return strspn(hash, "0123456789abcdef") == FINGERPRINT_HASH_SIZE - 1 &&
           hash[FINGERPRINT_HASH_SIZE - 1] == '\0';
}

/* What fingerprint_parse would refuse must not get into an object. */
static bool check_texts(const char *kind, const char *identity, const char *definition, Error *err)
{
    size_t kind_size = strlen(kind), identity_size = strlen(identity);
    if (kind_size < 1 || kind_size > FINGERPRINT_KIND_MAX)
        return error_set(err, ERROR_INPUT, "fingerprint: a kind of %zu bytes, not 1 to %d",
                         kind_size, FINGERPRINT_KIND_MAX);
    if (identity_size > FINGERPRINT_IDENTITY_MAX)
        return error_set(err, ERROR_INPUT,
                         "fingerprint: the identity of a %s has more than %d bytes", kind,
                         FINGERPRINT_IDENTITY_MAX);
    if (definition && strlen(definition) > (size_t)FINGERPRINT_DEFINITION_MAX)
        return error_set(err, ERROR_INPUT,
                         "fingerprint: the definition of %s %.200s has more than %lld bytes", kind,
                         identity, (long long)FINGERPRINT_DEFINITION_MAX);
    return true;
}

static bool choose_hash(const FingerprintRow *row, const char *given,
                        char ret_hash[static FINGERPRINT_HASH_SIZE], Error *err)
{
    if (given && !hash_is_valid(given))
        return error_set(err, ERROR_INPUT,
                         "fingerprint: the hash of %s %.200s is none of 64 lower-case hex digits",
                         row->kind, row->identity);
    if (!row->definition) {
        if (!given)
            return error_set(err, ERROR_INPUT,
                             "fingerprint: %s %.200s has neither hash nor definition", row->kind,
                             row->identity);
        memcpy(ret_hash, given, FINGERPRINT_HASH_SIZE);
        return true;
    }
    digest_sha256_hex(row->definition, strlen(row->definition), ret_hash);
    if (given && strcmp(given, ret_hash) != 0)
        return error_set(err, ERROR_INPUT,
                         "fingerprint: the hash of %s %.200s is not that of its definition",
                         row->kind, row->identity);
    return true;
}

bool fingerprint_add(Fingerprint *fingerprint, const char *class, const char *kind,
                     const char *identity, const char *hash, const char *definition, Error *err)
{
    int found = find_class(class, strlen(class));
    if (found < 0)
        return error_set(err, ERROR_INPUT, "fingerprint: '%.64s' is no class", class);
    if (fingerprint->rows.count == FINGERPRINT_ROWS_MAX)
        return error_set(err, ERROR_INPUT, "fingerprint: more than %d rows", FINGERPRINT_ROWS_MAX);
    const FingerprintRow given = {
        .class = (FingerprintClass)found,
        .kind = (char *)(uintptr_t)kind,
        .identity = (char *)(uintptr_t)identity,
        .definition = (char *)(uintptr_t)definition,
    };
    char chosen[FINGERPRINT_HASH_SIZE];
    if (!check_texts(kind, identity, definition, err) || !choose_hash(&given, hash, chosen, err))
        return false;
    FingerprintRow *row = array_add(&fingerprint->rows);
    *row = (FingerprintRow){
        .class = given.class,
        .kind = memory_string(kind),
        .identity = memory_string(identity),
        .definition = memory_string(definition),
    };
    memcpy(row->hash, chosen, sizeof(row->hash));
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    const FingerprintRow *first = a, *second = b;
    if (first->class != second->class)
        return first->class < second->class ? -1 : 1;
    int order = strcmp(first->kind, second->kind);
    return order ? order : strcmp(first->identity, second->identity);
}

bool fingerprint_sort(Fingerprint *fingerprint, Error *err)
{
    size_t count = fingerprint->rows.count;
    FingerprintRow *rows = fingerprint->rows.items;
    if (count)
        qsort(rows, count, sizeof(*rows), compare_rows);
    for (size_t i = 1; i < count; i++)
        if (compare_rows(&rows[i - 1], &rows[i]) == 0)
            return error_set(err, ERROR_INPUT, "fingerprint: two rows for %s %.200s", rows[i].kind,
                             rows[i].identity);
    return true;
}

/* --- text and roots -------------------------------------------------------------------------- */

/* The characters that have a meaning in the text of rows, and what is written behind a backslash
 * for each. */
static const char special[] = "\t\n\r\\";
static const char special_letters[] = "tnr\\";

static void add_escaped(Text *text, const char *string)
{
    for (;;) {
        size_t plain = strcspn(string, special);
        text_add_n(text, string, plain);
        string += plain;
        if (!*string)
            return;
        text_add_char(text, '\\');
        text_add_char(text, special_letters[strchr(special, *string) - special]);
        string++;
    }
}

void fingerprint_roots(const Fingerprint *fingerprint, FingerprintRoots *ret_roots)
{
    DigestStream streams[FINGERPRINT_CLASS_COUNT];
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++)
        digest_begin(&streams[class]);
    CLEANUP(text_done) Text line = {0};
    array_each (const FingerprintRow, row, &fingerprint->rows) {
        text_clear(&line);
        add_escaped(&line, row->kind);
        text_add_char(&line, '\t');
        add_escaped(&line, row->identity);
        text_add_char(&line, '\t');
        text_add_n(&line, row->hash, FINGERPRINT_HASH_SIZE - 1);
        text_add_char(&line, '\n');
        digest_update(&streams[row->class], line.bytes, line.length);
    }
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++)
        ret_roots->classes[class] = digest_end(&streams[class]);
}

bool fingerprint_roots_equal(const FingerprintRoots *a, const FingerprintRoots *b)
{
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++)
        if (!digest_equal(&a->classes[class], &b->classes[class]))
            return false;
    return true;
}

static void add_title(Text *text)
{
    text_addf(text, "sealift-fingerprint %d\n", FINGERPRINT_ALGORITHM);
}

void fingerprint_format(const Fingerprint *fingerprint, Text *text)
{
    add_title(text);
    array_each (const FingerprintRow, row, &fingerprint->rows) {
        text_add(text, fingerprint_class_name(row->class));
        text_add_char(text, '\t');
        add_escaped(text, row->kind);
        text_add_char(text, '\t');
        add_escaped(text, row->identity);
        text_add_char(text, '\t');
        add_escaped(text, row->definition);
        text_add_char(text, '\n');
    }
}

/* --- reading that text ----------------------------------------------------------------------- */

/* The lines that are left, and the number of the one being read. */
typedef struct Lines {
    const char *at;
    const char *end;
    size_t number;
    Error *err;
} Lines;

/* One line's column: its bytes as they stand there. */
typedef struct Field {
    const char *bytes;
    size_t length;
} Field;

#define FIELD_COUNT 4 /* class, kind, identity, definition */

static bool refuse_line(const Lines *lines, const char *what)
{
    return error_set(lines->err, ERROR_INPUT, "fingerprint: line %zu: %s", lines->number, what);
}

static bool next_fields(Lines *lines, Field fields[static FIELD_COUNT])
{
    lines->number++;
    const char *stop = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
    if (!stop)
        return refuse_line(lines, "does not end in a line feed");
    for (int i = 0; i < FIELD_COUNT; i++) {
        const char *tab = memchr(lines->at, '\t', (size_t)(stop - lines->at));
        if ((tab == NULL) != (i == FIELD_COUNT - 1))
            return refuse_line(lines, "has not four columns");
        const char *end = tab ? tab : stop;
        fields[i] = (Field){.bytes = lines->at, .length = (size_t)(end - lines->at)};
        lines->at = end + 1;
    }
    return true;
}

/* The text that a column stands for; NULL where a byte may not stand there as it does. */
static char *unescape(const Field *field)
{
    char *text = memory_zeroed(field->length + 1, 1);
    size_t length = 0;
    for (size_t i = 0; i < field->length; i++) {
        char character = field->bytes[i];
        if (character == '\\') {
            char letter = ++i < field->length ? field->bytes[i] : '\0';
            const char *found = letter ? strchr(special_letters, letter) : NULL;
            character = found ? special[found - special_letters] : '\0';
        } else if (character == '\r') {
            character = '\0';
        }
        if (character == '\0') {
            free(text);
            return NULL;
        }
        text[length++] = character;
    }
    return text;
}

static bool parse_texts(const Lines *lines, const Field fields[static FIELD_COUNT],
                        FingerprintRow *row)
{
    static const int64_t most[FIELD_COUNT] = {0, FINGERPRINT_KIND_MAX, FINGERPRINT_IDENTITY_MAX,
                                              FINGERPRINT_DEFINITION_MAX};
    char **const texts[FIELD_COUNT] = {NULL, &row->kind, &row->identity, &row->definition};
    for (int i = 1; i < FIELD_COUNT; i++) {
        *texts[i] = unescape(&fields[i]);
        if (!*texts[i])
            return refuse_line(lines, "has a byte or an escape that is none");
        if (strlen(*texts[i]) > (size_t)most[i])
            return refuse_line(lines, "is longer than any may be");
    }
    return row->kind[0] || refuse_line(lines, "names no kind");
}

static bool parse_row(Lines *lines, Fingerprint *fingerprint)
{
    Field fields[FIELD_COUNT];
    if (!next_fields(lines, fields))
        return false;
    int class = find_class(fields[0].bytes, fields[0].length);
    if (class < 0)
        return refuse_line(lines, "begins with no class");
    if (fingerprint->rows.count == FINGERPRINT_ROWS_MAX)
        return refuse_line(lines, "is one row too many");
    FingerprintRow *row = array_add(&fingerprint->rows);
    row->class = (FingerprintClass) class;
    if (!parse_texts(lines, fields, row))
        return false;
    digest_sha256_hex(row->definition, strlen(row->definition), row->hash);
    if (fingerprint->rows.count > 1 && compare_rows(row - 1, row) >= 0)
        return refuse_line(lines, "does not come after the one before");
    return true;
}

bool fingerprint_parse(const char *bytes, size_t size, Fingerprint *ret_fingerprint, Error *err)
{
    if (size > (size_t)FINGERPRINT_SIZE_MAX)
        return error_set(err, ERROR_INPUT, "fingerprint: %zu bytes, more than %lld", size,
                         (long long)FINGERPRINT_SIZE_MAX);
    CLEANUP(text_done) Text title = {0};
    add_title(&title);
    if (size < title.length || memcmp(bytes, title.bytes, title.length) != 0)
        return error_set(err, ERROR_INPUT,
                         "fingerprint: does not begin with 'sealift-fingerprint %d'",
                         FINGERPRINT_ALGORITHM);
    CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
    Lines lines = {.at = bytes + title.length, .end = bytes + size, .number = 1, .err = err};
    while (lines.at < lines.end)
        if (!parse_row(&lines, &fingerprint))
            return false;
    *ret_fingerprint = fingerprint;
    fingerprint = (Fingerprint){0};
    return true;
}

/* --- differences ----------------------------------------------------------------------------- */

/* NULL behind the last. */
static const FingerprintRow *row_at(const Fingerprint *fingerprint, size_t index)
{
    return index < fingerprint->rows.count ? &fingerprint->rows.items[index] : NULL;
}

void fingerprint_compare(const Fingerprint *expected, const Fingerprint *actual,
                         FingerprintChangeArray *ret_changes)
{
    size_t left = 0, right = 0;
    FingerprintChangeArray changes = {0};
    while (left < expected->rows.count || right < actual->rows.count) {
        const FingerprintRow *old = row_at(expected, left), *new = row_at(actual, right);
        int order = !old ? 1 : !new ? -1 : compare_rows(old, new);
        if (order == 0 && memcmp(old->hash, new->hash, sizeof(old->hash)) != 0)
            *array_add(&changes) = (FingerprintChange){CHANGE_CHANGED, old, new};
        else if (order < 0)
            *array_add(&changes) = (FingerprintChange){CHANGE_MISSING, old, NULL};
        else if (order > 0)
            *array_add(&changes) = (FingerprintChange){CHANGE_EXTRA, NULL, new};
        left += order <= 0;
        right += order >= 0;
    }
    *ret_changes = changes;
}

const FingerprintRow *fingerprint_change_row(const FingerprintChange *change)
{
    return change->expected ? change->expected : change->actual;
}

void fingerprint_change_text(const FingerprintChange *change, Text *text)
{
    const FingerprintRow *row = fingerprint_change_row(change);
    CLEANUP(memory_freep) char *kind = text_printable(row->kind, strlen(row->kind), SIZE_MAX);
    CLEANUP(memory_freep)
    char *identity = text_printable(row->identity, strlen(row->identity), SIZE_MAX);
    text_addf(text, "%s %s: %s", kind, identity, fingerprint_change_name(change->kind));
}
