/* sqitch.conf: where plan and scripts are, as sqitch itself finds out for the target that it takes
 * when none is named: [target "NAME"] before [engine "pg"] before [core]. */
#ifndef SEALIFT_MIGRATIONS_SQITCH_CONFIG_H
#define SEALIFT_MIGRATIONS_SQITCH_CONFIG_H

#include <stdint.h>

#include "base/array.h"
#include "migrations/finding.h"

typedef enum { SQITCH_DEPLOY, SQITCH_REVERT, SQITCH_VERIFY } SqitchFolder;
#define SQITCH_FOLDER_COUNT 3

/* What sqitch sets for psql in every script. */
typedef struct SqitchVariable {
    char *name;
    char *value;
    int64_t line;
} SqitchVariable;

/* All owned; paths from the folder of sqitch.conf, without "." and ".." in them. */
typedef struct SqitchConfig {
    char *plan_file;
    char *folders[SQITCH_FOLDER_COUNT];
    char *reworked[SQITCH_FOLDER_COUNT]; /* of the former scripts of reworked changes */
    char *extension;                     /* without its dot */
    ARRAY_OF(SqitchVariable) variables;
} SqitchConfig;

/* A file that is not there says nothing. `name` is how messages call it. Other targets that have
 * plan or scripts of their own become warnings. ERROR_INPUT "name:line: …" for what is no
 * configuration, a value over several lines, two values of one setting, a path that leads out of
 * the folder, another engine than PostgreSQL; ERROR_IO. */
bool sqitch_config_read(const char *path, const char *name, FindingArray *findings,
                        SqitchConfig *ret_config, Error *err) MUST_CHECK;
void sqitch_config_done(SqitchConfig *config);

#endif
