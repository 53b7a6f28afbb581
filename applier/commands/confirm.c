#include "applier/commands/confirm.h"

#include <strings.h>
#include <unistd.h>

bool confirm(ConfirmAnswer answer, const char *question, Error *err)
{
    if (answer == CONFIRM_YES)
        return true;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        error_set(err, ERROR_USAGE, "this wants a yes, and there is no terminal to ask on");
        return error_hint(err, "say --yes; nothing was done");
    }
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    char line[16] = "";
    if (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0)
            return true;
    } else {
        fputc('\n', stderr); /* the end of the input leaves the question's line open */
    }
    return error_set(err, ERROR_INTERRUPTED, "not confirmed: nothing was done");
}
