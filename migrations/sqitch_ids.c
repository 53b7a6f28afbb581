#include "migrations/sqitch_ids.h"

#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/sha1.h"
#include "base/text.h"

#define PIECE_SIZE (64 * 1024)

#define LETTERS_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define UNRESERVED     LETTERS_DIGITS "-_.!~*'()"
#define URI_CHARACTERS ";/?:@&=+$,%#" UNRESERVED

bool sqitch_is_id(const char *text)
{
    return strlen(text) == SQITCH_ID_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == SQITCH_ID_SIZE - 1;
}

/* "KIND LENGTH NUL TEXT", as git hashes its objects. */
static void hash_text(const char *kind, const Text *text, char ret_id[static SQITCH_ID_SIZE])
{
    Sha1Stream stream;
    CLEANUP(memory_freep) char *head = memory_format("%s %zu", kind, text->length);
    sha1_begin(&stream);
    sha1_update(&stream, head, strlen(head) + 1);
    sha1_update(&stream, text_string(text), text->length);
    sha1_end_hex(&stream, ret_id);
}

static void add_project(const SqitchPlan *plan, Text *text)
{
    text_addf(text, "project %s\n", plan->project);
    if (plan->uri)
        text_addf(text, "uri %s\n", plan->uri);
}

static void add_stamp(const SqitchStamp *stamp, Text *text)
{
    text_addf(text, "planner %s <%s>\ndate %s", stamp->planner_name, stamp->planner_email,
              stamp->date);
}

static void add_note(const SqitchStamp *stamp, Text *text)
{
    if (stamp->note)
        text_addf(text, "\n\n%s", stamp->note);
}

/* A change of this project is called without it, whether the plan names it or not. */
static void add_depends(const SqitchChange *change, bool conflicts, Text *text)
{
    bool first = true;
    array_each (const SqitchDepend, depend, &change->depends) {
        if (depend->conflict != conflicts)
            continue;
        if (first)
            text_add(text, conflicts ? "\nconflicts" : "\nrequires");
        first = false;
        text_addf(text, "\n  %c %s%s%s%s", conflicts ? '-' : '+', depend->id ? depend->id : "",
                  depend->name ? depend->name : "", depend->tag ? "@" : "",
                  depend->tag ? depend->tag : "");
    }
}

void sqitch_change_id(const SqitchPlan *plan, size_t index, char ret_id[static SQITCH_ID_SIZE])
{
    const SqitchChange *change = &plan->changes.items[index];
    CLEANUP(text_done) Text text = {0};
    add_project(plan, &text);
    text_addf(&text, "change %s\n", change->name);
    if (index > 0)
        text_addf(&text, "parent %s\n", plan->changes.items[index - 1].id);
    add_stamp(&change->stamp, &text);
    add_depends(change, /* conflicts= */ false, &text);
    add_depends(change, /* conflicts= */ true, &text);
    add_note(&change->stamp, &text);
    hash_text("change", &text, ret_id);
}

void sqitch_tag_id(const SqitchPlan *plan, size_t index, char ret_id[static SQITCH_ID_SIZE])
{
    const SqitchTag *tag = &plan->tags.items[index];
    CLEANUP(text_done) Text text = {0};
    add_project(plan, &text);
    text_addf(&text, "tag @%s\nchange %s\n", tag->name, plan->changes.items[tag->changes - 1].id);
    add_stamp(&tag->stamp, &text);
    add_note(&tag->stamp, &text);
    hash_text("tag", &text, ret_id);
}

bool sqitch_script_hash(const char *path, char ret_hash[static SQITCH_ID_SIZE], Error *err)
{
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE);
    Sha1Stream stream;
    int64_t whole;
    sha1_begin(&stream);
    if (!file_open_regular(path, &fd, &whole, err))
        return false;
    for (size_t size = 1; size > 0; sha1_update(&stream, bytes, size))
        if (!file_read_some(fd, path, bytes, PIECE_SIZE, &size, err))
            return false;
    sha1_end_hex(&stream, ret_hash);
    return true;
}

/* --- %uri ------------------------------------------------------------------------------------ */

/* Schemes whose authority is a host and a port. */
static const struct {
    const char *name;
    const char *port;
    bool slash; /* an empty path is "/" */
} schemes[] = {
    {"http", "80", true}, {"https", "443", true}, {"ftp", "21", false},
    {"ssh", "22", false}, {"sftp", "22", false},  {"rsync", "873", false},
};

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The byte that the escape at `at` stands for; -1 where there is none. */
static int escaped_byte(const char *at, size_t left)
{
    int high = *at == '%' && left > 2 ? hex_value(at[1]) : -1;
    int low = high >= 0 ? hex_value(at[2]) : -1;
    return low >= 0 ? high << 4 | low : -1;
}

static bool may_stand(char c, bool authority)
{
    return c && (strchr(URI_CHARACTERS, c) || (authority && strchr("[]", c)));
}

/* Escapes for what may not stand there, none for what need not be escaped, all in capitals. */
static void add_escaped(const char *from, size_t length, bool authority, Text *text)
{
    for (const char *at = from; at < from + length; at++) {
        int escaped = escaped_byte(at, (size_t)(from + length - at));
        bool needless = escaped > 0 && strchr(UNRESERVED, escaped);
        if (escaped >= 0)
            at += 2;
        if (needless)
            text_add_char(text, (char)escaped);
        else if (escaped < 0 && may_stand(*at, authority))
            text_add_char(text, *at);
        else
            text_addf(text, "%%%02X", escaped >= 0 ? (unsigned)escaped : (unsigned char)*at);
    }
}

/* [user@]host[:port] */
static bool add_authority(const char *from, size_t length, size_t scheme, Text *text)
{
    const char *user = memrchr(from, '@', length);
    size_t skipped = user ? (size_t)(user - from) + 1 : 0;
    add_escaped(from, skipped, /* authority= */ true, text);
    bool bracket = false; /* [::1] */
    for (from += skipped, length -= skipped; length && (bracket || *from != ':');
         from++, length--) {
        if ((unsigned char)*from >= 0x80)
            return false;
        bracket = *from == '[' || (bracket && *from != ']');
        text_add_char(text, *from >= 'A' && *from <= 'Z' ? (char)(*from - 'A' + 'a') : *from);
    }
    const char *own = schemes[scheme].port;
    bool default_port =
        length && *from == ':' &&
        (length == 1 || (strlen(own) == length - 1 && strncmp(from + 1, own, length - 1) == 0));
    if (!default_port)
        add_escaped(from, length, /* authority= */ true, text);
    return true;
}

static size_t find_scheme(const char *uri, size_t length)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (strlen(schemes[i].name) == length && strncasecmp(schemes[i].name, uri, length) == 0)
            return i;
    return SIZE_MAX;
}

char *sqitch_canonical_uri(const char *uri)
{
    CLEANUP(text_done) Text text = {0};
    size_t colon = strspn(uri, LETTERS_DIGITS "+-."), scheme = SIZE_MAX;
    if (colon && uri[colon] == ':') {
        for (size_t i = 0; i < colon; i++)
            text_add_char(&text,
                          uri[i] >= 'A' && uri[i] <= 'Z' ? (char)(uri[i] - 'A' + 'a') : uri[i]);
        text_add_char(&text, ':');
        scheme = find_scheme(uri, colon);
        uri += colon + 1;
    }
    if (scheme != SIZE_MAX && text_has_prefix(uri, "//")) {
        size_t length = strcspn(uri + 2, "/?#");
        text_add(&text, "//");
        if (!add_authority(uri + 2, length, scheme, &text))
            return NULL;
        uri += 2 + length;
        if (schemes[scheme].slash && *uri != '/' && *uri != '?')
            text_add_char(&text, '/');
    }
    add_escaped(uri, strlen(uri), /* authority= */ false, &text);
    return text_take(&text);
}
