/* Drives the engine without command files, for tests: prints reports as `key value` lines.
 *
 *     engine_run apply BUNDLE [--to V] [--atomic version|run] [--done|--not-done] [--lock-wait MS]
 *                             [--refuse-after N]   may_go_on says no from its N-th call on
 *     engine_run rollback [--to V | --steps N] [--atomic run] · resume · history
 *     engine_run pooler
 *     engine_run statements IDENTITY SQL…    one migration, one transaction, a statement each: for
 *                                            what the planner would refuse to pack
 *     engine_run lines IDENTITY SQL LINES N  a statement, and lines that the manifest calls N
 *
 * The target comes from PG* or DATABASE_URL. Bundles are read without trust. */
#include <inttypes.h>

#include "applier/runs/resume_plan.h"
#include "applier/runs/rollback_run.h"
#include "applier/runs/run_session.h"
#include "base/interrupt.h"
#include "base/memory.h"
#include "bundles/bundle_reader.h"

typedef struct Arguments {
    RunOptions run;
    RollbackTarget target;
    const char *to_version;
} Arguments;

static void on_retry(void *context UNUSED, const RunTask *task, const char *sqlstate,
                     int64_t attempt, int64_t delay_ms UNUSED)
{
    printf("retry %s %s %" PRId64 "\n", task->migration->identity, sqlstate, attempt);
}

static void on_waiting(void *context UNUSED, const PgLockHolder *holder)
{
    printf("waiting-for %s\n", holder->application);
    fflush(stdout);
}

/* Counts down, and refuses when it has come to nothing. */
static bool may_go_on(void *context, PgSession *session, Error *err)
{
    int64_t *left = context;
    if (PQtransactionStatus(session->connection) != PQTRANS_IDLE)
        return error_set(err, ERROR_INTERNAL, "asked inside a transaction");
    return --*left > 0 || error_set(err, ERROR_TARGET, "a standby lags");
}

static bool copies(const RunNow *now)
{
    return now->step_unit && strcmp(now->step_unit, "bytes") == 0;
}

/* How far a COPY is, once for each. */
static void on_now(void *context UNUSED, const RunNow *now)
{
    static const RunTask *told;
    if (copies(now) && now->task != told)
        printf("copy %s %" PRId64 " of %" PRId64 "\n", now->task->migration->identity,
               now->step_done, now->step_total);
    told = copies(now) ? now->task : told;
}

static Arguments read_arguments(int argc, char **argv)
{
    Arguments arguments = {.run = run_options_default()};
    arguments.run.listener.retry = on_retry;
    arguments.run.listener.waiting = on_now;
    arguments.run.lock_waiting = on_waiting;
    for (int i = 0; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--to") == 0)
            arguments.to_version = arguments.target.to_version = value;
        if (strcmp(argv[i], "--steps") == 0)
            arguments.target.steps = strtol(value, NULL, 10);
        if (strcmp(argv[i], "--lock-wait") == 0)
            arguments.run.lock_wait_ms = strtol(value, NULL, 10);
        if (strcmp(argv[i], "--lock-timeout") == 0)
            arguments.run.lock_timeout_ms = strtol(value, NULL, 10);
        if (strcmp(argv[i], "--attempts") == 0)
            arguments.run.attempts = (int)strtol(value, NULL, 10);
        if (strcmp(argv[i], "--atomic") == 0)
            arguments.run.atomic = strcmp(value, "run") == 0 ? ATOMIC_RUN : ATOMIC_VERSION;
        if (strcmp(argv[i], "--refuse-after") == 0) {
            static int64_t left;
            left = strtol(value, NULL, 10);
            arguments.run.may_go_on = may_go_on;
            arguments.run.may_go_on_context = &left;
        }
        if (strcmp(argv[i], "--done") == 0)
            arguments.run.settle = SETTLE_AS_DONE;
        if (strcmp(argv[i], "--not-done") == 0)
            arguments.run.settle = SETTLE_AS_NOT_DONE;
        if (strcmp(argv[i], "--show-sql") == 0)
            arguments.run.words = WORDS_WHOLE;
    }
    return arguments;
}

static void print_run(const RunReport *run)
{
    printf("groups %" PRId64 "\ntasks-done %" PRId64 "\nretries %" PRId64 "\nturns %" PRId64
           "\ncopied %" PRId64 "\nbatches %" PRId64 "\nsettled %d\n",
           run->groups_committed, run->tasks_done, run->retries, run->turns, run->copied_bytes,
           run->batches, run->settled);
    if (run->failure.happened)
        printf("failure %s|%s|%s|%" PRId64 "|%" PRId64 "|%s\n", run->failure.identity,
               run->failure.version, run->failure.script, run->failure.statement, run->failure.line,
               run->failure.sqlstate);
}

static bool apply(const char *path, Arguments *arguments, Error *err)
{
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    const Manifest *manifest;
    if (!bundle_reader_open(path, /* known= */ NULL, &reader, err) ||
        !bundle_reader_manifest(reader, &manifest, err))
        return false;
    const EnvelopeProof *proof = bundle_reader_proof(reader);
    ApplyInput input = {.envelope = bundle_reader_envelope(reader),
                        .head = &proof->head,
                        .head_digest = proof->head_digest,
                        .manifest = manifest,
                        .objects = bundle_reader_objects(reader),
                        .verification = "test",
                        .path = path};
    input.manifest_bytes = bundle_reader_manifest_bytes(reader, &input.manifest_size);
    bool done = false;
    if (!arguments->to_version && arguments->run.settle == SETTLE_BY_LOOKING &&
        !apply_run_is_done(&arguments->run, &proof->head, &proof->head_digest, &done, err))
        return false;
    if (done) {
        printf("done-before 1\n");
        return true;
    }
    CLEANUP(apply_report_done) ApplyReport report = {0};
    bool good = apply_run(&arguments->run, &input, arguments->to_version, &report, err);
    printf("relation %s\nfrom %s\nto %s\nversion %s\ntasks %" PRId64 "\nms %" PRId64 "\n",
           apply_relation_name(report.relation), report.from_version ? report.from_version : "?",
           report.to_version ? report.to_version : "?", report.version ? report.version : "?",
           report.tasks, report.duration_ms);
    printf("reconnects %" PRId64 "\n", report.reconnects);
    if (report.settled.happened)
        printf("answered %s\n", report.settled.done ? "done" : "not-done");
    print_run(&report.run);
    return good;
}

static bool read_text(void *context, const ManifestObject *object UNUSED, int64_t offset,
                      void *bytes, size_t size, Error *err UNUSED)
{
    memcpy(bytes, (const char *)context + offset, size);
    return true;
}

/* A manifest made by hand around an up's steps. */
static bool apply_steps(Arguments *arguments, char *identity, Text *text, ManifestStepArray *steps,
                        Error *err)
{
    ManifestMigration migration = {.identity = identity,
                                   .ordinal = 1,
                                   .lock_timeout_ms = -1,
                                   .statement_timeout_ms = -1,
                                   .up_digest = digest_of(identity, strlen(identity))};
    ManifestScript *up = &migration.scripts[SCRIPT_UP];
    up->present = true;
    up->source = identity;
    up->steps = *steps;
    *array_add(&up->groups) = (ManifestGroup){.step_count = steps->count};
    const Text script = *text;
    Digest digest = digest_of(script.bytes, script.length);
    ManifestObject object = {.path = identity,
                             .stored_size = (int64_t)script.length,
                             .plain_size = (int64_t)script.length,
                             .stored_digest = digest,
                             .plain_digest = digest};
    ManifestVersion version = {.name = identity, .migration_count = 1, .tree_digest = digest};
    Manifest manifest = {.head = {.sequence = 1, .tree_from = "-", .server_max = 99},
                         .search_path = memory_string("public"),
                         .versions = {.items = &version, .count = 1},
                         .migrations = {.items = &migration, .count = 1},
                         .objects = {.items = &object, .count = 1}};
    uuid_make(manifest.head.product_uuid);
    Envelope *envelope = memory_new(Envelope);
    ApplyInput input = {.envelope = envelope,
                        .head = &manifest.head,
                        .head_digest = digest,
                        .manifest = &manifest,
                        .objects = {.read = read_text, .context = script.bytes},
                        .verification = "test",
                        .path = "-"};
    CLEANUP(apply_report_done) ApplyReport report = {0};
    bool good = apply_run(&arguments->run, &input, /* to_version= */ NULL, &report, err);
    print_run(&report.run);
    array_free(&up->groups);
    free(manifest.search_path);
    free(envelope);
    return good;
}

static ManifestStep *add_step(Text *script, ManifestStepArray *steps, const char *text)
{
    ManifestStep *step = array_add(steps);
    *step = (ManifestStep){.statements = 1,
                           .line = (int64_t)steps->count,
                           .offset = (int64_t)script->length,
                           .length = (int64_t)strlen(text),
                           .data_object = -1};
    text_addf(script, "%s;\n", text);
    return step;
}

static bool apply_statements(Arguments *arguments, char *identity, char **statements, int count,
                             Error *err)
{
    CLEANUP(text_done) Text script = {0};
    ManifestStepArray steps = {0};
    for (int i = 0; i < count; i++)
        add_step(&script, &steps, statements[i]);
    bool good = apply_steps(arguments, identity, &script, &steps, err);
    array_free(&steps);
    return good;
}

/* One statement, and lines that the manifest calls so many statements. */
static bool apply_lines(Arguments *arguments, char *identity, const char *first, const char *lines,
                        const char *count, Error *err)
{
    CLEANUP(text_done) Text script = {0};
    ManifestStepArray steps = {0};
    add_step(&script, &steps, first);
    ManifestStep *step = add_step(&script, &steps, lines);
    step->kind = STEP_LINES;
    step->statements = strtol(count, /* endptr= */ NULL, 10);
    bool good = apply_steps(arguments, identity, &script, &steps, err);
    array_free(&steps);
    return good;
}

static bool rollback(Arguments *arguments, Error *err)
{
    RollbackOptions options = {
        .run = arguments->run,
        .target = arguments->target,
        .needs = ROLLBACK_NEEDS_NOTHING,
        .accept_unproven = true, /* bundles of these tests are packed unproven */
    };
    if (options.run.action == ACTION_APPLY)
        options.run.action = ACTION_ROLLBACK;
    CLEANUP(rollback_report_done) RollbackReport report = {0};
    bool good = rollback_run(&options, &report, err);
    printf("from %s\nto %s\nversion %s\ntasks %" PRId64 "\nproven %s\n",
           report.from_version ? report.from_version : "?",
           report.to_version ? report.to_version : "?", report.version ? report.version : "?",
           report.tasks, stored_proof_name(report.proven));
    print_run(&report.run);
    return good;
}

static bool read_history(const Arguments *arguments, History *history, Error *err)
{
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    return run_session_open_reader(&arguments->run, &session, err) &&
           run_session_history(session, PG_SESSION_READS, &arguments->run, history, err);
}

static bool resume(Arguments *arguments, Error *err)
{
    CLEANUP(history_done) History history = {0};
    CLEANUP(resume_plan_done) ResumePlan plan = {0};
    if (!read_history(arguments, &history, err))
        return false;
    resume_plan_make(&history, &plan);
    arguments->run.action = ACTION_RESUME;
    printf("resume %d\n", plan.kind);
    if (plan.kind == RESUME_NOTHING)
        return true;
    if (plan.kind == RESUME_APPLY) {
        arguments->to_version = plan.to_version;
        return apply(plan.bundle_path, arguments, err);
    }
    arguments->target = (RollbackTarget){
        .to_version = plan.to_version, .has_position = true, .position = plan.to_position};
    return rollback(arguments, err);
}

static bool show_history(const Arguments *arguments, Error *err)
{
    CLEANUP(history_done) History history = {0};
    if (!read_history(arguments, &history, err))
        return false;
    CLEANUP(memory_freep) char *unrest = history_unrest(&history);
    printf("managed %d\nversion %s\nposition %" PRId64 "\ndiverged %s\nunrest %s\n",
           history.managed, history_version_name(&history), history.position,
           history.diverged ? history.diverged : "-", unrest ? unrest : "-");
    array_each (AppliedMigration, migration, &history.migrations)
        printf("migration %s %s %d %" PRId64 "/%" PRId64 "%s\n", migration->version,
               migration->identity, migration->state, migration->groups_done,
               migration->group_count, migration->unverified ? " unverified" : "");
    array_each (PastEvent, event, &history.events)
        printf("event %s %s %s %s %s\n", event->action, event->phase, event->from_version,
               event->to_version, event->sqlstate);
    return true;
}

static bool look_for_pooler(const Arguments *arguments, Error *err)
{
    static const char *const names[] = {"direct", "session", "transaction"};
    const PgSessionOptions options = {.conninfo = arguments->run.conninfo};
    PgPooler pooler;
    if (!pg_session_look_for_pooler(&options, &pooler, err))
        return false;
    printf("pooler %s\n", names[pooler]);
    return true;
}

int main(int argc, char **argv)
{
    CLEANUP(error_done) Error error = {0};
    if (argc < 2)
        return ERROR_USAGE;
    interrupt_install();
    Arguments arguments = read_arguments(argc - 2, argv + 2);
    bool good = false;
    if (strcmp(argv[1], "apply") == 0 && argc > 2)
        good = apply(argv[2], &arguments, &error);
    else if (strcmp(argv[1], "statements") == 0 && argc > 3)
        good = apply_statements(&arguments, argv[2], argv + 3, argc - 3, &error);
    else if (strcmp(argv[1], "lines") == 0 && argc > 5)
        good = apply_lines(&arguments, argv[2], argv[3], argv[4], argv[5], &error);
    else if (strcmp(argv[1], "rollback") == 0)
        good = rollback(&arguments, &error);
    else if (strcmp(argv[1], "resume") == 0)
        good = resume(&arguments, &error);
    else if (strcmp(argv[1], "pooler") == 0)
        good = look_for_pooler(&arguments, &error);
    else
        good = show_history(&arguments, &error);
    fflush(stdout);
    if (!good)
        error_print(stderr, "engine_run", &error);
    return good ? 0 : (int)error.class;
}
