/* A row of the journal, and the chain that ties each row to the one before it.
 *
 * The digest of a row is BLAKE2b-512 over this text, fields separated by TAB, ended by LF:
 *
 *     sealift-journal 1   <previous digest in hex, or ->   number   kind   direction
 *     <head digest in hex>   version   identity   group   groups   first step   last step
 *     complete (t|f)   position after   <up digest in hex>   attempt   result   words
 *
 * in one line. These are the fields that are known when the row is queued; duration and time are
 * the server's and stand outside the chain. TAB, LF and backslash in texts are written \t, \n, \\.
 * A journal whose rows do not chain, or whose numbers do not follow each other, was written by
 * something else: the database is `diverged`. */
#ifndef SEALIFT_APPLIER_JOURNAL_H
#define SEALIFT_APPLIER_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

typedef enum {
    JOURNAL_GROUP,   /* a transaction group is committed; this row is in its transaction */
    JOURNAL_INTENT,  /* about to do what no transaction can undo; result: the probe's before-look */
    JOURNAL_OUTCOME, /* of the intent before it; result: done, or failed with nothing left behind */
    JOURNAL_SETTLED, /* a later run's answer to an intent without outcome; result: done, not-done */
    JOURNAL_VERIFIED, /* the verify script after a migration; result: passed, failed */
    JOURNAL_VERSION,  /* a version without migrations begins (up) or is taken back (down) */
    JOURNAL_BROKEN,  /* a script ended our transaction by itself: an operator must say what is so */
    JOURNAL_BATCH,   /* a range of a batch is committed; this row is in its transaction; result: how
                      * many rows it changed, words: the last key of the range, where the next one
                      * begins */
    JOURNAL_ADOPTED, /* the first row of a database that came to its version without us: the version
                      * and how many migrations of the product it holds; nothing below it is known
                      */
} JournalKind;

const char *journal_kind_name(JournalKind kind);

typedef enum { DIRECTION_UP, DIRECTION_DOWN } Direction;

const char *direction_name(Direction direction);

/* Values of `result`. */
#define JOURNAL_UNVERIFIED "unverified" /* complete, but its verify script has not run yet */
#define JOURNAL_DONE       "done"
#define JOURNAL_FAILED     "failed"
#define JOURNAL_NOT_DONE   "not-done"
#define JOURNAL_PASSED     "passed"

/* How far a batch has come. */
typedef struct BatchProgress {
    int64_t batches; /* ranges that are committed; 0: it is not begun */
    int64_t rows;    /* changed by them */
    char *cursor;    /* the last key of the last range, as the server writes it; NULL: none */
} BatchProgress;

/* Texts are borrowed where a row is queued and owned where it was read (journal_row_done). */
typedef struct JournalRow {
    int64_t number; /* from 1, consecutive */
    JournalKind kind;
    Direction direction;
    Digest head_digest; /* of the bundle that the steps come from */
    char *version;
    char *identity;      /* "" for JOURNAL_VERSION and JOURNAL_ADOPTED */
    int64_t group;       /* from 1 */
    int64_t group_count; /* of the script */
    int64_t first_step;  /* from 1; 0 where the script has no statement */
    int64_t last_step;
    bool complete;          /* completes the migration in this direction */
    int64_t position_after; /* migrations completely applied, once this row is there */
    Digest up_digest;       /* of the migration; where there is none the version's tree digest */
    int64_t attempt;        /* from 1 */
    char *result;
    char *words;
    bool has_previous;
    Digest previous;
    Digest digest;
    /* filled where a row was read */
    int64_t duration_ms;
    char at[CLOCK_TEXT_SIZE];
} JournalRow;

typedef ARRAY_OF(JournalRow) JournalRowArray;

void journal_row_done(JournalRow *row);

/* Where the chain stands: what the next row gets. Copy it freely. */
typedef struct JournalChain {
    int64_t next; /* the next row's number, from 1 */
    Digest last;  /* of the last row; meaningless while next is 1 */
} JournalChain;

void journal_chain_begin(JournalChain *chain);

/* Number the row, chain it, compute its digest, and move on. */
void journal_chain_append(JournalChain *chain, JournalRow *row);

/* Check a row that was read against the chain and move on. ERROR_TARGET. */
bool journal_chain_check(JournalChain *chain, const JournalRow *row, Error *err) MUST_CHECK;

/* The canonical text that the digest is over. */
void journal_row_text(const JournalRow *row, Text *text);

#endif
