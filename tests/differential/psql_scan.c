/* the server's headers, in their order */
/* clang-format off */
#include "postgres_fe.h"
#include "fe_utils/psqlscan_int.h"
#include "mb/pg_wchar.h"
/* clang-format on */

#include "tests/differential/psql_scan.h"

const char *psql_scan_skip_nothing(const char *at)
{
    int depth = 0;
    for (;;) {
        if (strncmp(at, "/*", 2) == 0) {
            depth++;
            at += 2;
        } else if (depth && strncmp(at, "*/", 2) == 0) {
            depth--;
            at += 2;
        } else if (!depth && strncmp(at, "--", 2) == 0) {
            at += strcspn(at, "\r\n");
        } else if (*at && (depth || strchr(" \t\r\n\f;", *at))) {
            at++;
        } else {
            return at;
        }
    }
}

typedef struct Scan {
    PsqlScanState state;
    const char *text;
    const char *from; /* where the piece that psql scans begins */
    PQExpBuffer sent;
    int copies; /* what psql counted so far */
} Scan;

/* flex puts a NUL behind the token it found last */
static size_t offset_now(const Scan *scan)
{
    return (size_t)(scan->from - scan->text) + strlen(scan->state->scanbuf);
}

static void scan_from(Scan *scan, const char *from)
{
    psql_scan_finish(scan->state);
    scan->from = from;
    psql_scan_setup(scan->state, from, (int)strlen(from), PG_UTF8, true);
}

/* Behind the newline that ends the line; the end of the text where there is none. */
static const char *next_line(const char *at)
{
    const char *newline = strchr(at, '\n');
    return newline ? newline + 1 : at + strlen(at);
}

/* psql counts the COPY … FROM STDIN that it has seen. It does not mind what stands before the first
 * word; here the statement must begin with it. */
static bool copies_from_stdin(Scan *scan)
{
    int before = scan->copies;
    scan->copies = psql_scan_count_copy_from_stdin(scan->state);
    const char *sent = psql_scan_skip_nothing(scan->sent->data);
    return pg_strncasecmp(sent, "copy", 4) == 0 && !isalnum((unsigned char)sent[4]) &&
           scan->copies > before;
}

static void skip_copy_data(Scan *scan)
{
    const char *line = next_line(scan->text + offset_now(scan));
    while (*line && strncmp(line, "\\.\n", 3) != 0 && strcmp(line, "\\.") != 0)
        line = next_line(line);
    scan_from(scan, *line ? next_line(line) : line);
}

static const char *open_construct(const Scan *scan, promptStatus_t prompt)
{
    switch (prompt) {
    case PROMPT_COMMENT:
        return "comment";
    case PROMPT_SINGLEQUOTE:
        return "string";
    case PROMPT_DOUBLEQUOTE:
        return "quoted identifier";
    case PROMPT_DOLLARQUOTE:
        return "dollar-quoted string";
    case PROMPT_READY:
    case PROMPT_CONTINUE:
    case PROMPT_PAREN:
    case PROMPT_COPY:
        break;
    }
    if (scan->state->paren_depth)
        return "parenthesis";
    return scan->state->begin_depth ? "BEGIN … END body" : NULL;
}

const char *psql_scan_text(const char *text, const PsqlEvents *events)
{
    static const PsqlScanCallbacks callbacks;
    Scan scan = {psql_scan_create(&callbacks), text, text, createPQExpBuffer(), 0};
    psql_scan_setup(scan.state, text, (int)strlen(text), PG_UTF8, true);
    promptStatus_t prompt = PROMPT_READY;
    PsqlScanResult result;
    while ((result = psql_scan(scan.state, scan.sent, &prompt)) == PSCAN_SEMICOLON ||
           result == PSCAN_BACKSLASH) {
        if (result == PSCAN_BACKSLASH) {
            size_t offset = offset_now(&scan) - 1;
            events->backslash(events->context, offset);
            const char *newline = strchr(text + offset, '\n');
            scan_from(&scan, newline ? newline : text + strlen(text));
            continue;
        }
        events->statement(events->context, scan.sent->data, offset_now(&scan));
        if (copies_from_stdin(&scan))
            skip_copy_data(&scan);
        resetPQExpBuffer(scan.sent);
    }
    events->statement(events->context, scan.sent->data, strlen(text));
    const char *open = open_construct(&scan, prompt);
    psql_scan_finish(scan.state);
    psql_scan_destroy(scan.state);
    destroyPQExpBuffer(scan.sent);
    return open;
}

/* A line is cut off in place; NULL behind the last. */
static char *cut_line(char **rest)
{
    char *line = *rest;
    if (!line)
        return NULL;
    *rest = strchr(line, '\n');
    if (*rest)
        *(*rest)++ = '\0';
    return line;
}

size_t psql_scan_count(char *text)
{
    static const PsqlScanCallbacks callbacks;
    Scan scan = {psql_scan_create(&callbacks), text, text, createPQExpBuffer(), 0};
    promptStatus_t prompt = PROMPT_READY;
    size_t statements = 0;
    for (char *line; (line = cut_line(&text)) != NULL;) {
        bool copies = false;
        psql_scan_setup(scan.state, line, (int)strlen(line), PG_UTF8, true);
        while (psql_scan(scan.state, scan.sent, &prompt) == PSCAN_SEMICOLON) {
            copies = copies_from_stdin(&scan);
            statements++;
            resetPQExpBuffer(scan.sent);
        }
        psql_scan_finish(scan.state);
        appendPQExpBufferChar(scan.sent, '\n');
        while (copies && (line = cut_line(&text)) != NULL && strcmp(line, "\\.") != 0)
            continue;
    }
    psql_scan_destroy(scan.state);
    destroyPQExpBuffer(scan.sent);
    return statements;
}
