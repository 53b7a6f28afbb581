#include "applier/commands/site_rehearsal_render.h"

#include <inttypes.h>

#include "applier/commands/run_render.h"
#include "base/command_table.h"

#define SHOWN_STEPS 10 /* the longest ones; --json has all */
#define SHOWN_LOCKS 10
#define SHOWN_LINES 10

/* --- words ----------------------------------------------------------------------------------- */

char *render_bytes(int64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1024 && unit + 1 < ARRAY_LEN(units)) {
        size /= 1024;
        unit++;
    }
    return memory_format(unit && size < 100 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

char *render_duration(int64_t microseconds)
{
    double seconds = (double)microseconds / 1e6;
    if (microseconds < 10000)
        return memory_format("%.1f ms", seconds * 1000);
    if (microseconds < 1000000)
        return memory_format("%.0f ms", seconds * 1000);
    if (seconds < 60)
        return memory_format("%.2f s", seconds);
    int64_t whole = microseconds / 1000000;
    if (whole < 3600)
        return memory_format("%" PRId64 " min %" PRId64 " s", whole / 60, whole % 60);
    return memory_format("%" PRId64 " h %" PRId64 " min", whole / 3600, whole % 3600 / 60);
}

static const char *version_words(const char *version)
{
    return strcmp(version, "-") == 0 ? "(nothing)" : version;
}

static const char *result_of(const SiteRehearsalShown *shown)
{
    return shown->failure ? "failed" : !shown->rehearsal->tasks ? "nothing to do" : "rehearsed";
}

static bool was_begun(const SiteRehearsal *rehearsal)
{
    return rehearsal->measure && (rehearsal->up_passed || rehearsal->apply.duration_ms ||
                                  site_measure_steps(rehearsal->measure)->count);
}

/* --- steps ----------------------------------------------------------------------------------- */

typedef ARRAY_OF(const SiteStep *) StepRefs;

static int longest_first(const void *a, const void *b)
{
    const SiteStep *one = *(const SiteStep *const *)a, *other = *(const SiteStep *const *)b;
    if (one->duration_us != other->duration_us)
        return one->duration_us < other->duration_us ? 1 : -1;
    return one < other ? -1 : one > other;
}

static void choose_steps(const SiteRehearsal *rehearsal, ScriptKind script, StepRefs *ret_steps)
{
    StepRefs steps = {0};
    array_each (const SiteStep, step, site_measure_steps(rehearsal->measure)) {
        if (step->script == script)
            *array_add(&steps) = step;
    }
    if (steps.count)
        qsort(steps.items, steps.count, sizeof(*steps.items), longest_first);
    *ret_steps = steps;
}

/* The strongest lock that earlier statements of its transaction have taken on a relation. */
static LockMode held_before(const SiteRehearsal *rehearsal, const SiteStep *step,
                            const char *relation)
{
    LockMode held = LOCK_NONE;
    const SiteStep *first = site_measure_steps(rehearsal->measure)->items;
    for (const SiteStep *before = step;
         before-- > first && before->transaction == step->transaction;)
        array_each (const MeasuredStepRelation, locked, &before->relations) {
            LockMode lock = lock_mode_find(locked->lock);
            if (lock > held && strcmp(locked->relation, relation) == 0)
                held = lock;
        }
    return held;
}

static void relation_text(const MeasuredStepRelation *relation, LockMode held, Text *out)
{
    CLEANUP(memory_freep) char *size = render_bytes(relation->bytes);
    const char *lock =
        held > lock_mode_find(relation->lock) ? lock_mode_name(held) : relation->lock;
    text_addf(out, "      %s (%s, %" PRId64 " row%s)%s%s%s%s\n", relation->relation, size,
              relation->rows, text_plural(relation->rows), *lock ? ": " : "", lock,
              relation->rewritten ? ", rewritten" : "", relation->scanned ? ", read whole" : "");
}

static void step_text(const SiteRehearsal *rehearsal, const SiteStep *step, Text *out)
{
    CLEANUP(memory_freep) char *took = render_duration(step->duration_us);
    text_addf(out, "    %s  %s %s, statement %" PRId64 " (%s:%" PRId64 ")%s\n", took, step->version,
              step->identity, step->statement, step->source, step->line,
              step->declared ? ", outside transactions" : "");
    array_each (const MeasuredStepRelation, relation, &step->relations)
        relation_text(relation, held_before(rehearsal, step, relation->relation), out);
    array_each (char *const, index, &step->invalid_indexes)
        text_addf(out, "      %s is left INVALID\n", *index);
}

static void steps_text(const SiteRehearsal *rehearsal, ScriptKind script, Text *out)
{
    StepRefs steps;
    choose_steps(rehearsal, script, &steps);
    if (steps.count > SHOWN_STEPS)
        text_addf(out, "  the %d longest of %zu statements:\n", SHOWN_STEPS, steps.count);
    else if (steps.count)
        text_add(out, "  the statements, the longest first:\n");
    for (size_t i = 0; i < steps.count && i < SHOWN_STEPS; i++)
        step_text(rehearsal, steps.items[i], out);
    array_free(&steps);
}

static void locks_text(const SiteRehearsal *rehearsal, Text *out)
{
    SiteLockArray locks;
    size_t shown = 0;
    site_measure_locks(site_measure_steps(rehearsal->measure), rehearsal->ended_us, &locks);
    if (locks.count)
        text_addf(out, "  locks that others wait for, the longest first%s:\n",
                  rehearsal->ended_us ? " (held until all was rolled back)" : "");
    array_each (const SiteLock, lock, &locks) {
        CLEANUP(memory_freep) char *held = render_duration(lock->held_us);
        if (shown++ < SHOWN_LOCKS)
            text_addf(out, "    %s  %s on %s\n", held, lock_mode_name(lock->lock), lock->relation);
    }
    if (locks.count > SHOWN_LOCKS)
        text_addf(out, "    and %zu more (--json has all)\n", locks.count - SHOWN_LOCKS);
    array_free(&locks);
}

/* --- the parts of the text ------------------------------------------------------------------- */

static void where_text(const SiteRehearsal *rehearsal, Text *out)
{
    CLEANUP(memory_freep) char *size = render_bytes(rehearsal->copy_bytes);
    CLEANUP(memory_freep) char *took = render_duration(rehearsal->copy_ms * 1000);
    switch (rehearsal->method) {
    case SITE_METHOD_TEMPLATE:
        text_addf(out, "  on a copy of %s: %s, copied in %s, %s\n", rehearsal->database, size, took,
                  rehearsal->kept ? "kept" : "dropped again");
        if (rehearsal->kept)
            text_addf(out,
                      "  the copy is database '%s'; when it is no longer needed: DROP "
                      "DATABASE \"%s\"\n",
                      rehearsal->copy_name, rehearsal->copy_name);
        return;
    case SITE_METHOD_RESTORED:
        text_addf(out, "  on the copy %s\n",
                  rehearsal->copy ? rehearsal->copy : rehearsal->copy_name);
        return;
    case SITE_METHOD_ROLLED_BACK:
        text_addf(out, "  in one transaction on %s, which was rolled back\n", rehearsal->database);
        return;
    }
}

static void version_text(const SiteVersion *version, Text *out)
{
    switch (version->state) {
    case SCHEMA_PROVEN:
        text_addf(out, "  version %s: the schema is the one proven at build time%s\n",
                  version->name, run_render_arrival(version->arrival));
        return;
    case SCHEMA_PARTLY:
        text_addf(out,
                  "  version %s: the schema's structure is the one proven at build time, on "
                  "another server major\n",
                  version->name);
        return;
    case SCHEMA_UNPROVEN:
        text_addf(out, "  version %s: the schema was not compared: nothing was proven of it\n",
                  version->name);
        return;
    case SCHEMA_DIFFERS:
        text_addf(out, "  version %s: the schema is not the one proven at build time\n",
                  version->name);
        return;
    }
}

static int64_t wal_of(const SiteRehearsal *rehearsal, ScriptKind script)
{
    int64_t bytes = 0;
    array_each (const SiteStep, step, site_measure_steps(rehearsal->measure))
        bytes += step->script == script ? step->wal_bytes : 0;
    return bytes;
}

static void checks_text(const SiteRehearsal *rehearsal, Text *out)
{
    int64_t count = 0, us = 0;
    array_each (const SiteStep, step, site_measure_steps(rehearsal->measure)) {
        bool check = step->script == SCRIPT_VERIFY || step->script == SCRIPT_PRECHECK;
        count += check;
        us += check ? step->duration_us : 0;
    }
    CLEANUP(memory_freep) char *took = render_duration(us);
    if (count)
        text_addf(out, "  verify and precheck scripts: %" PRId64 " statement%s in %s\n", count,
                  text_plural(count), took);
}

static void up_text(const SiteRehearsal *rehearsal, Text *out)
{
    CLEANUP(memory_freep) char *took = render_duration(rehearsal->apply.duration_ms * 1000);
    CLEANUP(memory_freep) char *wal = render_bytes(wal_of(rehearsal, SCRIPT_UP));
    text_addf(out, "up: %" PRId64 " migration%s in %s, %s of WAL\n", rehearsal->tasks,
              text_plural(rehearsal->tasks), took, wal);
    array_each (const SiteVersion, version, &rehearsal->versions)
        version_text(version, out);
    steps_text(rehearsal, SCRIPT_UP, out);
    checks_text(rehearsal, out);
    if (rehearsal->unverified)
        text_addf(out, "  %" PRId64 " verify script%s not run: they run behind COMMIT\n",
                  rehearsal->unverified, rehearsal->unverified == 1 ? " was" : "s were");
}

static const char *live_verdict_words(const SiteWayBack *back)
{
    switch (back->verdict) {
    case VERDICT_EXACT:
        return back->counted ? "schema and numbers of rows are as before (values were not compared)"
                             : "the schema is as before (rows were not counted)";
    case VERDICT_COLUMN_ORDER:
        return "all came back but the order of columns";
    case VERDICT_LOSSY:
        return "the schema came back, rows did not all";
    case VERDICT_DIFFERS:
    case VERDICT_FAILS:
    case VERDICT_UNPROVEN:
    case VERDICT_NONE:
    case VERDICT_IRREVERSIBLE:
        break;
    }
    return "the schema came back otherwise";
}

static void back_details(const SiteWayBack *back, Text *out)
{
    for (size_t i = 0; i < back->differs.count && i < SHOWN_LINES; i++)
        text_addf(out, "    %s\n", back->differs.items[i]);
    if (back->differs.count > SHOWN_LINES)
        text_addf(out, "    and %zu objects more (--json has all)\n",
                  back->differs.count - SHOWN_LINES);
    for (size_t i = 0; i < back->rows.count && i < SHOWN_LINES; i++) {
        const SiteRows *rows = &back->rows.items[i];
        if (rows->column)
            text_addf(out, "    %s: column %s is not what it was\n", rows->table, rows->column);
        else
            text_addf(out, "    %s: %" PRId64 " rows before, %" PRId64 " after\n", rows->table,
                      rows->before, rows->after);
    }
    if (back->rows.count > SHOWN_LINES)
        text_addf(out, "    and %zu tables more (--json has all)\n",
                  back->rows.count - SHOWN_LINES);
}

static void back_text(const SiteRehearsal *rehearsal, Text *out)
{
    const SiteWayBack *back = &rehearsal->back;
    if (back->tried) {
        CLEANUP(memory_freep) char *took = render_duration(back->run.duration_ms * 1000);
        text_addf(out, "back: %" PRId64 " migration%s in %s\n", back->run.tasks,
                  text_plural(back->run.tasks), took);
        if (back->done)
            text_addf(out, "  %s\n", live_verdict_words(back));
        back_details(back, out);
        steps_text(rehearsal, SCRIPT_DOWN, out);
    }
    if (back->why_not)
        text_addf(out, "%s: %s\n", back->tried ? "  not compared" : "back: it was not rehearsed",
                  back->why_not);
}

void site_rehearsal_render_text(const SiteRehearsalShown *shown, Text *out)
{
    const SiteRehearsal *rehearsal = shown->rehearsal;
    if (!rehearsal->tasks && !shown->failure) {
        text_addf(out, "nothing to rehearse: the database is at version %s\n", rehearsal->to);
        return;
    }
    if (!was_begun(rehearsal))
        return;
    text_addf(out, "%s %s %s -> %s\n", shown->failure ? "did not come through:" : "rehearsed",
              shown->input->head->product, version_words(rehearsal->from), rehearsal->to);
    where_text(rehearsal, out);
    up_text(rehearsal, out);
    back_text(rehearsal, out);
    text_add(out, "both:\n");
    locks_text(rehearsal, out);
    if (shown->measured_file)
        text_addf(out, "  kept for 'applier plan': %s\n", shown->measured_file);
    text_addf(out, "  %s\n",
              rehearsal->method == SITE_METHOD_ROLLED_BACK
                  ? "the database is as it was, but for sequences that moved on"
                  : "the real database was not changed");
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void relations_json(const SiteStep *step, JsonWriter *json)
{
    json_array(json, "relations");
    array_each (const MeasuredStepRelation, relation, &step->relations) {
        json_object(json, /* name= */ NULL);
        json_string(json, "relation", relation->relation);
        json_string(json, "lock", relation->lock);
        json_int(json, "bytes", relation->bytes);
        json_int(json, "rows", relation->rows);
        json_bool(json, "rewritten", relation->rewritten);
        json_bool(json, "scanned", relation->scanned);
        json_close(json);
    }
    json_close(json);
    json_array(json, "invalid_indexes");
    array_each (char *const, index, &step->invalid_indexes)
        json_string(json, /* name= */ NULL, *index);
    json_close(json);
}

static void steps_json(const SiteRehearsal *rehearsal, JsonWriter *json)
{
    json_array(json, "steps");
    if (rehearsal->measure) {
        array_each (const SiteStep, step, site_measure_steps(rehearsal->measure)) {
            json_object(json, /* name= */ NULL);
            json_string(json, "identity", step->identity);
            json_string(json, "version", step->version);
            json_string(json, "script", script_kind_name(step->script));
            json_int(json, "statement", step->statement);
            json_string(json, "source", step->source);
            json_int(json, "line", step->line);
            json_int(json, "transaction", step->transaction);
            json_int(json, "duration_us", step->duration_us);
            json_int(json, "wal_bytes", step->wal_bytes);
            json_bool(json, "declared", step->declared);
            relations_json(step, json);
            json_close(json);
        }
    }
    json_close(json);
}

static void locks_json(const SiteRehearsal *rehearsal, JsonWriter *json)
{
    SiteLockArray locks = {0};
    json_array(json, "locks");
    if (rehearsal->measure)
        site_measure_locks(site_measure_steps(rehearsal->measure), rehearsal->ended_us, &locks);
    array_each (const SiteLock, lock, &locks) {
        json_object(json, /* name= */ NULL);
        json_string(json, "relation", lock->relation);
        json_string(json, "lock", lock_mode_name(lock->lock));
        json_int(json, "held_us", lock->held_us);
        json_close(json);
    }
    json_close(json);
    array_free(&locks);
}

static void back_json(const SiteWayBack *back, JsonWriter *json)
{
    json_object(json, "rollback");
    json_bool(json, "tried", back->tried);
    json_string(json, "why_not", back->why_not);
    json_int(json, "migrations", back->run.tasks);
    json_int(json, "duration_ms", back->run.duration_ms);
    json_string(json, "verdict", back->done ? verdict_name(back->verdict) : NULL);
    json_bool(json, "rows_counted", back->counted);
    json_array(json, "differs");
    array_each (char *const, line, &back->differs)
        json_string(json, /* name= */ NULL, *line);
    json_close(json);
    json_array(json, "row_counts");
    array_each (const SiteRows, rows, &back->rows) {
        json_object(json, /* name= */ NULL);
        json_string(json, "table", rows->table);
        json_string(json, "column", rows->column);
        json_int(json, "rows_before", rows->before);
        json_int(json, "rows_after", rows->after);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

static void versions_json(const SiteRehearsal *rehearsal, JsonWriter *json)
{
    json_array(json, "versions");
    array_each (const SiteVersion, version, &rehearsal->versions) {
        json_object(json, /* name= */ NULL);
        json_string(json, "version", version->name);
        json_string(json, "schema", schema_state_name(version->state));
        json_string(json, "schema_arrival", *version->arrival ? version->arrival : NULL);
        json_close(json);
    }
    json_close(json);
}

/* The statement that stopped it, of whichever direction. */
static const StepFailure *failure_of(const SiteRehearsal *rehearsal)
{
    const StepFailure *back = &rehearsal->back.run.run.failure;
    return back->happened ? back : &rehearsal->apply.run.failure;
}

static void particulars_json(const SiteRehearsalShown *shown, JsonWriter *json)
{
    const SiteRehearsal *rehearsal = shown->rehearsal;
    char head[DIGEST_HEX_SIZE];
    json_string(json, "product", shown->input->head->product);
    json_string(json, "head_digest", digest_hex(&shown->input->head_digest, head));
    json_string(json, "method", site_method_name(rehearsal->method));
    json_string(json, "result", result_of(shown));
    json_string(json, "database", rehearsal->database);
    json_string(json, "copy", rehearsal->copy_name);
    json_bool(json, "kept", rehearsal->kept);
    json_int(json, "copy_bytes", rehearsal->copy_bytes);
    json_int(json, "copy_ms", rehearsal->copy_ms);
    json_string(json, "database_uuid", rehearsal->database_uuid);
    json_string(json, "server_version", rehearsal->server_version);
    json_string(json, "from", rehearsal->from);
    json_string(json, "to", rehearsal->to);
    json_int(json, "migrations", rehearsal->tasks);
    json_int(json, "migrations_done", rehearsal->apply.run.tasks_done);
    json_int(json, "unverified", rehearsal->unverified);
    json_int(json, "duration_ms", rehearsal->apply.duration_ms);
}

void site_rehearsal_render_json(const SiteRehearsalShown *shown, Text *out)
{
    const SiteRehearsal *rehearsal = shown->rehearsal;
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    particulars_json(shown, &json);
    versions_json(rehearsal, &json);
    steps_json(rehearsal, &json);
    locks_json(rehearsal, &json);
    back_json(&rehearsal->back, &json);
    json_string(&json, "measured_file", shown->measured_file);
    run_render_warnings_json(text_string(&rehearsal->warnings), &json);
    if (failure_of(rehearsal)->happened)
        run_render_failure_json(failure_of(rehearsal), &json);
    if (shown->failure)
        command_error_json(shown->failure, &json);
    json_close(&json);
    json_end(&json);
}
