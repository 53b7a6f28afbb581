#include "applier/commands/run_watch_wait.h"

#include <inttypes.h>

#include "applier/server/pg_wait.h"
#include "base/clock.h"
#include "base/memory.h"

/* --- words ----------------------------------------------------------------------------------- */

/* "3 of 10: 1.1.0 0002_add, statement 2 of 5" */
void run_watch_add_place(const RunTask *task, int64_t number, int64_t count, Text *text)
{
    text_addf(text, "%" PRId64 " of %" PRId64 ": %s", number, count, task->version->name);
    if (task->migration)
        text_addf(text, " %s", task->migration->identity);
}

static void add_statement(const RunTask *task, ScriptKind script, size_t step, Text *text)
{
    if (step == SIZE_MAX || !task->migration)
        return; /* COMMIT, or one of ours */
    const ManifestScript *steps = &task->migration->scripts[script];
    text_addf(text, ", statement %" PRId64 " of %" PRId64, manifest_statement_number(steps, step),
              manifest_script_statements(steps));
    if (script != SCRIPT_UP)
        text_addf(text, " (%s)", script_kind_name(script));
}

/* --- the second connection ------------------------------------------------------------------- */

static const WatchFacts nothing_seen;

static const WatchFacts *facts_of(const RunWatch *watch)
{
    return watch->session ? watch_session_facts(watch->session) : &nothing_seen;
}

void run_watch_say_trouble(RunWatch *watch)
{
    const char *trouble = watch->session ? watch_session_trouble(watch->session) : NULL;
    if (trouble && !watch->trouble_said) {
        CLEANUP(memory_freep)
        char *words = memory_format(
            "what the server is at cannot be looked at: %s; the run goes on without", trouble);
        watch->trouble_said = true;
        run_line_say(&watch->line, words);
    }
    if (watch->events.trouble && !watch->events_said) {
        CLEANUP(memory_freep)
        char *words = memory_format("the events cannot be written any more: %s; the run goes on",
                                    watch->events.trouble);
        watch->events_said = true;
        run_line_say(&watch->line, words);
    }
}

static void note_cancelled(RunWatch *watch)
{
    if (!watch->session)
        return;
    WatchCancelledArray cancelled = watch_session_take_cancelled(watch->session);
    array_each (const WatchCancelled, one, &cancelled) {
        CLEANUP(text_done) Text words = {0};
        *array_add(&watch->seen.cancelled) = *one;
        text_add(&words, "--cancel-blockers: ");
        watch_cancelled_words(one, &words);
        run_line_say(&watch->line, text_string(&words));
        run_events_cancelled(&watch->events, one);
    }
    array_free(&cancelled);
}

/* Before a run goes on or ends: whom has it cancelled? */
void run_watch_settle(RunWatch *watch)
{
    if (!watch->session || !watch->options.cancel_blockers)
        return;
    watch_session_settle(watch->session);
    note_cancelled(watch);
}

static void keep_blockers(RunWatch *watch, const WatchFacts *facts)
{
    watch->blockers.count = 0;
    array_each (const WatchBlocker, blocker, &facts->blockers)
        *array_add(&watch->blockers) = *blocker;
}

static void look(RunWatch *watch, const PgSession *session, int64_t waited_ms)
{
    if (!watch->session && waited_ms < RUN_WATCH_LOOK_MS && !watch->retried)
        return;
    if (!watch->session) {
        const WatchOptions options = {.with_statements = watch->options.show_sql,
                                      .cancels = watch->options.cancel_blockers};
        watch->session = watch_session_new(&options);
    }
    if (watch_session_tick(watch->session, session)) {
        const WatchFacts *facts = facts_of(watch);
        if (facts->blockers.count)
            keep_blockers(watch, facts);
    }
    note_cancelled(watch);
}

/* --- what is long ---------------------------------------------------------------------------- */

static void note_long_step(RunSeen *seen, const WatchedStep *step, int64_t duration_ms)
{
    size_t at = seen->longest_count;
    while (at > 0 && seen->longest[at - 1].duration_ms < duration_ms)
        at--;
    if (at == LONG_STEPS_MAX)
        return;
    if (seen->longest_count == LONG_STEPS_MAX) {
        free(seen->longest[LONG_STEPS_MAX - 1].version);
        free(seen->longest[LONG_STEPS_MAX - 1].identity);
    } else {
        seen->longest_count++;
    }
    memmove(&seen->longest[at + 1], &seen->longest[at],
            (seen->longest_count - at - 1) * sizeof(seen->longest[0]));
    seen->longest[at].version = memory_string(step->task->version->name);
    seen->longest[at].identity =
        memory_string(step->task->migration ? step->task->migration->identity : "");
    seen->longest[at].script = script_kind_name(step->script);
    seen->longest[at].statement =
        step->step == SIZE_MAX || !step->task->migration
            ? 0
            : manifest_statement_number(&step->task->migration->scripts[step->script], step->step);
    seen->longest[at].duration_ms = duration_ms;
}

/* The server is past the statement that was watched. */
void run_watch_leave_step(RunWatch *watch, const char *how)
{
    WatchedStep *step = &watch->now;
    int64_t duration = clock_monotonic_ms() - step->begun_ms;
    if (step->task && duration >= LONG_STEP_MS) {
        note_long_step(&watch->seen, step, duration);
        CLEANUP(text_done) Text words = {0};
        text_add(&words, step->task->version->name);
        if (step->task->migration)
            text_addf(&words, " %s", step->task->migration->identity);
        add_statement(step->task, step->script, step->step, &words);
        text_addf(&words, ": %s ", how);
        watch_duration_words(duration, &words);
        if (step->said)
            run_line_say(&watch->line, text_string(&words));
    }
    *step = (WatchedStep){0};
}

static void enter_step(RunWatch *watch, const RunNow *now)
{
    WatchedStep *step = &watch->now;
    if (step->task == now->task && step->script == now->script && step->step == now->step)
        return;
    run_watch_leave_step(watch, "done in");
    *step = (WatchedStep){.task = now->task,
                          .script = now->script,
                          .step = now->step,
                          .begun_ms = clock_monotonic_ms()};
    /* the server's own count, where it was just asked; else the wait is all that is known */
    const WatchFacts *facts = facts_of(watch);
    bool fresh = facts->asked_ms && step->begun_ms - facts->asked_ms < PG_WAIT_TICK_MS;
    step->begun_ms -= fresh ? facts->statement_ms : now->waited_ms;
}

/* --- how far it is --------------------------------------------------------------------------- */

static const char *what_counts(const char *unit)
{
    if (strcmp(unit, "bytes") == 0)
        return "copy";
    return strcmp(unit, "rows") == 0 ? "batches" : "statements";
}

/* What we know ourselves comes first: a COPY, rows in batches, a step's lines. */
static WatchProgress progress_of(const RunNow *now, const WatchFacts *facts)
{
    if (!now->step_unit)
        return facts->progress;
    WatchProgress progress = {.done = now->step_done, .total = now->step_total};
    snprintf(progress.what, sizeof(progress.what), "%s", what_counts(now->step_unit));
    snprintf(progress.unit, sizeof(progress.unit), "%s", now->step_unit);
    return progress;
}

static int64_t eta_of(WatchedStep *step, const WatchProgress *progress)
{
    char counting[sizeof(step->counting)];
    int64_t now = clock_monotonic_ms();
    if (strcmp(progress->unit, "lockers") == 0)
        return -1;
    snprintf(counting, sizeof(counting), "%s/%s", progress->what, progress->phase);
    if (strcmp(counting, step->counting) != 0 || progress->done < step->count_done) {
        snprintf(step->counting, sizeof(step->counting), "%s", counting);
        step->count_done = progress->done;
        step->count_ms = now;
    }
    return watch_eta_ms(step->count_done, progress->done, progress->total, now - step->count_ms);
}

/* --- one tick -------------------------------------------------------------------------------- */

/* What the statement is at, without numbers: another key is news. */
static char *key_of(const RunNow *now, const WatchFacts *facts, const WatchProgress *progress)
{
    CLEANUP(text_done) Text key = {0};
    text_addf(&key, "%p %d %zu %s %s/%s", (const void *)now->task, now->script, now->step,
              watch_facts_lock(facts)      ? facts->lock_object
              : watch_facts_standby(facts) ? "standby"
                                           : "",
              progress->what, progress->phase);
    array_each (const WatchBlocker, blocker, &facts->blockers)
        text_addf(&key, " %" PRId64 "%s", blocker->pid, blocker->prepared);
    return text_take(&key);
}

static void add_what(const WatchFacts *facts, const WatchProgress *progress, int64_t eta_ms,
                     Text *text)
{
    watch_progress_words(progress, text);
    if (eta_ms >= 0 && progress->total > 0) {
        text_add(text, ", about ");
        watch_duration_words(eta_ms, text);
        text_add(text, " to go");
    }
    if (watch_facts_lock(facts) || watch_facts_standby(facts))
        text_add(text, *progress->what ? "; " : "");
    if (watch_facts_standby(facts))
        text_add(text, "waits for the synchronous standby");
    watch_lock_words(facts, text);
}

/* What was seen of an earlier wait is not true of this one. */
static const WatchFacts *fresh_facts(const RunWatch *watch, int64_t waited_ms)
{
    const WatchFacts *facts = facts_of(watch);
    return facts->asked_ms < clock_monotonic_ms() - waited_ms ? &nothing_seen : facts;
}

/* The time that locks were waited for, tick by tick. */
static void count_lock_wait(RunWatch *watch, bool waits)
{
    int64_t now = clock_monotonic_ms();
    if (waits) {
        watch->seen.lock_waits += !watch->ticked_ms;
        watch->seen.lock_wait_ms +=
            now - (watch->ticked_ms ? watch->ticked_ms : watch->now.begun_ms);
    }
    watch->ticked_ms = waits ? now : 0;
}

/* Whether a heartbeat is. */
bool run_watch_is_due(const RunWatch *watch, int64_t now)
{
    return watch->options.heartbeat_ms && now - watch->last_ms >= watch->options.heartbeat_ms;
}

/* Whether it was told as news. */
static bool tell(RunWatch *watch, const RunNow *now, const WatchFacts *facts, bool news)
{
    WatchProgress progress = progress_of(now, facts);
    int64_t eta = eta_of(&watch->now, &progress), at = clock_monotonic_ms();
    /* many short waits are no news */
    news = news && (now->waited_ms >= RUN_WATCH_LOOK_MS || watch_facts_lock(facts));
    bool due = run_watch_is_due(watch, at);
    int64_t beat =
        watch->options.heartbeat_ms ? watch->options.heartbeat_ms : RUN_WATCH_HEARTBEAT_MS;
    CLEANUP(text_done) Text words = {0};
    run_watch_add_place(now->task, now->tasks_done + 1, now->tasks_count, &words);
    add_statement(now->task, now->script, now->step, &words);
    text_add(&words, ", ");
    watch_duration_words(at - watch->now.begun_ms, &words);
    text_add(&words, ": ");
    size_t length = words.length;
    add_what(facts, &progress, eta, &words);
    if (words.length == length)
        text_add(&words, "at work");
    if (watch->line.terminal)
        run_line_rewrite(&watch->line, text_string(&words));
    else if (news || due)
        run_line_say(&watch->line, text_string(&words));
    watch->now.said = watch->now.said || watch->line.terminal || news || due;
    if (news && watch_facts_lock(facts))
        run_events_lock_wait(&watch->events, now, facts);
    if (news || at - watch->last_event_ms >= beat) {
        run_events_progress(&watch->events, now, facts, &progress, eta);
        watch->last_event_ms = at;
    }
    if (news || due)
        watch->last_ms = at;
    return news;
}

void run_watch_waiting(void *context, const RunNow *now)
{
    RunWatch *watch = context;
    enter_step(watch, now);
    run_watch_say_trouble(watch);
    const WatchFacts *facts = fresh_facts(watch, now->waited_ms);
    WatchProgress progress = progress_of(now, facts);
    CLEANUP(memory_freep) char *key = key_of(now, facts, &progress);
    bool news = !watch->last_key || strcmp(key, watch->last_key) != 0;
    count_lock_wait(watch, watch_facts_lock(facts));
    /* a wait is first looked at, then told of */
    if (!facts->asked_ms && now->waited_ms < (watch->trouble_said ? 1 : 2) * RUN_WATCH_LOOK_MS)
        return;
    if (tell(watch, now, facts, news)) {
        free(watch->last_key);
        watch->last_key = TAKE_PTR(key);
    }
}

/* The run waits for something that is no step: what holds it up is said all the same. */
void run_watch_busy(void *context, const PgSession *session, int64_t waited_ms)
{
    RunWatch *watch = context;
    look(watch, session, waited_ms);
    run_watch_say_trouble(watch);
    const WatchFacts *facts = fresh_facts(watch, waited_ms);
    int64_t now = clock_monotonic_ms();
    CLEANUP(memory_freep)
    char *key = memory_format("%s %s", facts->lock_object, facts->wait_event);
    bool held = watch_facts_lock(facts) || watch_facts_standby(facts);
    bool news = held && (!watch->last_key || strcmp(key, watch->last_key) != 0);
    CLEANUP(text_done) Text words = {0};
    if (waited_ms < RUN_WATCH_LOOK_MS ||
        (!watch->line.terminal && !news && !run_watch_is_due(watch, now)))
        return;
    text_add(&words, "ledger and schema, ");
    watch_duration_words(waited_ms, &words);
    text_add(&words, ": ");
    add_what(facts, &facts->progress, /* eta_ms= */ -1, &words);
    text_add(&words, held ? "" : "at work");
    if (watch->line.terminal)
        run_line_rewrite(&watch->line, text_string(&words));
    else
        run_line_say(&watch->line, text_string(&words));
    watch->last_ms = now;
    free(watch->last_key);
    watch->last_key = TAKE_PTR(key);
}

const char *run_watch_seen(void *context, const PgSession *session, int64_t waited_ms)
{
    RunWatch *watch = context;
    look(watch, session, waited_ms);
    const WatchFacts *facts = facts_of(watch);
    return *facts->statement_start ? facts->statement_start : NULL;
}
