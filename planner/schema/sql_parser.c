#include "planner/schema/sql_parser.h"

#include <errno.h>
#include <fcntl.h>
#include <pg_query.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

#define CHILD_SOCKET 3 /* the child's only descriptor beside the three standard ones */

const SqlParserLimits sql_parser_limits = {
    .statement_size_max = 1 << 20,
    .answer_size_max = 64 << 20,
    .memory_max = (size_t)1 << 30,
    .cpu_seconds = 10,
    .wall_seconds = 60,
};

struct SqlParser {
    SqlParserLimits limits;
    pid_t pid; /* 0: no child */
    int fd;
};

/* What the child answers, in front of `size` bytes: the tree, or the grammar's words. */
typedef struct Answer {
    uint32_t is_tree;
    uint32_t cursor; /* in characters, from 1; 0 not known */
    uint64_t size;
} Answer;

void sql_parse_done(SqlParse *parse)
{
    free(parse->tree);
    free(parse->message);
    *parse = (SqlParse){0};
}

/* -- the child: nothing here returns an error, it ends -- */

static void child_write(const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size) {
        ssize_t sent = send(CHILD_SOCKET, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            _exit(1);
        at += sent;
        size -= (size_t)sent;
    }
}

static void child_read(void *bytes, size_t size)
{
    char *at = bytes;
    while (size) {
        ssize_t got = read(CHILD_SOCKET, at, size);
        if (got <= 0)
            _exit(0); /* the parent is done */
        at += got;
        size -= (size_t)got;
    }
}

static void child_limit(__rlimit_resource_t resource, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        _exit(1);
    limit.rlim_cur = limit.rlim_max < most ? limit.rlim_max : most;
    if (resource != RLIMIT_CPU) /* which is raised with every statement */
        limit.rlim_max = limit.rlim_cur;
    if (setrlimit(resource, &limit) != 0)
        _exit(1);
}

static void child_confine(int fd, const SqlParserLimits *limits)
{
    int null = open("/dev/null", O_RDWR);
    for (int standard = 0; standard < CHILD_SOCKET; standard++)
        if (null < 0 || dup2(null, standard) < 0)
            _exit(1);
    if (dup2(fd, CHILD_SOCKET) < 0 || close_range(CHILD_SOCKET + 1, ~0U, 0) != 0)
        _exit(1);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(1);
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);
    /* ^C ends the parent, which ends the child; not the other way round */
    (void)signal(SIGINT, SIG_IGN);
    child_limit(RLIMIT_CORE, 0);
    child_limit(RLIMIT_FSIZE, 0);
    child_limit(RLIMIT_NOFILE, CHILD_SOCKET + 1);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow memory is terabytes of address space */
    child_limit(RLIMIT_AS, limits->memory_max);
#else
    (void)limits;
#endif
}

static void child_answer(const char *sql)
{
    PgQueryParseResult result = pg_query_parse(sql);
    const char *bytes = result.error ? result.error->message : result.parse_tree;
    Answer answer = {
        .is_tree = !result.error,
        .cursor =
            result.error && result.error->cursorpos > 0 ? (uint32_t)result.error->cursorpos : 0,
        .size = strlen(bytes),
    };
    child_write(&answer, sizeof answer);
    child_write(bytes, answer.size);
    pg_query_free_parse_result(result);
}

static NORETURN void child_main(int fd, const SqlParserLimits *limits)
{
    child_confine(fd, limits);
    for (;;) {
        uint64_t size;
        child_read(&size, sizeof size);
        char *sql = malloc((size_t)size + 1);
        if (!sql)
            _exit(1);
        child_read(sql, (size_t)size);
        sql[size] = '\0';
        struct rusage usage;
        if (getrusage(RUSAGE_SELF, &usage) != 0)
            _exit(1);
        child_limit(RLIMIT_CPU, (rlim_t)usage.ru_utime.tv_sec + (rlim_t)usage.ru_stime.tv_sec +
                                    limits->cpu_seconds + 1);
        child_answer(sql);
        free(sql);
    }
}

/* -- the parent -- */

SqlParser *sql_parser_new(const SqlParserLimits *limits)
{
    SqlParser *parser = memory_new(SqlParser);
    parser->limits = *limits;
    parser->fd = -1;
    return parser;
}

/* End the child, and say how it ended by itself where it did. */
static int end_child(SqlParser *parser)
{
    int status = 0;
    file_closep(&parser->fd);
    parser->fd = -1;
    if (!parser->pid)
        return 0;
    /* one that has crashed is not killed by this: it waits to be looked at */
    (void)kill(parser->pid, SIGKILL);
    while (waitpid(parser->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    parser->pid = 0;
    return status;
}

void sql_parser_free(SqlParser *parser)
{
    if (!parser)
        return;
    (void)end_child(parser);
    free(parser);
}

static bool start_child(SqlParser *parser, Error *err)
{
    int pair[2];
    if (parser->pid)
        return true;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return error_set(err, ERROR_IO, "cannot make a socket pair for the SQL parser: %m");
    pid_t pid = fork();
    if (pid == 0)
        child_main(pair[1], &parser->limits);
    (void)close(pair[1]);
    if (pid < 0) {
        error_set(err, ERROR_IO, "cannot start the SQL parser: %m");
        (void)close(pair[0]);
        return false;
    }
    parser->pid = pid;
    parser->fd = pair[0];
    return true;
}

/* What became of an exchange of bytes with the child. */
typedef enum { EXCHANGE_DONE, EXCHANGE_ENDED, EXCHANGE_LATE } Exchange;

/* Until `deadline_ms`, wait for the descriptor. */
static Exchange wait_for(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = deadline_ms - clock_monotonic_ms();
        if (left <= 0)
            return EXCHANGE_LATE;
        struct pollfd waiting = {.fd = fd, .events = events};
        int ready = poll(&waiting, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (ready > 0)
            return EXCHANGE_DONE;
        if (ready < 0 && errno != EINTR)
            return EXCHANGE_ENDED;
    }
}

static Exchange give(const SqlParser *parser, const void *bytes, size_t size, int64_t deadline_ms)
{
    const char *at = bytes;
    while (size) {
        Exchange ready = wait_for(parser->fd, POLLOUT, deadline_ms);
        if (ready != EXCHANGE_DONE)
            return ready;
        ssize_t sent = send(parser->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return EXCHANGE_ENDED;
        if (sent > 0) {
            at += sent;
            size -= (size_t)sent;
        }
    }
    return EXCHANGE_DONE;
}

static Exchange take(const SqlParser *parser, void *bytes, size_t size, int64_t deadline_ms)
{
    char *at = bytes;
    while (size) {
        Exchange ready = wait_for(parser->fd, POLLIN, deadline_ms);
        if (ready != EXCHANGE_DONE)
            return ready;
        ssize_t got = recv(parser->fd, at, size, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return EXCHANGE_ENDED;
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
    return EXCHANGE_DONE;
}

static bool failed(SqlParse *parse, const char *words)
{
    parse->outcome = SQL_PARSE_FAILED;
    parse->message = memory_string(words);
    return true;
}

/* The child gave no answer: it ended by itself, or is late. */
static bool no_answer(SqlParser *parser, Exchange exchange, SqlParse *parse)
{
    if (exchange == EXCHANGE_LATE) {
        (void)end_child(parser);
        return failed(parse, "the parser took too long");
    }
    int status = end_child(parser);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        return failed(parse, "the parser took too long");
    return failed(parse, "the parser crashed or ran out of memory");
}

/* The place of character number `cursor`, counted from 1, in bytes. */
static int64_t byte_offset(const char *sql, size_t size, uint32_t cursor)
{
    size_t at = 0;
    for (uint32_t character = 1; character < cursor && at < size; character++)
        do
            at++;
        while (at < size && ((unsigned char)sql[at] & 0xC0) == 0x80);
    return at < size ? (int64_t)at : 0;
}

static bool take_answer(SqlParser *parser, const char *sql, size_t size, int64_t deadline_ms,
                        SqlParse *parse)
{
    Answer answer;
    Exchange exchange = take(parser, &answer, sizeof answer, deadline_ms);
    if (exchange != EXCHANGE_DONE)
        return no_answer(parser, exchange, parse);
    if (answer.size > parser->limits.answer_size_max) {
        (void)end_child(parser);
        return failed(parse, "its parse tree is too large");
    }
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, (size_t)answer.size + 1);
    exchange = take(parser, bytes, (size_t)answer.size, deadline_ms);
    if (exchange != EXCHANGE_DONE)
        return no_answer(parser, exchange, parse);
    if (answer.is_tree) {
        parse->tree_size = (size_t)answer.size;
        parse->tree = TAKE_PTR(bytes);
        return true;
    }
    parse->outcome = SQL_PARSE_REFUSED;
    parse->message = TAKE_PTR(bytes);
    parse->offset = byte_offset(sql, size, answer.cursor);
    return true;
}

bool sql_parser_parse(SqlParser *parser, const char *sql, size_t size, SqlParse *ret_parse,
                      Error *err)
{
    SqlParse parse = {0};
    if (!start_child(parser, err))
        return false;
    int64_t deadline_ms = clock_monotonic_ms() + (int64_t)parser->limits.wall_seconds * 1000;
    uint64_t length = size;
    Exchange exchange = EXCHANGE_DONE;
    if (size > parser->limits.statement_size_max) {
        (void)failed(&parse, "the statement is too large to be parsed");
        *ret_parse = parse;
        return true;
    }
    exchange = give(parser, &length, sizeof length, deadline_ms);
    if (exchange == EXCHANGE_DONE)
        exchange = give(parser, sql, size, deadline_ms);
    if (exchange != EXCHANGE_DONE)
        (void)no_answer(parser, exchange, &parse);
    else
        (void)take_answer(parser, sql, size, deadline_ms, &parse);
    *ret_parse = parse;
    return true;
}
