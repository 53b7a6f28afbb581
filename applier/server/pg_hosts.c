#include "applier/server/pg_hosts.h"

#include <stdbool.h>

#include "base/memory.h"

/* What libpq takes where a list of ports has an empty item; libpq passes over an empty value. */
#define PORT_DEFAULT "5432"

void pg_hosts_done(PgHostArray *hosts)
{
    array_each (PgHost, host, hosts) {
        free(host->host);
        free(host->hostaddr);
        free(host->port);
    }
    array_free(hosts);
}

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *option = options; option->keyword; option++)
        if (strcmp(option->keyword, keyword) == 0)
            return option->val ? option->val : "";
    return "";
}

static size_t item_count(const char *list)
{
    size_t count = 1;
    for (; *list; list++)
        count += *list == ',';
    return count;
}

/* The `index`-th of a list separated by commas, or "". The caller frees. */
static char *item_of(const char *list, size_t index)
{
    for (; index > 0; index--) {
        list = strchr(list, ',');
        if (!list)
            return memory_string("");
        list++;
    }
    return memory_string_n(list, strcspn(list, ","));
}

/* One address may be missing where others are not; then only libpq can say what is meant. */
static bool has_gap(const PgHostArray *hosts, bool addressed)
{
    array_each (const PgHost, host, hosts)
        if (addressed ? !*host->hostaddr : !*host->host)
            return true;
    return false;
}

void pg_hosts_of(const PQconninfoOption *options, PgHostArray *ret_hosts)
{
    PgHostArray hosts = {0};
    const char *host = value_of(options, "host"), *hostaddr = value_of(options, "hostaddr");
    const char *port = value_of(options, "port");
    size_t count = item_count(*hostaddr ? hostaddr : host);
    bool one_port = item_count(port) == 1;
    *ret_hosts = hosts;
    if (count < 2 || strcmp(value_of(options, "target_session_attrs"), "prefer-standby") == 0)
        return;
    for (size_t i = 0; i < count; i++)
        *array_add(&hosts) = (PgHost){.host = item_of(host, i),
                                      .hostaddr = item_of(hostaddr, i),
                                      .port = item_of(port, one_port ? 0 : i)};
    array_each (PgHost, each, &hosts) {
        if (*each->port)
            continue;
        free(each->port);
        each->port = memory_string(PORT_DEFAULT);
    }
    if (has_gap(&hosts, *hostaddr))
        pg_hosts_done(&hosts);
    *ret_hosts = hosts;
}
