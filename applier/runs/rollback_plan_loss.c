/* What a rollback loses, what the operator accepts of it, and which backup is there instead; pure.
 */
#include <inttypes.h>

#include "applier/runs/rollback_plan.h"
#include "base/memory.h"

bool way_back_loses(const WayBack *way)
{
    return way->verdict == VERDICT_LOSSY || way->lost.count > 0;
}

bool ways_back_may_lose(const WayBackArray *ways)
{
    array_each (const WayBack, way, ways)
        if (way_back_loses(way) || way->unknown)
            return true;
    return false;
}

void way_back_add_lost(const WayBack *way, Text *text)
{
    for (size_t i = 0; i < way->lost.count; i++) {
        const LostObject *lost = &way->lost.items[i];
        const char *unit = lost->is_column ? "value" : "row";
        text_addf(text, "%s%s: ", i ? ", " : "", lost->identity);
        if (lost->counted)
            text_addf(text, "%s%" PRId64 " %s%s", lost->more ? "more than " : "", lost->count, unit,
                      text_plural(lost->count));
        else
            text_addf(text, "its %ss could not be counted (%s)", unit, lost->code);
    }
}

/* --- what is accepted ------------------------------------------------------------------------ */

static WayBack *find(WayBackArray *ways, const char *identity)
{
    array_each (WayBack, way, ways)
        if (way->identity && strcmp(way->identity, identity) == 0)
            return way;
    return NULL;
}

bool rollback_plan_accept(WayBackArray *ways, const NameArray *identities, Error *err)
{
    array_each (const char *const, identity, identities) {
        WayBack *way = find(ways, *identity);
        if (!way)
            return error_set(err, ERROR_USAGE,
                             "--accept-data-loss '%s': no migration of that name is to be taken "
                             "back",
                             *identity);
        if (!way_back_loses(way))
            return error_set(err, ERROR_USAGE,
                             "--accept-data-loss '%s': taking it back loses nothing", *identity);
        way->accepted = true;
    }
    return true;
}

bool rollback_plan_check_losses(const WayBackArray *ways, Error *err)
{
    CLEANUP(text_done) Text lost = {0};
    CLEANUP(text_done) Text names = {0};
    array_each (const WayBack, way, ways) {
        if (!way_back_loses(way) || way->accepted)
            continue;
        text_addf(&lost, "%s'%s' (%s): ", lost.length ? "; " : "", way->identity, way->version);
        if (way->verdict == VERDICT_LOSSY)
            text_addf(&lost, "lossy%s%s%s", *way->detail ? ": " : "", way->detail,
                      way->lost.count ? "; " : "");
        way_back_add_lost(way, &lost);
        text_addf(&names, " --accept-data-loss=%s", way->identity);
    }
    if (!lost.length)
        return true;
    error_set(err, ERROR_TARGET, "data would be lost: %s", text_string(&lost));
    return error_hint(err, "nothing was done; where that may be lost, say so by name:%s",
                      text_string(&names));
}

bool rollback_plan_check_unknown(const WayBackArray *ways, Error *err)
{
    CLEANUP(text_done) Text names = {0};
    array_each (const WayBack, way, ways)
        if (way->unknown)
            text_addf(&names, "%s'%s' (%s)", names.length ? ", " : "", way->identity, way->version);
    if (!names.length)
        return true;
    error_set(err, ERROR_TARGET,
              "nobody has rehearsed the way back of %s, which drops or deletes: what that loses is "
              "not known",
              text_string(&names));
    return error_hint(err, "nothing was done; 'applier rollback --plan' shows the statements; "
                           "where what they drop may be lost: --accept-unproven, with a backup");
}

/* --- a backup instead ------------------------------------------------------------------------ */

static const PastEvent *event_of(const History *history, const PastBackup *backup)
{
    array_each (const PastEvent, event, &history->events)
        if (event->number == backup->event_number)
            return event;
    return NULL;
}

const PastBackup *rollback_plan_backup(const History *history, const RollbackList *list)
{
    const PastBackup *found = NULL;
    array_each (const PastBackup, backup, &history->backups) {
        const PastEvent *event = event_of(history, backup);
        if (event && backup->record.good && backup_kind_protects(backup->record.kind) &&
            past_event_applies(event) && event->from_position <= list->to_position)
            found = backup;
    }
    return found;
}

bool rollback_plan_offer_backup(const History *history, const RollbackList *list, Error *err)
{
    const PastBackup *backup = rollback_plan_backup(history, list);
    if (!backup)
        return false;
    const PastEvent *event = event_of(history, backup);
    const char *version = strcmp(event->from_version, "-") == 0 ? "(nothing)" : event->from_version;
    const BackupRecord *record = &backup->record;
    const char *when = *backup->made_at ? backup->made_at : backup->at;
    if (*record->restore_command)
        return error_hint(err,
                          "nothing was done; go back less far (--steps, --to), or restore the "
                          "backup of version %s, made %s: %s",
                          version, when, record->restore_command);
    return error_hint(err,
                      "nothing was done; go back less far (--steps, --to), or restore the backup "
                      "of version %s, made %s (%s: %s)",
                      version, when, backup_kind_name(record->kind), record->what);
}
