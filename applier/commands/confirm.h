/* Asking before something is changed. Without a terminal nothing is asked and nothing is done:
 * the operator has to say --yes. */
#ifndef SEALIFT_APPLIER_CONFIRM_H
#define SEALIFT_APPLIER_CONFIRM_H

#include <stdbool.h>

#include "base/error.h"

typedef enum { CONFIRM_ASK, CONFIRM_YES } ConfirmAnswer;

/* True where `answer` is CONFIRM_YES (--yes), or where the operator types y or yes. `question` goes
 * to stderr. ERROR_USAGE where there is no terminal to ask on, ERROR_INTERRUPTED for any other
 * answer. */
bool confirm(ConfirmAnswer answer, const char *question, Error *err) MUST_CHECK;

#endif
