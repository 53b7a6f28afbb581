#include "base/text.h"
#include "migrations/statement_kind.h"
#include "tests/support/unit_test.h"

static bool on_statement(void *context, const SplitStatement *statement, Error *err UNUSED)
{
    statement_kind_of(statement, context);
    return true;
}

static StatementKind kind_of(const char *sql)
{
    StatementKind kind = {0};
    CLEANUP(error_done) Error error = {0};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter =
        statement_splitter_new(&(SplitterEvents){.statement = on_statement, .context = &kind});
    if (!statement_splitter_feed(splitter, sql, strlen(sql), &error) ||
        !statement_splitter_end(splitter, &error))
        fail_msg("%s: %s", sql, error.message);
    return kind;
}

static void knows_what_cannot_run_in_a_transaction(void **state UNUSED)
{
    static const struct {
        const char *sql;
        SettleKind settle;
    } outside[] = {
        {"CREATE INDEX CONCURRENTLY zi ON t(b)", SETTLE_INDEX_PRESENT},
        {"create unique index concurrently if not exists zi on t(b)", SETTLE_INDEX_PRESENT},
        {"CREATE INDEX CONCURRENTLY ON t(b)", SETTLE_NONE},
        {"create /* not */ index concurrently \"zi\" on only t(b)", SETTLE_INDEX_PRESENT},
        {"DROP INDEX CONCURRENTLY t_c", SETTLE_INDEX_ABSENT},
        {"drop index concurrently if exists s.t_c restrict", SETTLE_INDEX_ABSENT},
        {"REINDEX INDEX CONCURRENTLY t_c", SETTLE_REINDEX},
        {"REINDEX TABLE CONCURRENTLY t", SETTLE_REINDEX},
        {"reindex (verbose, concurrently) table t", SETTLE_REINDEX},
        {"reindex (concurrently true) index t_c", SETTLE_REINDEX},
        {"REINDEX SCHEMA l", SETTLE_REPEAT},
        {"REINDEX DATABASE locks", SETTLE_REPEAT},
        {"reindex (verbose) system locks", SETTLE_REPEAT},
        {"reindex schema concurrently l", SETTLE_NONE},
        {"reindex (concurrently) database l", SETTLE_NONE},
        {"VACUUM t", SETTLE_REPEAT},
        {"VACUUM (FULL, ANALYZE) t", SETTLE_REPEAT},
        {"vacuum", SETTLE_REPEAT},
        {"CLUSTER", SETTLE_REPEAT},
        {"cluster verbose", SETTLE_REPEAT},
        {"cluster (verbose)", SETTLE_REPEAT},
        {"CREATE DATABASE zz", SETTLE_DATABASE_PRESENT},
        {"DROP DATABASE IF EXISTS zz", SETTLE_DATABASE_ABSENT},
        {"ALTER DATABASE locks SET TABLESPACE pg_default", SETTLE_REPEAT},
        {"CREATE TABLESPACE zz LOCATION '/x'", SETTLE_TABLESPACE_PRESENT},
        {"DROP TABLESPACE zz", SETTLE_TABLESPACE_ABSENT},
        {"ALTER SYSTEM SET work_mem = '4MB'", SETTLE_REPEAT},
        {"alter system reset all", SETTLE_REPEAT},
        {"ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY", SETTLE_DETACH},
        {"alter table if exists s.p detach partition s.p1 concurrently", SETTLE_DETACH},
        {"CREATE SUBSCRIPTION zs CONNECTION 'x' PUBLICATION zp", SETTLE_SUBSCRIPTION_PRESENT},
        {"create subscription zs connection 'x' publication zp with (enabled = false)",
         SETTLE_SUBSCRIPTION_PRESENT},
        {"create subscription zs connection 'x' publication zp with (connect)",
         SETTLE_SUBSCRIPTION_PRESENT},
        {"DROP SUBSCRIPTION zs", SETTLE_SUBSCRIPTION_ABSENT},
        {"alter subscription zs refresh publication", SETTLE_REPEAT},
        {"alter subscription zs set publication p", SETTLE_REPEAT},
        {"alter subscription zs add publication p", SETTLE_NONE},
        {"DISCARD ALL", SETTLE_NONE},
        {"COMMIT PREPARED 'x'", SETTLE_NONE},
        {"ROLLBACK PREPARED 'x'", SETTLE_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
        StatementKind kind = kind_of(outside[i].sql);
        if (!kind.not_in_transaction || kind.settle != outside[i].settle)
            fail_msg("%s: %d, settled by %d", outside[i].sql, kind.not_in_transaction,
                     (int)kind.settle);
    }
}

static void knows_what_only_looks_like_it(void **state UNUSED)
{
    static const char *const inside[] = {
        "create index zi on t(b)",
        "create index \"concurrently\" on t(b)",
        "create table concurrently (a int)",
        "drop index t_c",
        "reindex table t",
        "reindex (concurrently false) table t",
        "reindex (verbose) index t_c",
        "cluster t using t_c",
        "cluster (verbose) t",
        "alter database locks set work_mem = '4MB'",
        "alter database locks owner to me",
        "alter table p detach partition p1",
        "alter table p detach partition p1 finalize",
        "create subscription zs connection 'x' publication zp with (connect=false)",
        "create subscription zs connection 'x' publication zp with (create_slot = off, "
        "slot_name = none)",
        "alter subscription zs disable",
        "alter subscription zs set publication p with (refresh = false)",
        "analyze t",
        "checkpoint",
        "load 'auto_explain'",
        "discard temp",
        "alter type en add value 'zz'",
        "refresh materialized view concurrently mv",
        "alter extension plpgsql update",
        "select 'vacuum'",
    };
    for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
        StatementKind kind = kind_of(inside[i]);
        if (kind.not_in_transaction || kind.settle != SETTLE_NONE)
            fail_msg("%s", inside[i]);
    }
}

static void names_what_settles_it(void **state UNUSED)
{
    static const struct {
        const char *sql, *schema, *name, *table_schema, *table;
    } named[] = {
        {"CREATE INDEX CONCURRENTLY My_Index ON Shop.Orders (a)", "", "my_index", "shop", "orders"},
        {"create index concurrently \"My\"\"Index\" on only \"T\" using btree (a)", "", "My\"Index",
         "", "T"},
        {"create unique index concurrently on orders (a)", "", "", "", ""},
        {"create index concurrently if not exists i on t (a)", "", "i", "", "t"},
        {"drop index concurrently if exists shop.i", "shop", "i", "", ""},
        {"reindex index concurrently shop.i", "shop", "i", "", ""},
        {"reindex (concurrently) table t", "", "t", "", ""},
        {"alter table if exists shop.p * detach partition \"P1\" concurrently", "", "P1", "shop",
         "p"},
        {"create database Shop template x", "", "shop", "", ""},
        {"drop tablespace if exists \"Fast\"", "", "Fast", "", ""},
        {"drop subscription if exists s cascade", "", "s", "", ""},
        {"vacuum t", "", "", "", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        StatementKind kind = kind_of(named[i].sql);
        assert_string_equal(kind.object.schema, named[i].schema);
        assert_string_equal(kind.object.name, named[i].name);
        assert_string_equal(kind.table.schema, named[i].table_schema);
        assert_string_equal(kind.table.name, named[i].table);
    }
}

static void knows_transaction_control(void **state UNUSED)
{
    static const struct {
        const char *sql;
        TransactionControl control;
    } controls[] = {
        {"begin", TRANSACTION_CONTROL_BEGIN},
        {"BEGIN WORK", TRANSACTION_CONTROL_BEGIN},
        {"start transaction", TRANSACTION_CONTROL_BEGIN},
        {"commit", TRANSACTION_CONTROL_COMMIT},
        {"commit work and no chain", TRANSACTION_CONTROL_COMMIT},
        {"END TRANSACTION", TRANSACTION_CONTROL_COMMIT},
        {"rollback", TRANSACTION_CONTROL_ROLLBACK},
        {"abort work", TRANSACTION_CONTROL_ROLLBACK},
        {"rollback to a", TRANSACTION_CONTROL_NONE},
        {"rollback work to savepoint a", TRANSACTION_CONTROL_NONE},
        {"savepoint a", TRANSACTION_CONTROL_NONE},
        {"release savepoint a", TRANSACTION_CONTROL_NONE},
        {"set transaction isolation level serializable", TRANSACTION_CONTROL_MODES},
        {"set local transaction read only", TRANSACTION_CONTROL_MODES},
        {"set transaction snapshot '1'", TRANSACTION_CONTROL_OTHER},
        {"set transaction_isolation = 'serializable'", TRANSACTION_CONTROL_OTHER},
        {"set local \"Transaction_Read_Only\" to on", TRANSACTION_CONTROL_OTHER},
        {"select set_config('transaction_deferrable', 'on', true)", TRANSACTION_CONTROL_OTHER},
        {"set default_transaction_isolation = 'serializable'", TRANSACTION_CONTROL_NONE},
        {"commit and chain", TRANSACTION_CONTROL_OTHER},
        {"rollback transaction and chain", TRANSACTION_CONTROL_OTHER},
        {"prepare transaction 'x'", TRANSACTION_CONTROL_OTHER},
        {"commit prepared 'x'", TRANSACTION_CONTROL_OTHER},
        {"rollback prepared 'x'", TRANSACTION_CONTROL_OTHER},
        {"prepare p as select 1", TRANSACTION_CONTROL_NONE},
        {"\"commit\"", TRANSACTION_CONTROL_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(controls); i++)
        if (kind_of(controls[i].sql).control != controls[i].control)
            fail_msg("%s: %d", controls[i].sql, (int)kind_of(controls[i].sql).control);
}

static void reads_the_modes_of_begin(void **state UNUSED)
{
    static const struct {
        const char *sql, *isolation;
        bool read_only, deferrable;
    } modes[] = {
        {"begin", "", false, false},
        {"begin isolation level serializable, read only, deferrable", "serializable", true, true},
        {"BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", "repeatable read", true,
         false},
        {"start transaction isolation level read committed", "read committed", false, false},
        {"begin isolation level read uncommitted read write not deferrable", "read committed",
         false, false},
        {"begin work read only", "", true, false},
        {"begin read only, isolation level repeatable read", "repeatable read", true, false},
        {"begin read only isolation level read committed", "read committed", true, false},
        {"set transaction read only, isolation level serializable", "serializable", true, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        StatementKind kind = kind_of(modes[i].sql);
        assert_string_equal(kind.isolation, modes[i].isolation);
        assert_int_equal(kind.read_only, modes[i].read_only);
        assert_int_equal(kind.deferrable, modes[i].deferrable);
    }
}

/* One letter for each thing that a statement may be. */
static const char *traits_of(const char *sql, char *traits)
{
    StatementKind kind = kind_of(sql);
    const struct {
        char letter;
        bool is;
    } known[] = {
        {'s', kind.session_state},    {'r', kind.changes_role},    {'b', kind.breaks_session},
        {'d', kind.destructive},      {'<', kind.copy_from_stdin}, {'>', kind.copy_to_stdout},
        {'f', kind.copy_server_file}, {'o', kind.outside_effects}, {'e', kind.adds_enum_value},
        {'u', kind.changes_encoding}, {'w', kind.forbids_writing},
    };
    char *at = traits;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i].is)
            *at++ = known[i].letter;
    *at = '\0';
    return traits;
}

static void check_traits(const char *const (*cases)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char traits[16];
        if (strcmp(traits_of(cases[i][0], traits), cases[i][1]) != 0)
            fail_msg("%s: '%s', not '%s'", cases[i][0], traits, cases[i][1]);
    }
}

static void knows_what_changes_the_session(void **state UNUSED)
{
    static const char *const cases[][2] = {
        {"set search_path to a, b", "s"},
        {"set session work_mem = '4MB'", "s"},
        {"set time zone 'UTC'", "s"},
        {"set names 'utf8'", "s"},
        {"set session characteristics as transaction read only", "sw"},
        {"set session characteristics as transaction isolation level read committed", "s"},
        {"set default_transaction_read_only to on", "sw"},
        {"set local default_transaction_read_only = true", "w"},
        {"set default_transaction_read_only = 'off'", "s"},
        {"set default_transaction_read_only to default", "s"},
        {"set client_encoding = 'LATIN1'", "su"},
        {"set names 'win1252'", "su"},
        {"set local \"Client_Encoding\" to sql_ascii", "u"},
        {"set client_encoding to 'UTF-8'", "s"},
        {"set client_encoding to default", "s"},
        {"set names", "s"},
        {"reset client_encoding", "s"},
        {"select pg_catalog.set_config('client_encoding', 'latin1', true)", "u"},
        {"select set_config('role', 'joe', false), set_config('work_mem', '1MB', true)", "sr"},
        {"prepare p as select 1", "s"},
        {"reset work_mem", "s"},
        {"reset all", "sb"},
        {"set local work_mem = '4MB'", ""},
        {"set constraints all deferred", ""},
        {"set transaction isolation level serializable", ""},
        {"SELECT pg_catalog.set_config('search_path', '', false)", "s"},
        {"select set_config('work_mem', '1MB', true)", ""},
        {"set role admin", "sr"},
        {"set local role none", "r"},
        {"set session role admin", "sr"},
        {"set session authorization default", "sr"},
        {"set local session authorization 'joe'", "r"},
        {"set role = 'admin'", "sr"},
        {"set \"role\" = admin", "sr"},
        {"reset \"role\"", "sr"},
        {"set session_authorization to joe", "sr"},
        {"reset role", "sr"},
        {"reset session authorization", "sr"},
        {"select set_config('role', 'joe', false)", "sr"},
        {"discard all", "b"},
        {"deallocate all", "b"},
        {"deallocate prepare all", "b"},
        {"deallocate p", ""},
        {"discard plans", ""},
        {"select pg_advisory_unlock_all()", "b"},
        {"do $$ begin perform pg_advisory_unlock_all(); end $$", ""},
        {"select 1, (select pg_catalog.pg_advisory_unlock_all())", "b"},
    };
    check_traits(cases, ARRAY_LEN(cases));
}

static void knows_what_loses_data(void **state UNUSED)
{
    static const char *const cases[][2] = {
        {"drop table a, b", "d"},
        {"drop schema if exists s cascade", "d"},
        {"drop materialized view m", "d"},
        {"drop foreign table f", "d"},
        {"drop type t", "d"},
        {"drop sequence s", "d"},
        {"drop extension x", "d"},
        {"drop owned by joe", "d"},
        {"drop database d", "do"},
        {"truncate a", "d"},
        {"truncate table only a restart identity cascade", "d"},
        {"delete from a", "d"},
        {"delete from a where id = 1", ""},
        {"update a set b = (select c from d where d.id = 1)", "d"},
        {"update a set b = 1 where true", ""},
        {"with x as (select 1) delete from a", "d"},
        {"with x as (delete from a where b returning *) select * from x", ""},
        {"with x as (select 1) select * from x", ""},
        {"alter table a drop column b", "d"},
        {"alter table a drop b", "d"},
        {"alter table a add c int, drop if exists b", "d"},
        {"alter table a drop constraint c", ""},
        {"alter table a alter column b drop not null, alter c drop default", ""},
        {"alter table a alter b drop identity if exists, alter c drop expression", ""},
        {"alter type t drop attribute a", "d"},
        {"alter table a add column \"drop\" int", ""},
        {"drop index i", ""},
        {"drop view v", ""},
        {"drop view v cascade", "d"},
        {"drop function f(int)", ""},
        {"drop function f(int) cascade", "d"},
        {"drop trigger t on a", ""},
        {"drop domain d", "d"},
        {"insert into a values ('drop table a')", ""},
        {"create table a (b int)", ""},
    };
    check_traits(cases, ARRAY_LEN(cases));
}

static void knows_what_copies_and_what_reaches_outside(void **state UNUSED)
{
    static const char *const cases[][2] = {
        {"copy t from stdin", "<"},
        {"copy t (a, b) from stdin with (format csv)", "<"},
        {"copy binary t from stdin", "<"},
        {"copy t from stdout", "<"},
        {"copy t to stdout", ">"},
        {"copy (select * from x) to stdout", ">"},
        {"copy t to stdin", ">"},
        {"copy t from '/tmp/x'", "fo"},
        {"copy t from E'/tmp/x' with (delimiter ',')", "fo"},
        {"copy t to '/tmp/x'", "fo"},
        {"copy t from program 'cat x'", "fo"},
        {"copy (select 1) to program 'cat'", "fo"},
        {"alter system set work_mem = '4MB'", "o"},
        {"create subscription s connection 'x' publication p with (connect = false)", "o"},
        {"alter subscription s disable", "o"},
        {"create tablespace t location '/x'", "o"},
        {"select pg_create_logical_replication_slot('s', 'pgoutput')", "o"},
        {"select pg_catalog.pg_drop_replication_slot('s')", "o"},
        {"select dblink_exec('dbname=x', 'drop table y')", "o"},
        {"select * from dblink('x', 'y') as t(a int)", "o"},
        {"select lo_export(1, '/tmp/x')", "o"},
        {"select 'dblink'", ""},
        {"alter type en add value if not exists 'zz' before 'a'", "e"},
        {"alter type s.en add value 'zz'", "e"},
        {"alter type en rename value 'a' to 'b'", ""},
    };
    check_traits(cases, ARRAY_LEN(cases));
}

/* What stands behind the words that are kept is answered on the safe side, or was noted. */
static void keeps_to_the_safe_side_in_long_statements(void **state UNUSED)
{
    CLEANUP(text_done) Text columns = {0};
    for (int i = 0; i < 60; i++)
        text_addf(&columns, "%sc%d", i ? ", " : "", i);
    const char *list = text_string(&columns);
    char sql[2048];
    char traits[16];
    (void)snprintf(sql, sizeof sql, "copy t (%s) from stdin", list);
    assert_string_equal(traits_of(sql, traits), "<");
    (void)snprintf(sql, sizeof sql, "copy t (%s) to '/tmp/x'", list);
    assert_string_equal(traits_of(sql, traits), "fo");
    (void)snprintf(sql, sizeof sql, "update t set (%s) = (1) where true", list);
    assert_string_equal(traits_of(sql, traits), "");
    (void)snprintf(sql, sizeof sql, "update t set (%s) = (1)", list);
    assert_string_equal(traits_of(sql, traits), "d");
    (void)snprintf(sql, sizeof sql, "alter table t add check (x in (%s)), drop y", list);
    assert_string_equal(traits_of(sql, traits), "d");
    (void)snprintf(sql, sizeof sql, "select %s, dblink('a', 'b')", list);
    assert_string_equal(traits_of(sql, traits), "o");
    (void)snprintf(sql, sizeof sql,
                   "create subscription s connection 'x' publication %s with (connect = false)",
                   list);
    assert_true(kind_of(sql).not_in_transaction);
    (void)snprintf(sql, sizeof sql, "drop table %s", list);
    assert_true(kind_of(sql).lock_estimate >= 60);
}

static void estimates_locks(void **state UNUSED)
{
    assert_int_equal(kind_of("set work_mem = 1").lock_estimate, 0);
    assert_int_equal(kind_of("begin").lock_estimate, 0);
    int plain = kind_of("create table a (b int)").lock_estimate;
    assert_true(plain > 0);
    assert_true(kind_of("create table a (b int references c, d int references e)").lock_estimate ==
                plain + 2);
    assert_true(kind_of("drop table a, b, c").lock_estimate ==
                3 * kind_of("drop table a").lock_estimate);
    assert_true(kind_of("create table a partition of b default").lock_estimate > plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_cannot_run_in_a_transaction),
        cmocka_unit_test(knows_what_only_looks_like_it),
        cmocka_unit_test(names_what_settles_it),
        cmocka_unit_test(knows_transaction_control),
        cmocka_unit_test(reads_the_modes_of_begin),
        cmocka_unit_test(knows_what_changes_the_session),
        cmocka_unit_test(knows_what_loses_data),
        cmocka_unit_test(knows_what_copies_and_what_reaches_outside),
        cmocka_unit_test(keeps_to_the_safe_side_in_long_statements),
        cmocka_unit_test(estimates_locks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
