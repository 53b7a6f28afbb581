#include "planner/packing/directive_places.h"

#include "base/text.h"
#include "migrations/project_repeats.h"

enum { UP = 1 << SCRIPT_UP, DOWN = 1 << SCRIPT_DOWN, VERIFY = 1 << SCRIPT_VERIFY };

bool directive_places_check(const Script *script, const ScriptPlanOptions *options, Error *err)
{
    const ScriptDirectives *found = &script->directives;
    const struct {
        const char *directive;
        bool is_there;
        unsigned kinds; /* where it means something */
        const char *place;
    } rows[] = {
        {"no-transaction", found->no_transaction, UP | DOWN, "the up or the down script"},
        {"idempotent", found->idempotent, UP | DOWN, "the up or the down script"},
        {"lock-timeout", found->lock_timeout_ms >= 0, UP,
         "the up script, and holds for the others"},
        {"statement-timeout", found->statement_timeout_ms >= 0, UP,
         "the up script, and holds for the others"},
        {"phase", found->phase, UP, "the up script"},
        {"irreversible", found->irreversible, UP, "the up script"},
        {"nothing-to-undo", found->nothing_to_undo, UP | DOWN,
         "the up script, or into the down that it speaks of"},
        {"verify in-transaction", found->verify_in_transaction, VERIFY, "the verify script"},
    };
    if (options->kind == SCRIPT_DOWN && text_has_prefix(options->name, PROJECT_FROZEN_NAME "/"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].is_there && !(rows[i].kinds & 1U << options->kind))
            return error_set(err, ERROR_INPUT, "%s: '%s' belongs into %s", options->name,
                             rows[i].directive, rows[i].place);
    return true;
}
