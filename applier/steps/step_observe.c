/* Telling the observer of a queue, with the pipeline drained. */
#include "applier/sql/session_queries.h"
#include "applier/steps/scripts_path.h"
#include "applier/steps/step_queue.h"

static bool send_pause(StepQueue *queue, PathReach reach, Error *err)
{
    PipelineEntry entry = {.kind = ENTRY_OURS};
    return step_pipeline_send(
        queue->pipeline, &entry, SQL_path_pause,
        PG_VALUES(pg_text(PG_SESSION_PATH), pg_bool(reach == PATH_OF_TRANSACTION)), err);
}

/* *ret_ready false: a step before has failed, there is nothing to look at. *ret_paused: the
 * script's search_path was put aside, with what was to be waited for anyway. */
static bool ready_to_observe(StepQueue *queue, PathReach reach, bool *ret_ready, bool *ret_paused,
                             Error *err)
{
    *ret_paused = !queue->session->path_is_ours;
    if ((*ret_paused && !send_pause(queue, reach, err)) ||
        !step_pipeline_drain(queue->pipeline, err))
        return false;
    *ret_ready = !step_pipeline_failure(queue->pipeline, /* ret_result= */ NULL);
    queue->session->path_is_ours |= *ret_ready;
    return true;
}

/* Behind an observer that is content. */
static bool end_pause(StepQueue *queue, PathReach reach, bool paused, Error *err)
{
    return !paused || scripts_path_resume(queue->session, reach, err);
}

bool step_queue_observe_step(StepQueue *queue, ObserveStep which, const RunStep *step, Error *err)
{
    const RunObserver *observer = queue->observer;
    PathReach reach = step->in_transaction ? PATH_OF_TRANSACTION : PATH_OF_SESSION;
    bool ready = false, paused = false;
    if (!observer)
        return true;
    bool (*tell)(void *, PgSession *, const RunStep *, Error *) =
        which == OBSERVE_STEP_BEGINS ? observer->step_begins : observer->step_ends;
    if (!tell)
        return true;
    if (!ready_to_observe(queue, reach, &ready, &paused, err))
        return false;
    if (!ready)
        return true;
    void *context = observer->step_context ? observer->step_context : observer->context;
    bool good = tell(context, queue->session, step, err);
    queue->refused |= !good;
    return good && end_pause(queue, reach, paused, err);
}

bool step_queue_observe_arrival(StepQueue *queue, ObserveArrival which, const RunArrival *arrival,
                                Error *err)
{
    const RunObserver *observer = queue->observer;
    PathReach reach = arrival->in_transaction ? PATH_OF_TRANSACTION : PATH_OF_SESSION;
    bool ready = false, paused = false;
    if (!observer)
        return true;
    bool (*tell)(void *, PgSession *, const RunArrival *, Error *) =
        which == OBSERVE_ARRIVES ? observer->arrives : observer->arrived;
    if (!tell)
        return true;
    if (!ready_to_observe(queue, reach, &ready, &paused, err))
        return false;
    if (!ready)
        return true;
    bool good = tell(observer->context, queue->session, arrival, err);
    queue->refused |= !good;
    return good && end_pause(queue, reach, paused, err);
}
