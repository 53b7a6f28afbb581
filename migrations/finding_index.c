#include "migrations/finding_index.h"

#include "base/text.h"

static int compare_names(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_mentions(const void *a, const void *b)
{
    const FindingMention *one = a, *other = b;
    int order = compare_names(one->name, one->length, other->name, other->length);
    return order ? order : (one->finding > other->finding) - (one->finding < other->finding);
}

static void add(FindingIndex *index, const char *name, const char *end, size_t finding)
{
    *array_add(&index->mentions) = (FindingMention){name, (size_t)(end - name), finding};
}

void finding_index_init(FindingIndex *index, const FindingArray *findings)
{
    *index = (FindingIndex){.findings = findings};
    for (size_t i = 0; i < findings->count; i++) {
        const char *message = findings->items[i].message;
        const char *colon = strchr(message, ':'), *quote = strchr(message, '\'');
        if (colon)
            add(index, message, colon, i);
        for (const char *next; quote && (next = strchr(quote + 1, '\'')); quote = next)
            add(index, quote + 1, next, i);
    }
    if (index->mentions.count)
        qsort(index->mentions.items, index->mentions.count, sizeof(FindingMention),
              compare_mentions);
}

void finding_index_done(FindingIndex *index)
{
    array_free(&index->mentions);
}

static const Finding *worse(const Finding *one, const Finding *other)
{
    return !one || other->severity < one->severity ? other : one;
}

/* A name that holds what ends one in a message cannot be cut out of it. */
static const Finding *look_through(const FindingArray *findings, const char *path)
{
    CLEANUP(memory_freep) char *quoted = memory_format("'%s'", path);
    CLEANUP(memory_freep) char *with_line = memory_format("%s:", path);
    const Finding *about = NULL;
    array_each (const Finding, finding, findings)
        if (strstr(finding->message, quoted) || text_has_prefix(finding->message, with_line))
            about = worse(about, finding);
    return about;
}

const Finding *finding_index_about(const FindingIndex *index, const char *path)
{
    size_t first = 0, end = index->mentions.count, length = strlen(path);
    const Finding *about = NULL;
    if (strpbrk(path, "':"))
        return look_through(index->findings, path);
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        const FindingMention *at = &index->mentions.items[middle];
        if (compare_names(at->name, at->length, path, length) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    for (; first < index->mentions.count; first++) {
        const FindingMention *at = &index->mentions.items[first];
        if (compare_names(at->name, at->length, path, length) != 0)
            break;
        about = worse(about, &index->findings->items[at->finding]);
    }
    return about;
}
