/* Telling the observer of a queue, with the pipeline drained. */
#include "applier/steps/step_queue.h"

/* *ret_ready false: a step before has failed, there is nothing to look at. */
static bool ready_to_observe(StepQueue *queue, bool *ret_ready, Error *err)
{
    if (!step_pipeline_drain(queue->pipeline, err))
        return false;
    *ret_ready = !step_pipeline_failure(queue->pipeline, /* ret_result= */ NULL);
    return true;
}

bool step_queue_observe_step(StepQueue *queue, ObserveStep which, const RunStep *step, Error *err)
{
    const RunObserver *observer = queue->observer;
    bool ready = false;
    if (!observer)
        return true;
    bool (*tell)(void *, PgSession *, const RunStep *, Error *) =
        which == OBSERVE_STEP_BEGINS ? observer->step_begins : observer->step_ends;
    if (!tell)
        return true;
    if (!ready_to_observe(queue, &ready, err))
        return false;
    void *context = observer->step_context ? observer->step_context : observer->context;
    bool good = !ready || tell(context, queue->session, step, err);
    queue->refused |= !good;
    return good;
}

bool step_queue_observe_arrival(StepQueue *queue, ObserveArrival which, const RunArrival *arrival,
                                Error *err)
{
    const RunObserver *observer = queue->observer;
    bool ready = false;
    if (!observer)
        return true;
    bool (*tell)(void *, PgSession *, const RunArrival *, Error *) =
        which == OBSERVE_ARRIVES ? observer->arrives : observer->arrived;
    if (!tell)
        return true;
    if (!ready_to_observe(queue, &ready, err))
        return false;
    bool good = !ready || tell(observer->context, queue->session, arrival, err);
    queue->refused |= !good;
    return good;
}
