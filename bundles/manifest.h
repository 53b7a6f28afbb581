/* The manifest as values: what a bundle holds and what the applier will do, in order.
 *
 * planner fills a Manifest and manifest_writer stores it as SQLite; manifest_reader reads it back
 * from hashed bytes into the same structs, with every type, range and reference checked. After that
 * nothing downstream checks again. Nothing here knows SQL: a step is a range of an object.
 *
 * Order is meaning: versions by ordinal, migrations by position, groups and steps by ordinal. */
#ifndef SEALIFT_BUNDLES_MANIFEST_H
#define SEALIFT_BUNDLES_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/digest.h"
#include "base/text.h"
#include "bundles/bundle_format.h"
#include "bundles/fingerprint.h"
#include "bundles/head.h"

/* A file in the bundle. Offsets count from OBJECTS (the README's tar header). */
typedef struct ManifestObject {
    char *path;           /* owned: versions/0001/0003-add-index.up.sql[.zst] */
    int64_t offset;       /* of its data, from OBJECTS */
    int64_t stored_size;  /* bytes in the tarball */
    int64_t plain_size;   /* bytes after decompression */
    bool compressed;      /* one zstd frame */
    Digest stored_digest; /* of the stored bytes; with chunks: of the chunk digests, concatenated */
    Digest plain_digest;
    Digest *chunks; /* owned; one per 1 MiB of stored bytes where stored_size > 1 MiB, else NULL */
    size_t chunk_count;
} ManifestObject;

typedef enum {
    SCRIPT_UP,
    SCRIPT_DOWN,
    SCRIPT_VERIFY,
    SCRIPT_PRECHECK,
} ScriptKind;
#define SCRIPT_KIND_COUNT 4

/* How the applier runs a group of steps. */
typedef enum {
    GROUP_TRANSACTION, /* BEGIN … COMMIT with its ledger row inside */
    GROUP_AUTOCOMMIT, /* exactly one step that cannot run in a transaction: INTENT, step, OUTCOME */
    GROUP_BATCH, /* a STEP_BATCH, one transaction per range of keys, then a STEP_ASSERTION in the
                  * transaction that completes the group; the first group of its script, and the
                  * only one that the author wrote */
} GroupKind;

typedef enum {
    ISOLATION_DEFAULT,
    ISOLATION_READ_COMMITTED,
    ISOLATION_REPEATABLE_READ,
    ISOLATION_SERIALIZABLE,
} Isolation;

typedef enum {
    STEP_SQL,       /* one statement, one message */
    STEP_COPY,      /* COPY … FROM STDIN, fed from data_object */
    STEP_BATCH,     /* a statement with the parameters $1 and $2: first and last key of its range */
    STEP_ASSERTION, /* answers with rows: where it is one boolean, that must be true */
    STEP_LINES,     /* statements, each a line of its own here and in the authored file, one message
                     * each: all lines but the last end in a semicolon */
} StepKind;

/* How an unsettled step outside transactions is settled by looking at the catalog (ENGINE 13). */
typedef enum {
    PROBE_NONE,          /* nothing to look at: an operator must say */
    PROBE_REPEAT,        /* harmless to run again: VACUUM, ALTER SYSTEM, ALTER DATABASE SET */
    PROBE_INDEX_PRESENT, /* CREATE INDEX CONCURRENTLY: there, on that table, valid */
    PROBE_INDEX_ABSENT,  /* DROP INDEX CONCURRENTLY */
    PROBE_REINDEX,       /* REINDEX … CONCURRENTLY: no _ccnew/_ccold left; run again */
    PROBE_DETACH,        /* DETACH PARTITION … CONCURRENTLY: pending, then FINALIZE */
    PROBE_DATABASE_PRESENT,
    PROBE_DATABASE_ABSENT,
    PROBE_TABLESPACE_PRESENT,
    PROBE_TABLESPACE_ABSENT,
    PROBE_SUBSCRIPTION_PRESENT,
    PROBE_SUBSCRIPTION_ABSENT,
} ProbeKind;

typedef struct Probe {
    ProbeKind kind;
    char *object; /* owned; name as written in the script, folded and unquoted; NULL where none */
    char *object_schema; /* owned; NULL: found by search_path */
    char *table;         /* owned; the table an index is on, the parent of a partition; or NULL */
    char *table_schema;  /* owned; or NULL */
} Probe;

typedef struct ManifestStep {
    StepKind kind;
    int64_t statements;    /* 1; of STEP_LINES 2 or more */
    int64_t line;          /* of the (first) statement's first token in the authored file, from 1 */
    int64_t offset;        /* of the (first) statement in the script's plain object */
    int64_t length;        /* without the closing semicolon, of STEP_LINES the last one */
    int64_t data_object;   /* index into manifest objects; -1 unless STEP_COPY */
    bool session_state;    /* SET and the like: run again when a run resumes behind it */
    bool destructive;      /* DROP, TRUNCATE, DELETE/UPDATE without WHERE … */
    bool outside_effects;  /* reaches outside the database: durable INTENT before it */
    int64_t lock_estimate; /* relations it may lock; statically estimated */
    Probe probe;           /* PROBE_NONE in transaction groups */
} ManifestStep;

/* What a value may be: one line of printable UTF-8, and … */
typedef enum {
    PARAMETER_TEXT,
    PARAMETER_INTEGER, /* … of 64 bits */
    PARAMETER_NUMBER,  /* … decimal, with fraction and exponent */
    PARAMETER_BOOLEAN, /* … true or false */
    PARAMETER_IDENTIFIER,
} ParameterType;

/* A value that only the site knows. */
typedef struct ManifestParameter {
    char *name; /* owned: [A-Za-z_][A-Za-z0-9_.-]* */
    ParameterType type;
    char *default_value;   /* owned; NULL: the site must say */
    char *rehearsed_value; /* owned */
    char *pattern;         /* owned; extended regular expression for the whole value, or NULL */
    char *description;     /* owned; "" where there is none */
} ManifestParameter;

/* How a value is written into a statement. */
typedef enum {
    QUOTING_LITERAL,
    QUOTING_IDENTIFIER, /* a PARAMETER_IDENTIFIER only */
    QUOTING_RAW,        /* integers, numbers and booleans only */
} ParameterQuoting;

/* Bytes of a step's text in whose place a value is sent. */
typedef struct ManifestReference {
    size_t step;    /* index into the script's steps */
    int64_t offset; /* from the step's first byte */
    int64_t length;
    size_t parameter; /* index into the manifest's parameters */
    ParameterQuoting quoting;
} ManifestReference;

typedef struct ManifestGroup {
    GroupKind kind;
    Isolation isolation;
    bool read_only;
    bool deferrable;
    size_t first_step; /* index into the script's steps */
    size_t step_count; /* at least 1 */
} ManifestGroup;

/* How a STEP_BATCH goes through a table. Names as the catalog has them. */
typedef struct ManifestBatch {
    char *table;        /* owned; NULL: the script has no batch */
    char *table_schema; /* owned; NULL: found by search_path */
    char *key;          /* owned: a column with a btree index */
    int64_t size;       /* rows of one range */
    int64_t pause_ms;   /* between two */
} ManifestBatch;

typedef ARRAY_OF(ManifestStep) ManifestStepArray;
typedef ARRAY_OF(ManifestGroup) ManifestGroupArray;
typedef ARRAY_OF(ManifestReference) ManifestReferenceArray;

typedef struct ManifestScript {
    bool present;        /* the author wrote one with at least one statement */
    int64_t object;      /* index into manifest objects; -1 where not present */
    char *source;        /* owned: path in the vendor's project, for messages */
    bool in_transaction; /* verify only: under a savepoint before COMMIT */
    bool gate;           /* precheck only: it must hold before the version's first step */
    ManifestBatch batch; /* of its one group, where that is a GROUP_BATCH */
    ManifestStepArray steps;
    ManifestGroupArray groups;
    ManifestReferenceArray references; /* in order of step, then of offset */
} ManifestScript;

typedef enum {
    TRANSACTION_MODE_GROUP, /* statements share a transaction where they can */
    TRANSACTION_MODE_NONE,  /* each statement is a group of its own */
} TransactionMode;

typedef enum { PHASE_ANY, PHASE_BEFORE, PHASE_AFTER } Phase;

/* What rehearsal showed of the way back. The last five come from a rehearsal, the better first. */
typedef enum {
    VERDICT_UNPROVEN,     /* a down exists, nobody has run it */
    VERDICT_NONE,         /* no down */
    VERDICT_IRREVERSIBLE, /* declared so by the author */
    VERDICT_EXACT,        /* schema and rows came back */
    VERDICT_COLUMN_ORDER, /* all but the order of columns */
    VERDICT_LOSSY,   /* the schema, or all but column order, came back; rows or values did not */
    VERDICT_DIFFERS, /* the schema is another */
    VERDICT_FAILS,   /* the down, or the up after it, stopped */
} Verdict;

/* Whether a rehearsal gave it. */
bool verdict_is_rehearsed(Verdict verdict);

typedef struct ManifestMigration {
    char *identity;  /* owned; unique in the product */
    char *slug;      /* owned; [a-z0-9_-]{1,40} */
    size_t version;  /* index into versions */
    int64_t ordinal; /* in its version, from 1 */
    TransactionMode mode;
    Phase phase;
    Verdict verdict;
    bool rehearsed; /* it ran on a real server at build time; HEAD counts those that did not */
    char *irreversible_reason; /* owned; NULL unless VERDICT_IRREVERSIBLE */
    char *acknowledged;   /* owned; the author's reason for a way back that is not exact, or NULL */
    char *atomic_blocker; /* owned; why it cannot share a transaction with others, or NULL */
    int64_t lock_estimate;        /* sum over the steps of up */
    int64_t lock_timeout_ms;      /* -1: the applier's default */
    int64_t statement_timeout_ms; /* -1: the applier's default */
    /* The data files of up, in order, as indexes into objects: part of the tree digest. */
    int64_t *data_objects; /* owned */
    size_t data_object_count;
    Digest up_digest;       /* of its tree line: identity, mode, up script, data files */
    bool up_extended;       /* the planner added statements behind the authored up … */
    Digest authored_digest; /* … whose digest this is, and counts in the tree */
    ManifestScript scripts[SCRIPT_KIND_COUNT];
} ManifestMigration;

typedef struct ManifestVersion {
    char *name;       /* owned */
    int64_t position; /* how many migrations of the product precede it, all versions counted */
    bool stop;        /* a required stop */
    char
        *min_compatible; /* owned; a run that comes here begins at this version or later; or NULL */
    char *released;      /* owned: time of release, clock_format's form */
    Digest tree_digest;
    size_t first_migration; /* index into migrations */
    size_t migration_count; /* may be 0 */
    Verdict verdict;        /* of taking the whole version back: manifest_version_verdicts */
} ManifestVersion;

/* A version that is off the line, because one of the bundle's was released in its place. */
typedef struct ManifestSuperseded {
    size_t version; /* index into versions plus 1, of the one that replaces it; 0: the start */
    char *name;     /* owned */
    Digest tree_digest;
    bool same_schema; /* a database that stands there stands at `version`, once it is looked at */
} ManifestSuperseded;

/* What people should read before a version comes. */
#define MANIFEST_NOTE_TITLE_MAX 200
#define MANIFEST_NOTE_TEXT_MAX  4000

typedef struct ManifestNote {
    size_t version;    /* index into versions */
    bool breaking;     /* something outside the database must follow */
    char *title;       /* owned, never empty */
    char *description; /* owned; lines, the last without its end; may be empty */
    char *action;      /* owned; what to do; likewise */
} ManifestNote;

typedef ARRAY_OF(ManifestNote) ManifestNoteArray;

/* How a database came to the version whose schema is meant. */
typedef enum {
    ARRIVAL_UP,    /* by the upgrade */
    ARRIVAL_DOWN,  /* by taking the next version back */
    ARRIVAL_AGAIN, /* by the upgrade again, after its own rollback */
    ARRIVAL_CHAIN, /* by taking back all versions behind it in one go, from the last */
} Arrival;

/* A schema that a rehearsal has proven for a version on a server major; the set of them is what a
 * site accepts. In order of version, arrival, server_major, each once. */
typedef struct ManifestFingerprint {
    size_t version; /* index into versions plus 1; 0: what the bundle starts from */
    Arrival arrival;
    int64_t server_major;
    FingerprintRoots roots;
    int64_t object; /* index into objects: the rows, as fingerprint_format writes them */
} ManifestFingerprint;

/* The roots of a version before the bundle's first, for `adopt`. In order of position in the
 * history, then server_major. */
typedef struct ManifestEarlier {
    char *name; /* owned */
    Digest tree_digest;
    int64_t migrations; /* of the product, up to and including this version */
    int64_t server_major;
    FingerprintRoots roots;
} ManifestEarlier;

/* Objects of a site's own that are no drift, by glob (fnmatch without flags, `*` also over dots).
 */
typedef struct ManifestTolerated {
    char *kind;     /* owned: a fingerprint kind, or "*" */
    char *identity; /* owned: glob */
} ManifestTolerated;

/* What the rehearsal on one major said of a way back. In order: migrations, then versions; each by
 * index, then major. */
typedef struct ManifestRehearsal {
    bool of_version; /* else of a migration */
    size_t index;    /* into versions or migrations */
    int64_t server_major;
    Verdict verdict;
    char *detail; /* owned: which objects, tables or SQLSTATE; "" where there is nothing to say */
} ManifestRehearsal;

/* A relation that a step locked, rewrote or read whole when it was rehearsed on one major. In order
 * of migration, script, step, server_major, relation. */
typedef struct ManifestMeasured {
    size_t migration; /* index into migrations */
    ScriptKind script;
    size_t step; /* index into the script's steps */
    int64_t server_major;
    char *relation; /* owned: "public.orders" */
    char *lock;     /* owned: "AccessExclusiveLock"; "" where none was taken or seen */
    bool rewritten;
    bool scanned; /* all its rows were read */
} ManifestMeasured;

/* A table, or a column of a table that was there before, that a migration adds and its way back
 * drops: what it holds by then is lost. In order of migration, tables before columns, identity. */
typedef struct ManifestBrought {
    size_t migration; /* index into migrations */
    bool is_column;
    char *identity; /* owned: as the fingerprint names it, "public.orders", "public.orders.price" */
} ManifestBrought;

/* An atomic mode that the rehearsal came through with the same schemas. In order. */
typedef struct ManifestAtomic {
    bool whole_run; /* else: one transaction per version */
    int64_t server_major;
} ManifestAtomic;

/* Something the target must have. */
typedef struct ManifestRequirement {
    char *kind;  /* owned: "extension", "encoding" */
    char *name;  /* owned */
    char *value; /* owned: least version, or "" */
} ManifestRequirement;

typedef ARRAY_OF(ManifestVersion) ManifestVersionArray;
typedef ARRAY_OF(ManifestSuperseded) ManifestSupersededArray;
typedef ARRAY_OF(ManifestMigration) ManifestMigrationArray;
typedef ARRAY_OF(ManifestObject) ManifestObjectArray;
typedef ARRAY_OF(ManifestRequirement) ManifestRequirementArray;
typedef ARRAY_OF(ManifestParameter) ManifestParameterArray;
typedef ARRAY_OF(ManifestFingerprint) ManifestFingerprintArray;
typedef ARRAY_OF(ManifestEarlier) ManifestEarlierArray;
typedef ARRAY_OF(ManifestTolerated) ManifestToleratedArray;
typedef ARRAY_OF(ManifestRehearsal) ManifestRehearsalArray;
typedef ARRAY_OF(ManifestMeasured) ManifestMeasuredArray;
typedef ARRAY_OF(ManifestBrought) ManifestBroughtArray;
typedef ARRAY_OF(ManifestAtomic) ManifestAtomicArray;
typedef ARRAY_OF(char *) ManifestNameArray;

typedef struct Manifest {
    /* Values that HEAD also holds, in HEAD's form; the reader refuses a difference. All but
     * previous-head, floor, content and manifest size and digest, and built-with, which are not
     * stored; the reader fills them from HEAD. */
    Head head;
    char *search_path; /* owned; what the applier pins, e.g. "public" */
    ManifestVersionArray versions;
    ManifestVersion start;   /* what it starts from, as far as that is known (no migrations); set by
                              * the reader */
    ManifestNoteArray notes; /* in order of version */
    ManifestSupersededArray superseded; /* in order of version, then of release */
    ManifestMigrationArray migrations;  /* in order of application, over all versions */
    ManifestObjectArray objects;        /* in path order; in a sealed bundle the first is README */
    ManifestRequirementArray requirements;
    ManifestParameterArray parameters; /* in order of name */
    /* What the rehearsal showed; all empty in a bundle that was packed unproven. */
    ManifestNameArray scope; /* owned: schemas that the fingerprints cover, sorted */
    ManifestToleratedArray tolerated;
    ManifestFingerprintArray fingerprints;
    ManifestEarlierArray earlier;
    ManifestRehearsalArray rehearsals;
    ManifestMeasuredArray measured;
    ManifestBroughtArray brought;
    ManifestAtomicArray atomic;
} Manifest;

void manifest_done(Manifest *manifest); /* accepts a zeroed one */
void manifest_parameter_done(ManifestParameter *parameter);

/* The migration with this identity, or NULL. */
const ManifestMigration *manifest_find(const Manifest *manifest, const char *identity);

/* The index of the parameter of this name, or SIZE_MAX. */
size_t manifest_find_parameter(const Manifest *manifest, const char *name);

/* The version's index, or SIZE_MAX. */
size_t manifest_find_version(const Manifest *manifest, const char *name);

/* Where a run that comes to version `index` may begin at lowest: index into versions plus 1; 0: the
 * start, also where `min_compatible` names a version before that. */
size_t manifest_least_start(const Manifest *manifest, size_t index);

/* The schema proven for a version (index into versions plus 1; 0: the start), arrival and major, or
 * NULL. */
const ManifestFingerprint *manifest_fingerprint(const Manifest *manifest, size_t version,
                                                Arrival arrival, int64_t server_major);

/* The paths that objects have: versions/0001/0003-slug.up.sql and versions/0001/0003-slug.data0001
 * (data files of one migration are counted from 1, up's first), without ".zst", which stands behind
 * the path of an object that is stored compressed. The caller frees. */
char *manifest_script_path(const ManifestMigration *migration, ScriptKind kind);
/* versions/0002/fingerprint-01.txt: the rows of a version's fingerprints (version as in
 * ManifestFingerprint), each content once, counted from 1 in order of first use. */
char *manifest_fingerprint_path(size_t version, int64_t number);
char *manifest_data_path(const ManifestMigration *migration, int64_t number);

/* Tree digests, from what the manifest itself holds (docs/bundle-format.md):
 *
 *   tree line of a migration, which ends in LF; up_digest is its BLAKE2b-512:
 *     identity TAB transaction|none TAB hex(up plain digest) [TAB hex(data plain digest)]…
 *     [TAB "parameters" TAB hex(digest of the up's reference lines)] LF
 *   reference line, for each reference to a parameter, in order:
 *     offset in the up script TAB name TAB type TAB quoting LF
 *   tree digest of a version: BLAKE2b-512 of
 *     "sealift-tree 1" LF previous tree in hex, or "-" LF name LF tree lines in order
 *
 * A migration without an up script has the digest of no bytes; NULL for `up` means that. An up
 * without references has no "parameters"; "" for `reference_lines` means that. */
void manifest_tree_line(const char *identity, TransactionMode mode, const Digest *up,
                        const Digest *data, size_t data_count, const char *reference_lines,
                        Text *text);
void manifest_reference_line(int64_t offset, const char *name, ParameterType type,
                             ParameterQuoting quoting, Text *text);
Digest manifest_tree_digest(const char *previous_hex, const char *version_name,
                            const char *tree_lines);

/* As manifest_tree_line, with the digests of the objects and the parameters that the migration
 * refers to. */
void manifest_migration_tree_line(const Manifest *manifest, const ManifestMigration *migration,
                                  Text *text);

/* The tree digest of version `index` after `previous_hex`, from its migrations and objects. */
Digest manifest_version_tree(const Manifest *manifest, size_t index, const char *previous_hex);

/* What HEAD counts, from the migrations: steps of all up scripts; migrations declared irreversible;
 * migrations that no rehearsal has run. */
typedef struct ManifestCounts {
    int64_t migrations;
    int64_t statements;
    int64_t irreversible;
    int64_t unproven;
} ManifestCounts;

/* Which statement of its script a step is, or begins with, from 1; and how many the script has. */
int64_t manifest_statement_number(const ManifestScript *script, size_t step);
int64_t manifest_script_statements(const ManifestScript *script);

ManifestCounts manifest_counts(const Manifest *manifest);

/* The verdicts that follow from the rehearsals, one per migration or version, which must have them;
 * the caller frees. The worst over the majors; without a row VERDICT_UNPROVEN, or where there is no
 * down VERDICT_IRREVERSIBLE or VERDICT_NONE. A version with such a migration has its verdict,
 * irreversible before none. */
Verdict *manifest_migration_verdicts(const Manifest *manifest);
Verdict *manifest_version_verdicts(const Manifest *manifest);

/* Words of the enums as the manifest and JSON write them ("transaction", "none"; "up", "down" …).
 */
const char *transaction_mode_name(TransactionMode mode);
const char *script_kind_name(ScriptKind kind);
const char *verdict_name(Verdict verdict);
const char *phase_name(Phase phase);
const char *group_kind_name(GroupKind kind);
const char *isolation_name(Isolation isolation);
const char *step_kind_name(StepKind kind);
const char *parameter_type_name(ParameterType type);
const char *parameter_quoting_name(ParameterQuoting quoting);
const char *arrival_name(Arrival arrival);                      /* "up", "down", "again", "chain" */
const char *manifest_atomic_name(const ManifestAtomic *atomic); /* "version", "run" */
const char *manifest_brought_name(const ManifestBrought *brought); /* "table", "column" */
const char *probe_kind_name(ProbeKind kind);

/* The words of one enum, indexed by its values; what the functions above read. */
typedef struct WordTable {
    const char *const *words;
    int count;
} WordTable;

extern const WordTable transaction_mode_words, script_kind_words, verdict_words, phase_words,
    group_kind_words, isolation_words, step_kind_words, probe_kind_words, arrival_words,
    atomic_words, brought_words, parameter_type_words, parameter_quoting_words;

/* The value whose word this is, or -1. */
int word_table_find(const WordTable *table, const char *word);

#endif
