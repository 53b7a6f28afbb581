/* What a statement is, from its leading words: whether it can run in a transaction, controls one,
 * changes the session, destroys, copies, reaches outside. A table of rows; no grammar. */
#ifndef SEALIFT_MIGRATIONS_STATEMENT_KIND_H
#define SEALIFT_MIGRATIONS_STATEMENT_KIND_H

#include <stdbool.h>

#include "migrations/statement_splitter.h"

typedef enum {
    TRANSACTION_CONTROL_NONE,
    TRANSACTION_CONTROL_BEGIN,    /* BEGIN, START TRANSACTION */
    TRANSACTION_CONTROL_COMMIT,   /* COMMIT, END */
    TRANSACTION_CONTROL_ROLLBACK, /* ROLLBACK, ABORT (not TO SAVEPOINT) */
    TRANSACTION_CONTROL_MODES,    /* SET TRANSACTION modes */
    TRANSACTION_CONTROL_OTHER,    /* COMMIT AND CHAIN, PREPARE TRANSACTION, COMMIT PREPARED, SET
                                   * transaction_isolation … */
} TransactionControl;

/* How an unsettled run of a statement outside transactions can be settled. Mirrors the bundle's
 * ProbeKind, which this layer does not know. */
typedef enum {
    SETTLE_NONE,
    SETTLE_REPEAT,
    SETTLE_INDEX_PRESENT,
    SETTLE_INDEX_ABSENT,
    SETTLE_REINDEX, /* of the index or table `object` */
    SETTLE_DETACH,
    SETTLE_DATABASE_PRESENT,
    SETTLE_DATABASE_ABSENT,
    SETTLE_TABLESPACE_PRESENT,
    SETTLE_TABLESPACE_ABSENT,
    SETTLE_SUBSCRIPTION_PRESENT,
    SETTLE_SUBSCRIPTION_ABSENT,
} SettleKind;

typedef enum {
    PARAMETER_FIRST = 1 << 0,  /* $1 */
    PARAMETER_SECOND = 1 << 1, /* $2 */
    PARAMETER_OTHER = 1 << 2,  /* any other $n */
} StatementParameters;

typedef struct StatementName {
    char schema[SPLITTER_WORD_SIZE_MAX]; /* "" where not qualified */
    char name[SPLITTER_WORD_SIZE_MAX];   /* "" where there is none */
} StatementName;

typedef struct StatementKind {
    bool not_in_transaction; /* refused by the server inside a transaction block (LINT.md's list) */
    TransactionControl control;
    /* of a BEGIN or SET TRANSACTION: "", "read committed", "repeatable read", "serializable" ("read
     * uncommitted" is read committed in PostgreSQL) */
    char isolation[24];
    bool read_only;
    bool deferrable;
    bool session_state;    /* SET, RESET, PREPARE: replayed where a run resumes behind it */
    bool changes_role;     /* SET [LOCAL] ROLE, SET SESSION AUTHORIZATION, RESET ROLE … */
    bool changes_encoding; /* client_encoding to something else than UTF8 */
    bool forbids_writing;  /* default_transaction_read_only on, in one form or another */
    bool breaks_session; /* DISCARD ALL, RESET ALL, DEALLOCATE ALL, pg_advisory_unlock_all: refused
                          */
    bool destructive;    /* loses data: DROP TABLE and the like, any DROP … CASCADE, TRUNCATE,
                          * DELETE/UPDATE without WHERE, DROP COLUMN … */
    bool copy_from_stdin;
    bool copy_to_stdout;   /* refused */
    bool copy_server_file; /* COPY … FROM/TO 'file' | PROGRAM */
    bool outside_effects;  /* ALTER SYSTEM, slots, subscriptions, dblink, PROGRAM … */
    bool adds_enum_value;  /* ALTER TYPE … ADD VALUE: of no use in its own transaction */
    bool answers;          /* its answer is rows: SELECT, VALUES, TABLE, WITH */
    bool changes_rows;     /* UPDATE, DELETE, INSERT, MERGE, WITH: what may run in batches */
    unsigned parameters;   /* bits of StatementParameters */
    int lock_estimate;     /* relations it may lock: 0 for none */
    SettleKind settle;
    StatementName object;  /* what the settle looks for */
    StatementName table;   /* the index's table, the partition's parent */
    StatementName target;  /* whose rows INSERT, MERGE, UPDATE or DELETE change; "" where not */
    bool changes_in_place; /* UPDATE, DELETE: the rows that it looks at are the target's */
} StatementKind;

/* Whether it is INSERT INTO a table, which *ret_table then is. */
bool statement_inserts(const SplitStatement *statement, StatementName *ret_table);

/* Classify. `statement` may be cut (words_cut): what then cannot be told is answered on the safe
 * side. */
void statement_kind_of(const SplitStatement *statement, StatementKind *ret_kind);

#endif
