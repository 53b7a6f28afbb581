#include "planner/rehearsal/rehearsal_render.h"

#include <inttypes.h>

#include "planner/packing/project_check.h"

#define DETAIL_SHOWN  300 /* bytes of what a server said */
#define OBJECTS_SHOWN 20
#define CELL_WIDTH    13

static int name_width(const RehearsalSubject *subject)
{
    size_t width = 10;
    array_each (const SubjectMigration, migration, &subject->migrations)
        if (strlen(migration->identity) > width)
            width = strlen(migration->identity);
    return (int)(width > 60 ? 60 : width) + 4;
}

static const char *cell(const Rehearsal *rehearsal, bool of_version, const char *name)
{
    const RehearsalVerdict *verdict = rehearsal_verdict(rehearsal, of_version, name);
    if (verdict)
        return verdict_name(verdict->verdict);
    array_each (const RehearsalFailure, failure, &rehearsal->failures)
        if (!of_version && strcmp(failure->identity, name) == 0)
            return "UP FAILS";
    return "-";
}

static void add_row(const RehearsalView *view, const char *indent, bool of_version,
                    const char *name, Text *out)
{
    int width = name_width(view->subject) - (int)strlen(indent);
    text_addf(out, "%s%-*s ", indent, width - 1, name); /* a long name pushes the words on */
    array_each (const Rehearsal, rehearsal, view->rehearsals) {
        const char *word = cell(rehearsal, of_version, name);
        bool last = rehearsal + 1 == view->rehearsals->items + view->rehearsals->count;
        text_addf(out, "%-*s", last ? 0 : CELL_WIDTH, word);
    }
    text_add_char(out, '\n');
}

static void add_table(const RehearsalView *view, Text *out)
{
    text_addf(out, "%-*s", name_width(view->subject), "way back");
    array_each (const Rehearsal, rehearsal, view->rehearsals) {
        CLEANUP(memory_freep) char *head = memory_format("%" PRId64, rehearsal->major);
        bool last = rehearsal + 1 == view->rehearsals->items + view->rehearsals->count;
        text_addf(out, "%-*s", last ? 0 : CELL_WIDTH, head);
    }
    text_add_char(out, '\n');
    array_each (const SubjectVersion, version, &view->subject->versions) {
        add_row(view, "", /* of_version= */ true, version->name, out);
        for (size_t m = 0; m < version->migration_count; m++)
            add_row(view, "  ", /* of_version= */ false,
                    view->subject->migrations.items[version->first_migration + m].identity, out);
    }
}

static void add_stop(const RehearsalVerdict *verdict, Text *out)
{
    if (verdict->verdict != VERDICT_FAILS || !*verdict->script)
        return;
    text_addf(out, "    stopped     in its %s", verdict->script);
    if (*verdict->source)
        text_addf(out, ", %s:%" PRId64, verdict->source, verdict->line);
    if (*verdict->sqlstate)
        text_addf(out, ", SQLSTATE %s", verdict->sqlstate);
    text_add_char(out, '\n');
}

static void add_objects(const RehearsalVerdict *verdict, Text *out)
{
    size_t shown = 0;
    array_each (const RehearsalDifference, difference, &verdict->differences) {
        if (shown++ == OBJECTS_SHOWN) {
            text_addf(out, "    … and %zu more\n", verdict->differences.count - OBJECTS_SHOWN);
            break;
        }
        text_addf(out, "    %-10s  %s %s\n", difference->change, difference->kind,
                  difference->identity);
    }
    array_each (const RehearsalLoss, loss, &verdict->losses)
        if (loss->column)
            text_addf(out, "    lost        values of %s.%s\n", loss->table, loss->column);
        else
            text_addf(out, "    %-10s  rows of %s: %" PRId64 " before, %" PRId64 " after\n",
                      loss->rows_after > loss->rows_before ? "left over" : "lost", loss->table,
                      loss->rows_before, loss->rows_after);
}

/* What the author says of a migration with just this verdict, or NULL. */
static const ScriptAck *find_ack(const RehearsalView *view, const RehearsalVerdict *verdict)
{
    array_each (const SubjectMigration, migration, &view->subject->migrations)
        if (!verdict->of_version && strcmp(migration->identity, verdict->name) == 0)
            return rehearsal_ack(migration, verdict->verdict);
    return NULL;
}

/* What a server says may be long, and of several lines; --json has all of it. */
static void add_reason(const char *detail, Text *out)
{
    CLEANUP(memory_freep) char *line = text_printable(detail, strlen(detail), DETAIL_SHOWN);
    text_addf(out, "%s%s\n", *detail ? ": " : "", line);
}

/* Whether two verdicts would be said in the same words, but for what they are of. */
static bool says_the_same(const RehearsalVerdict *one, const RehearsalVerdict *other)
{
    return one->verdict == other->verdict && strcmp(one->detail, other->detail) == 0 &&
           strcmp(one->script, other->script) == 0 && strcmp(one->source, other->source) == 0 &&
           one->line == other->line && strcmp(one->sqlstate, other->sqlstate) == 0 &&
           one->differences.count == other->differences.count &&
           one->losses.count == other->losses.count;
}

/* The same of the same thing on another major. */
static bool is_said_by(const Rehearsal *rehearsal, const RehearsalVerdict *verdict)
{
    array_each (const RehearsalVerdict, other, &rehearsal->verdicts)
        if (other->of_version == verdict->of_version && strcmp(other->name, verdict->name) == 0 &&
            says_the_same(other, verdict))
            return true;
    return false;
}

/* "15, 16": the majors of which the same can be said; false where an earlier one has said it. */
static bool add_majors(const RehearsalView *view, const Rehearsal *first,
                       const RehearsalVerdict *verdict, Text *majors)
{
    array_each (const Rehearsal, rehearsal, view->rehearsals) {
        if (!is_said_by(rehearsal, verdict))
            continue;
        if (rehearsal < first)
            return false;
        text_addf(majors, "%s%" PRId64, majors->length ? ", " : "", rehearsal->major);
    }
    return true;
}

/* The migration that a version is what it is for, where that stands above in the same words. */
static const RehearsalVerdict *find_cause(const Rehearsal *rehearsal,
                                          const RehearsalVerdict *verdict)
{
    if (!verdict->of_version || !*verdict->detail)
        return NULL;
    array_each (const RehearsalVerdict, other, &rehearsal->verdicts)
        if (!other->of_version && says_the_same(other, verdict))
            return other;
    return NULL;
}

static void add_detail(const RehearsalView *view, const Rehearsal *rehearsal,
                       const RehearsalVerdict *verdict, Text *out)
{
    CLEANUP(text_done) Text majors = {0};
    if (!add_majors(view, rehearsal, verdict, &majors))
        return;
    text_addf(out, "\n%s%s on PostgreSQL %s: %s", verdict->of_version ? "version " : "",
              verdict->name, text_string(&majors), verdict_name(verdict->verdict));
    const RehearsalVerdict *cause = find_cause(rehearsal, verdict);
    if (cause) {
        text_addf(out, ", as %s\n", cause->name);
        return;
    }
    add_reason(verdict->detail, out);
    const ScriptAck *ack = find_ack(view, verdict);
    if (ack)
        text_addf(out, "    meant       %s\n", ack->reason);
    add_stop(verdict, out);
    add_objects(verdict, out);
}

/* What is worth a look: everything but what came back, or was never meant to. */
static void add_details(const RehearsalView *view, Text *out)
{
    array_each (const Rehearsal, rehearsal, view->rehearsals)
        array_each (const RehearsalVerdict, verdict, &rehearsal->verdicts)
            if (rehearsal_needs_ack(verdict->verdict))
                add_detail(view, rehearsal, verdict, out);
}

/* What was said of a mode elsewhere in the same words. */
static const RehearsalAtomic *find_atomic(const Rehearsal *rehearsal, const RehearsalAtomic *like)
{
    array_each (const RehearsalAtomic, atomic, &rehearsal->atomic)
        if (atomic->whole_run == like->whole_run && atomic->passed == like->passed &&
            strcmp(atomic->detail, like->detail) == 0)
            return atomic;
    return NULL;
}

/* The reason why a version cannot be had in one transaction stands right above that of the run. */
static bool is_said_of_version(const Rehearsal *rehearsal, const RehearsalAtomic *mode)
{
    array_each (const RehearsalAtomic, atomic, &rehearsal->atomic)
        if (mode->whole_run && !atomic->whole_run && *mode->detail &&
            strcmp(atomic->detail, mode->detail) == 0)
            return true;
    return false;
}

/* The majors of which the same can be said on one line. */
static void add_mode(const RehearsalView *view, const Rehearsal *first, const RehearsalAtomic *mode,
                     Text *out)
{
    CLEANUP(text_done) Text majors = {0};
    array_each (const Rehearsal, rehearsal, view->rehearsals) {
        if (!find_atomic(rehearsal, mode))
            continue;
        if (rehearsal < first)
            return; /* said already */
        text_addf(&majors, "%s%" PRId64, majors.length ? ", " : "", rehearsal->major);
    }
    text_addf(out, "--atomic %s on PostgreSQL %s: %s", mode->whole_run ? "run" : "version",
              text_string(&majors), mode->passed ? "passed" : "not offered");
    if (is_said_of_version(first, mode))
        text_add(out, ", for the same reason\n");
    else
        add_reason(mode->detail, out);
}

static void add_atomic(const RehearsalView *view, Text *out)
{
    array_each (const Rehearsal, rehearsal, view->rehearsals)
        array_each (const RehearsalAtomic, atomic, &rehearsal->atomic)
            add_mode(view, rehearsal, atomic, out);
}

void rehearsal_render_counts(const RehearsalView *view, Text *out)
{
    static const Verdict order[] = {VERDICT_EXACT,   VERDICT_COLUMN_ORDER, VERDICT_LOSSY,
                                    VERDICT_DIFFERS, VERDICT_FAILS,        VERDICT_IRREVERSIBLE,
                                    VERDICT_NONE,    VERDICT_UNPROVEN};
    const RehearsalGate gate = {view->subject, 0, view->rehearsals};
    size_t counts[ARRAY_LEN(order)] = {0};
    array_each (const SubjectMigration, migration, &view->subject->migrations) {
        Verdict worst = rehearsal_worst(&gate, /* of_version= */ false, migration->identity, NULL);
        for (size_t i = 0; i < ARRAY_LEN(order); i++)
            counts[i] += order[i] == worst;
    }
    bool any = false;
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        if (!counts[i])
            continue;
        text_addf(out, "%s%s %zu", any ? ", " : "", verdict_name(order[i]), counts[i]);
        any = true;
    }
}

/* Majors with the same reason on one line. */
static void add_missing(const RehearsalView *view, Text *out)
{
    const RehearsalMissing *all = view->missing->items;
    for (size_t i = 0; i < view->missing->count; i++) {
        bool first = true;
        for (size_t before = 0; before < i; before++)
            first &= strcmp(all[before].why, all[i].why) != 0;
        if (!first)
            continue;
        text_addf(out, "not rehearsed on PostgreSQL %" PRId64, all[i].major);
        for (size_t same = i + 1; same < view->missing->count; same++)
            if (strcmp(all[same].why, all[i].why) == 0)
                text_addf(out, ", %" PRId64, all[same].major);
        text_addf(out, ": %s\n", all[i].why);
    }
}

/* What the proof takes for given at a site. */
static void add_setup(const RehearsalView *view, Text *out)
{
    array_each (const SetupScript, script, &view->subject->setup)
        text_addf(out, "%s%s",
                  script == view->subject->setup.items ? "begun on what is made by " : ", ",
                  script->name);
    if (view->subject->setup.count)
        text_add(out, ", which is in no bundle: a site has it before\n");
}

static void add_summary(const RehearsalView *view, Text *out)
{
    size_t migrations = view->subject->migrations.count, versions = view->subject->versions.count;
    text_addf(out, "\n%zu migration%s in %zu version%s: ", migrations,
              text_plural((int64_t)migrations), versions, text_plural((int64_t)versions));
    rehearsal_render_counts(view, out);
    text_add_char(out, '\n');
    add_setup(view, out);
    array_each (const Rehearsal, rehearsal, view->rehearsals)
        text_addf(out, "rehearsed on PostgreSQL %s, %s, in %" PRId64 ".%" PRId64 " s\n",
                  rehearsal->server_version ? rehearsal->server_version : "?",
                  rehearsal->rehearsed_at, rehearsal->duration_ms / 1000,
                  rehearsal->duration_ms % 1000 / 100);
    add_missing(view, out);
}

void rehearsal_render_text(const RehearsalView *view, Text *out)
{
    add_table(view, out);
    add_details(view, out);
    text_add_char(out, '\n');
    add_atomic(view, out);
    project_findings_text(view->findings, out);
    add_summary(view, out);
}
