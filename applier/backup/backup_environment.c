#include "applier/backup/backup_environment.h"

#include "base/memory.h"

void owned_strings_done(OwnedStringArray *strings)
{
    array_each (char *, string, strings)
        free(*string);
    array_free(strings);
}

static bool is_name(const char *name_and_value, const char *name)
{
    size_t length = strlen(name);
    return strncmp(name_and_value, name, length) == 0 && name_and_value[length] == '=';
}

bool backup_environment_keeps(const char *name_and_value)
{
    static const char *const dropped[] = {"DATABASE_URL", "BASH_ENV",   "ENV",
                                          "CDPATH",       "IFS",        "PGOPTIONS",
                                          "PGSERVICE",    "PGHOSTADDR", "PGAPPNAME"};
    if (text_has_prefix(name_and_value, "LD_") || text_has_prefix(name_and_value, "SEALIFT_"))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(dropped); i++)
        if (is_name(name_and_value, dropped[i]))
            return false;
    return true;
}

/* What libpq is told otherwise, or what is ours alone. */
static bool is_left_out(const PQconninfoOption *option, BackupPassword password)
{
    static const char *const words[] = {"host",
                                        "port",
                                        "dbname",
                                        "user",
                                        "options",
                                        "service",
                                        "servicefile",
                                        "hostaddr",
                                        "application_name",
                                        "client_encoding",
                                        "connect_timeout"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(option->keyword, words[i]) == 0)
            return true;
    return strcmp(option->keyword, "password") == 0 && password != PASSWORD_OF_THE_SESSION;
}

static void add(OwnedStringArray *variables, const char *name, const char *value)
{
    if (value && *value)
        *array_add(variables) = memory_format("%s=%s", name, value);
}

void backup_environment_make(const PgSession *session, BackupPassword password,
                             OwnedStringArray *ret_variables)
{
    OwnedStringArray variables = {0};
    PGconn *connection = session->connection;
    add(&variables, "PGHOST", PQhost(connection));
    add(&variables, "PGPORT", PQport(connection));
    add(&variables, "PGDATABASE", session->facts.database);
    add(&variables, "PGUSER", PQuser(connection));
    PQconninfoOption *all = PQconninfo(connection);
    for (const PQconninfoOption *option = all; option && option->keyword; option++) {
        if (strcmp(option->keyword, "hostaddr") == 0 && option->val && *option->val)
            add(&variables, "PGHOSTADDR", PQhostaddr(connection));
        else if (option->envvar && !is_left_out(option, password))
            add(&variables, option->envvar, option->val);
    }
    PQconninfoFree(all);
    *array_add(&variables) = NULL;
    *ret_variables = variables;
}

static void add_secret(OwnedStringArray *secrets, const char *secret)
{
    if (secret && *secret)
        *array_add(secrets) = memory_string(secret);
}

void backup_secrets_find(const PgSession *session, OwnedStringArray *ret_secrets)
{
    OwnedStringArray secrets = {0};
    PQconninfoOption *all = PQconninfo(session->connection);
    for (const PQconninfoOption *option = all; option && option->keyword; option++)
        if (strcmp(option->keyword, "password") == 0 || strcmp(option->keyword, "sslpassword") == 0)
            add_secret(&secrets, option->val);
    PQconninfoFree(all);
    add_secret(&secrets, PQpass(session->connection));
    add_secret(&secrets, getenv("PGPASSWORD"));
    *ret_secrets = secrets;
}

char *backup_secrets_hide(const OwnedStringArray *secrets, const char *line)
{
    Text text = {0};
    for (const char *at = line; *at;) {
        size_t hidden = 0;
        array_each (char *const, secret, secrets)
            if (text_has_prefix(at, *secret) && strlen(*secret) > hidden)
                hidden = strlen(*secret);
        if (hidden)
            text_add(&text, "***");
        else
            text_add_char(&text, *at);
        at += hidden ? hidden : 1;
    }
    return text_take(&text);
}
