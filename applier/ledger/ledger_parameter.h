/* What the ledger keeps of the values that a site has given for a bundle's parameters: which, where
 * from, and from which row of the journal on it holds. */
#ifndef SEALIFT_APPLIER_LEDGER_PARAMETER_H
#define SEALIFT_APPLIER_LEDGER_PARAMETER_H

#include "applier/server/pg_session.h"
#include "base/array.h"
#include "base/clock.h"

/* Who said a value, the stronger first. */
typedef enum {
    VALUE_FROM_COMMAND, /* --set */
    VALUE_FROM_SITE,    /* applier.conf */
    VALUE_FROM_LEDGER,  /* an earlier run's */
    VALUE_FROM_DEFAULT, /* the bundle's */
} ValueSource;

const char *value_source_name(ValueSource source);  /* "command", "site", "ledger", "default" */
const char *value_source_words(ValueSource source); /* "by --set" … */

/* Texts owned. */
typedef struct PastParameter {
    int64_t event_number;   /* that began the run */
    int64_t journal_number; /* the last row before that run; the value holds for those behind it */
    char *name;
    char *type; /* as the bundle declared it */
    char *value;
    ValueSource source;
    char at[CLOCK_TEXT_SIZE];
    char *session_user;
    char *operating_system_user;
} PastParameter;

typedef ARRAY_OF(PastParameter) PastParameterArray;

void past_parameters_done(PastParameterArray *parameters);

/* The value of that name that holds for row `journal_number` of the journal (INT64_MAX: the last
 * one), or NULL. */
const PastParameter *past_parameter(const PastParameterArray *parameters, const char *name,
                                    int64_t journal_number);

/* Of the run whose event was recorded last. For use inside a transaction or alone. */
bool ledger_add_parameter(PgSession *session, const char *name, const char *type, const char *value,
                          ValueSource source, Error *err) MUST_CHECK;

/* All of them, oldest first; the array is empty before. */
bool ledger_read_parameters(PgSession *session, PastParameterArray *parameters,
                            Error *err) MUST_CHECK;

#endif
