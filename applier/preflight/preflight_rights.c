#include "applier/preflight/preflight_checks.h"
#include "applier/runs/relation_rights.h"
#include "applier/server/pg_array.h"
#include "applier/server/pg_query.h"
#include "applier/sql/preflight_queries.h"

bool preflight_check_role(Preflight *preflight, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    Findings *findings = preflight->findings;
    if (!pg_query(preflight->session, SQL_preflight_role, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return false;
    const char *groups = pg_result_text(row, 0, 3);
    if (pg_result_bool(row, 0, 0)) {
        bool refused = preflight->options->run->refuse_superuser;
        findings_add(findings, refused ? LEVEL_BLOCKS : LEVEL_WARNS, preflight->role,
                     "this role is a superuser%s: the steps may do anything to this server",
                     refused ? ", which this site's policy refuses" : "");
        findings_advise(findings, "connect as the role that owns the schema: that is enough");
    } else {
        findings_add(findings, LEVEL_INFORMS, preflight->role, "the steps run as this role%s%s",
                     *groups ? ", a member of " : ", a member of no other", groups);
    }
    if (!pg_result_bool(row, 0, 2)) {
        findings_add(findings, LEVEL_INFORMS, preflight->role,
                     "this role does not see what the sessions of others do, nor how far standbys "
                     "are: some of what follows is not checked");
        findings_advise(findings, "grant it that, or run the preflight as a role that has it");
        findings_sql(findings, "GRANT pg_monitor TO %s;", preflight->role);
    }
    return true;
}

/* --- making ---------------------------------------------------------------------------------- */

static void lack_database(Preflight *preflight, const char *for_what)
{
    findings_add(preflight->findings, LEVEL_BLOCKS, preflight->database,
                 "role %s may make no schema in this database, and %s", preflight->role, for_what);
    findings_sql(preflight->findings, "GRANT CREATE ON DATABASE %s TO %s;", preflight->database,
                 preflight->role);
}

static const char *find_schema(const PGresult *rows, const char *identity, bool *ret_may_create)
{
    for (int i = 0; i < PQntuples(rows); i++) {
        if (strcmp(pg_result_text(rows, i, 0), identity) != 0)
            continue;
        *ret_may_create = pg_result_bool(rows, i, 2);
        return pg_result_text(rows, i, 1);
    }
    return NULL;
}

static bool may_create(Preflight *preflight, bool *ret_may, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(preflight->session, SQL_preflight_role, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return false;
    *ret_may = pg_result_bool(row, 0, 1);
    return true;
}

static bool read_schemas(Preflight *preflight, PGresult **ret_rows, Error *err)
{
    ARRAY_OF(const char *) names = {0};
    CLEANUP(text_done) Text literal = {0};
    array_each (const TouchedObject, object, &preflight->touched.objects)
        if (object->kind == TOUCHED_SCHEMA)
            *array_add(&names) = object->identity;
    pg_array_text(names.items, names.count, &literal);
    array_free(&names);
    return pg_query(preflight->session, SQL_preflight_schemas,
                    PG_VALUES(pg_text(text_string(&literal))), PG_ROWS, ret_rows, err);
}

bool preflight_check_create(Preflight *preflight, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    bool may = false, said = false;
    if (!may_create(preflight, &may, err) || !read_schemas(preflight, &rows, err))
        return false;
    if (!may && !preflight->history.managed) {
        lack_database(preflight, "the ledger is kept in the schema sealift");
        said = true;
    }
    array_each (const TouchedObject, object, &preflight->touched.objects) {
        bool may_there = false;
        const char *quoted =
            object->kind == TOUCHED_SCHEMA ? find_schema(rows, object->identity, &may_there) : "";
        if (!quoted && !may && !said) {
            lack_database(preflight, "the run makes one");
            said = true;
        }
        if (object->kind != TOUCHED_SCHEMA || !quoted || may_there)
            continue;
        findings_add(preflight->findings, LEVEL_BLOCKS, object->identity,
                     "the run makes objects in this schema, and role %s may not", preflight->role);
        findings_sql(preflight->findings, "GRANT CREATE ON SCHEMA %s TO %s;", quoted,
                     preflight->role);
    }
    return true;
}

/* --- owning ---------------------------------------------------------------------------------- */

static const char *alter_word(char relkind)
{
    switch (relkind) {
    case 'v':
        return "VIEW";
    case 'm':
        return "MATERIALIZED VIEW";
    case 'S':
        return "SEQUENCE";
    case 'f':
        return "FOREIGN TABLE";
    default:
        return "TABLE";
    }
}

static void lack_relation(Preflight *preflight, const RelationRight *right)
{
    bool member = right->member;
    findings_add(preflight->findings, member ? LEVEL_WARNS : LEVEL_BLOCKS, right->name,
                 member ? "it belongs to %s, whose rights role %s has only after SET ROLE: the "
                          "steps that change it must say so"
                        : "it belongs to %s, and role %s may not change it, as the run must",
                 right->owner, preflight->role);
    findings_advise(preflight->findings,
                    "connect as its owner, or give it to the role that runs the steps");
    findings_sql(preflight->findings, "ALTER %s %s OWNER TO %s;", alter_word(right->relkind),
                 right->quoted, preflight->role);
}

static void lack_rows(Preflight *preflight, const RelationRight *right)
{
    findings_add(preflight->findings, LEVEL_WARNS, right->name,
                 "rows of it are changed by the run, and role %s may not: unless a function of "
                 "another role does it, that step fails",
                 preflight->role);
    findings_sql(preflight->findings, "GRANT INSERT, UPDATE, DELETE ON %s TO %s;", right->quoted,
                 preflight->role);
}

static bool check_relations(Preflight *preflight, Error *err)
{
    CLEANUP(relation_rights_done) RelationRights rights = {0};
    if (!relation_rights_read(preflight->session, &preflight->report->plan.tasks,
                              &preflight->touched, &rights, err))
        return false;
    array_each (const RelationRight, right, &rights) {
        if (right->must_own && !right->owned)
            lack_relation(preflight, right);
        else if (right->changes_rows && !right->owned && !right->writable)
            lack_rows(preflight, right);
    }
    return true;
}

/* Functions and types: their owners are rows of the fingerprint that was taken, which is sorted. */
static const char *owner_of(const Preflight *preflight, const TouchedObject *object)
{
    CLEANUP(memory_freep)
    char *identity = memory_format("%s %s", object->what, object->identity);
    size_t low = 0, high = preflight->schema.compared.rows.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const FingerprintRow *row = &preflight->schema.compared.rows.items[middle];
        int order = (int)row->class - FINGERPRINT_ENV;
        order = order ? order : strcmp(row->kind, "owner");
        order = order ? order : strcmp(row->identity, identity);
        if (order == 0)
            return row->definition;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static const char *kind_word(const char *kind)
{
    static const struct {
        const char *kind;
        const char *word;
    } words[] = {
        {"function", "ROUTINE"},    {"domain", "DOMAIN"},         {"enum", "TYPE"},
        {"composite type", "TYPE"}, {"range type", "TYPE"},       {"base type", "TYPE"},
        {"collation", "COLLATION"}, {"statistics", "STATISTICS"}, {"operator", "OPERATOR"}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(words[i].kind, kind) == 0)
            return words[i].word;
    return NULL;
}

static void lack_object(Preflight *preflight, const TouchedObject *object, const char *owner)
{
    CLEANUP(memory_freep) char *name = memory_format("%s %s", object->what, object->identity);
    const char *word = kind_word(object->what);
    findings_add(preflight->findings, LEVEL_BLOCKS, name,
                 "it belongs to %s, and role %s may not change it, as the run must", owner,
                 preflight->role);
    findings_advise(preflight->findings,
                    "connect as its owner, or give it to the role that runs the steps");
    if (word)
        findings_sql(preflight->findings, "ALTER %s %s OWNER TO %s;", word, object->identity,
                     preflight->role);
}

static bool may_act_as(Preflight *preflight, const char *owner, bool *ret_may, Error *err)
{
    CLEANUP(text_done) Text literal = {0};
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    pg_array_text(&owner, 1, &literal);
    if (!pg_query(preflight->session, SQL_preflight_owners,
                  PG_VALUES(pg_text(text_string(&literal))), PG_ROWS, &rows, err))
        return false;
    *ret_may = PQntuples(rows) > 0 && (pg_result_bool(rows, 0, 1) || pg_result_bool(rows, 0, 2));
    return true;
}

static bool check_others(Preflight *preflight, Error *err)
{
    array_each (const TouchedObject, object, &preflight->touched.objects) {
        const char *owner = object->kind == TOUCHED_OTHER ? owner_of(preflight, object) : NULL;
        bool may = true;
        /* <owner> owns the ledger, which preflight_run had checked */
        if (owner && strcmp(owner, "<owner>") != 0 && !may_act_as(preflight, owner, &may, err))
            return false;
        if (!may)
            lack_object(preflight, object, owner);
    }
    return true;
}

bool preflight_check_ownership(Preflight *preflight, Error *err)
{
    return check_relations(preflight, err) && check_others(preflight, err);
}

/* --- extensions ------------------------------------------------------------------------------ */

static void add_extension(Preflight *preflight, const ManifestRequirement *needed,
                          const PGresult *row)
{
    Findings *findings = preflight->findings;
    const char *installed = pg_result_text(row, 0, 0), *newest = pg_result_text(row, 0, 1);
    const char *quoted = pg_result_text(row, 0, 6);
    const char *in = *needed->value ? " in version " : "", *at_least = needed->value;
    if (!pg_result_bool(row, 0, 3)) {
        findings_add(findings, LEVEL_BLOCKS, needed->name,
                     "the server does not have this extension%s%s%s%s", in, at_least,
                     *newest ? ", only in " : "", newest);
        findings_advise(findings, "install its package on the server");
    } else if (*installed) {
        findings_add(findings, LEVEL_WARNS, needed->name,
                     "this extension is installed in version %s, the bundle needs %s, and the "
                     "server has %s",
                     installed, at_least, newest);
        findings_advise(findings, pg_result_bool(row, 0, 5)
                                      ? "update it before the run"
                                      : "its owner or a superuser updates it before the run");
        findings_sql(findings, "ALTER EXTENSION %s UPDATE;", quoted);
    } else if (!pg_result_bool(row, 0, 4)) {
        findings_add(findings, LEVEL_BLOCKS, needed->name,
                     "this extension is not in the database, and role %s may not make it",
                     preflight->role);
        findings_advise(findings, "a superuser makes it in this database before the run");
        findings_sql(findings, "CREATE EXTENSION IF NOT EXISTS %s;", quoted);
    }
}

bool preflight_check_extensions(Preflight *preflight, Error *err)
{
    array_each (const ManifestRequirement, needed, &preflight->manifest->requirements) {
        CLEANUP(pg_result_freep) PGresult *row = NULL;
        if (strcmp(needed->kind, "extension") != 0)
            continue;
        if (!pg_query(preflight->session, SQL_preflight_extension,
                      PG_VALUES(pg_text(needed->name), pg_text(needed->value)), PG_ONE_ROW, &row,
                      err))
            return false;
        if (!pg_result_bool(row, 0, 2))
            add_extension(preflight, needed, row);
    }
    return true;
}
