#include "applier/server/pg_conninfo.h"

#include <libpq-fe.h>

#include "base/memory.h"

bool pg_conninfo_is_string(const char *conninfo)
{
    return strchr(conninfo, '=') || text_has_prefix(conninfo, "postgres://") ||
           text_has_prefix(conninfo, "postgresql://");
}

/* Of userinfo@host/database?parameters one '@', and before the first '/'; else libpq takes what is
 * behind the wrong one for a host, a port or a database, and they are shown. */
static bool is_ambiguous(const char *conninfo)
{
    const char *at = strstr(conninfo, "://");
    bool in_path = false;
    int signs = 0;
    if (!at)
        return false;
    for (at += 3; *at && *at != '?'; at++) {
        if (*at == '/')
            in_path = true;
        if (*at == '@' && (in_path || ++signs > 1))
            return true;
    }
    return false;
}

bool pg_conninfo_check(const char *conninfo, Error *err)
{
    bool uri =
        text_has_prefix(conninfo, "postgres://") || text_has_prefix(conninfo, "postgresql://");
    if (strstr(conninfo, "://") && !uri && !strchr(conninfo, '=')) {
        error_set(err, ERROR_USAGE, "the connection string is a URI of another program's");
        return error_hint(err, "libpq's begin with postgresql:// and name no driver");
    }
    if (uri && is_ambiguous(conninfo)) {
        error_set(err, ERROR_USAGE,
                  "the connection string cannot be read: there is a '@' that parts "
                  "nothing");
        return error_hint(err,
                          "in a URI a password's own '@' is written %%40, '/' %%2F, '%%' %%25; or "
                          "leave it to PGPASSWORD or a passfile (~/.pgpass)");
    }
    if (!pg_conninfo_is_string(conninfo))
        return true;
    /* libpq's words may repeat a part of the string, a password included */
    char *words = NULL;
    PQconninfoOption *parsed = PQconninfoParse(conninfo, &words);
    PQfreemem(words);
    PQconninfoFree(parsed);
    if (parsed)
        return true;
    error_set(err, ERROR_USAGE, "the connection string cannot be read");
    return error_hint(
        err, "give --db a URI (postgresql://user@host:5432/database; in a password '@' is "
             "written %%40, '/' %%2F, '%%' %%25) or keywords (host=… dbname=… user=…); see "
             "libpq's documentation");
}

static bool is_secret(const char *keyword)
{
    return strcmp(keyword, "password") == 0 || strcmp(keyword, "sslpassword") == 0;
}

/* As libpq's keywords want it. */
static void add_keyword(Text *text, const char *keyword, const char *value)
{
    bool plain = *value && !strpbrk(value, " \t\n\\'");
    text_addf(text, "%s%s=%s", text->length ? " " : "", keyword, plain ? "" : "'");
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            text_add_char(text, '\\');
        text_add_char(text, *value);
    }
    if (!plain)
        text_add_char(text, '\'');
}

char *pg_conninfo_word(const char *conninfo)
{
    CLEANUP(error_done) Error ignored = {0};
    CLEANUP(text_done) Text text = {0};
    if (!*conninfo || !pg_conninfo_check(conninfo, &ignored))
        return NULL;
    if (!pg_conninfo_is_string(conninfo))
        return text_shell_word(conninfo);
    PQconninfoOption *parsed = PQconninfoParse(conninfo, /* errmsg= */ NULL);
    bool secret = false;
    for (const PQconninfoOption *option = parsed; option && option->keyword; option++) {
        if (!option->val)
            continue;
        if (is_secret(option->keyword))
            secret = true;
        else
            add_keyword(&text, option->keyword, option->val);
    }
    PQconninfoFree(parsed);
    return text_shell_word(secret ? text_string(&text) : conninfo);
}
