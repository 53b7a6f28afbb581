#include "bundles/difference_json.h"
#include "planner/packing/project_check.h"
#include "planner/rehearsal/rehearsal_render.h"

static void add_stop_json(const RehearsalVerdict *verdict, JsonWriter *json)
{
    if (verdict->verdict != VERDICT_FAILS || !*verdict->script)
        return;
    json_object(json, "stopped");
    json_string(json, "script", verdict->script);
    json_string(json, "source", verdict->source);
    json_int(json, "statement", verdict->statement);
    json_int(json, "line", verdict->line);
    json_string(json, "sqlstate", verdict->sqlstate);
    json_close(json);
}

static void add_objects_json(const RehearsalVerdict *verdict, JsonWriter *json)
{
    json_array(json, "differences");
    array_each (const RehearsalDifference, difference, &verdict->differences)
        difference_json(json, difference->change, difference->class, difference->kind,
                        difference->identity);
    json_close(json);
    json_array(json, "lost");
    array_each (const RehearsalLoss, loss, &verdict->losses)
        lost_rows_json(json, loss->table, loss->column, loss->rows_before, loss->rows_after);
    json_close(json);
}

static void add_results_json(const RehearsalView *view, bool of_version, const char *name,
                             JsonWriter *json)
{
    json_array(json, "results");
    array_each (const Rehearsal, rehearsal, view->rehearsals) {
        const RehearsalVerdict *verdict = rehearsal_verdict(rehearsal, of_version, name);
        if (!verdict)
            continue;
        json_object(json, /* name= */ NULL);
        json_int(json, "server_major", rehearsal->major);
        json_string(json, "way_back", verdict_name(verdict->verdict));
        json_string(json, "detail", verdict->detail);
        add_stop_json(verdict, json);
        add_objects_json(verdict, json);
        json_close(json);
    }
    json_close(json);
}

static void add_relations_json(const RehearsalMeasured *measured, JsonWriter *json)
{
    json_array(json, "relations");
    array_each (const RehearsalRelation, relation, &measured->relations) {
        json_object(json, /* name= */ NULL);
        json_string(json, "relation", relation->relation);
        json_string(json, "lock", relation->lock);
        json_bool(json, "rewritten", relation->rewritten);
        json_bool(json, "scanned", relation->scanned);
        json_int(json, "rows_read", relation->rows_read);
        json_close(json);
    }
    json_close(json);
    json_array(json, "invalid_indexes");
    array_each (char *const, index, &measured->invalid_indexes)
        json_string(json, /* name= */ NULL, *index);
    json_close(json);
}

static void add_measured_json(const RehearsalView *view, const char *identity, JsonWriter *json)
{
    json_array(json, "measured");
    array_each (const Rehearsal, rehearsal, view->rehearsals)
        array_each (const RehearsalMeasured, measured, &rehearsal->measured) {
            if (strcmp(measured->identity, identity) != 0)
                continue;
            json_object(json, /* name= */ NULL);
            json_int(json, "server_major", rehearsal->major);
            json_string(json, "script", script_kind_name(measured->script));
            json_int(json, "statement", measured->statement);
            json_int(json, "line", measured->line);
            json_int(json, "duration_us", measured->duration_us);
            json_int(json, "wal_bytes", measured->wal_bytes);
            json_bool(json, "declared", measured->declared);
            add_relations_json(measured, json);
            json_close(json);
        }
    json_close(json);
}

static void add_migration_json(const RehearsalView *view, const SubjectMigration *migration,
                               JsonWriter *json)
{
    const RehearsalGate gate = {view->subject, 0, view->rehearsals};
    Verdict worst = rehearsal_worst(&gate, /* of_version= */ false, migration->identity, NULL);
    const ScriptAck *ack = rehearsal_ack(migration, worst);
    json_object(json, /* name= */ NULL);
    json_string(json, "identity", migration->identity);
    json_string(json, "way_back", verdict_name(worst));
    json_string(json, "acknowledged", ack ? ack->reason : NULL);
    add_results_json(view, /* of_version= */ false, migration->identity, json);
    add_measured_json(view, migration->identity, json);
    json_close(json);
}

static void add_versions_json(const RehearsalView *view, JsonWriter *json)
{
    const RehearsalGate gate = {view->subject, 0, view->rehearsals};
    json_array(json, "versions");
    array_each (const SubjectVersion, version, &view->subject->versions) {
        json_object(json, /* name= */ NULL);
        json_string(json, "version", version->name);
        json_string(
            json, "way_back",
            verdict_name(rehearsal_worst(&gate, /* of_version= */ true, version->name, NULL)));
        add_results_json(view, /* of_version= */ true, version->name, json);
        json_array(json, "migrations");
        for (size_t m = 0; m < version->migration_count; m++)
            add_migration_json(view, &view->subject->migrations.items[version->first_migration + m],
                               json);
        json_close(json);
        json_close(json);
    }
    json_close(json);
}

static void add_server_findings_json(const Rehearsal *rehearsal, JsonWriter *json)
{
    json_array(json, "failures");
    array_each (const RehearsalFailure, failure, &rehearsal->failures) {
        json_object(json, /* name= */ NULL);
        json_string(json, "identity", failure->identity);
        json_string(json, "version", failure->version);
        json_string(json, "script", failure->script);
        json_string(json, "source", failure->source);
        json_int(json, "statement", failure->statement);
        json_int(json, "line", failure->line);
        json_string(json, "sqlstate", failure->sqlstate);
        json_string(json, "words", failure->words);
        json_string(json, "proposal", failure->proposal);
        json_close(json);
    }
    json_close(json);
    json_array(json, "nondeterministic");
    array_each (const RehearsalUnsteady, unsteady, &rehearsal->unsteady) {
        json_object(json, /* name= */ NULL);
        json_string(json, "version", unsteady->version);
        json_string(json, "identity", unsteady->identity);
        json_string(json, "kind", unsteady->kind);
        json_string(json, "object", unsteady->object);
        json_close(json);
    }
    json_close(json);
    json_array(json, "rows");
    array_each (const RehearsalRows, rows, &rehearsal->rows) {
        json_object(json, /* name= */ NULL);
        json_string(json, "identity", rows->identity);
        json_string(json, "detail", rows->detail);
        json_string(json, "sqlstate", rows->sqlstate);
        json_int(json, "line", rows->line);
        json_close(json);
    }
    json_close(json);
}

static void add_servers_json(const RehearsalView *view, JsonWriter *json)
{
    json_array(json, "servers");
    array_each (const Rehearsal, rehearsal, view->rehearsals) {
        json_object(json, /* name= */ NULL);
        json_int(json, "server_major", rehearsal->major);
        json_string(json, "server_version", rehearsal->server_version);
        json_string(json, "applier", rehearsal->applier);
        json_string(json, "rehearsed_at", rehearsal->rehearsed_at);
        json_int(json, "duration_ms", rehearsal->duration_ms);
        json_bool(json, "complete", rehearsal_is_complete(view->subject, rehearsal));
        json_array(json, "atomic");
        array_each (const RehearsalAtomic, atomic, &rehearsal->atomic) {
            json_object(json, /* name= */ NULL);
            json_string(json, "mode", atomic->whole_run ? "run" : "version");
            json_bool(json, "passed", atomic->passed);
            json_string(json, "detail", atomic->detail);
            json_close(json);
        }
        json_close(json);
        add_server_findings_json(rehearsal, json);
        json_close(json);
    }
    json_close(json);
    json_array(json, "not_rehearsed");
    array_each (const RehearsalMissing, missing, view->missing) {
        json_object(json, /* name= */ NULL);
        json_int(json, "server_major", missing->major);
        json_string(json, "why", missing->why);
        json_close(json);
    }
    json_close(json);
}

void rehearsal_render_json(const RehearsalView *view, JsonWriter *json)
{
    json_string(json, "product", view->product);
    json_int(json, "migrations", (int64_t)view->subject->migrations.count);
    json_array(json, "setup");
    array_each (const SetupScript, script, &view->subject->setup)
        json_string(json, /* name= */ NULL, script->name);
    json_close(json);
    add_servers_json(view, json);
    add_versions_json(view, json);
    project_findings_json(view->findings, json);
}
