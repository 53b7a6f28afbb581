/* The columns of liquibase's table that are computed, from what has been read of a changeset. */
#ifndef SEALIFT_MIGRATIONS_LIQUIBASE_COLUMNS_H
#define SEALIFT_MIGRATIONS_LIQUIBASE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

/* How the statements are cut, which is a part of a checksum of kind 8. */
typedef struct LiquibaseCutting {
    const char *delimiter; /* borrowed; NULL: none is given */
    bool splits, strips;   /* statements; comments */
    bool last;             /* the changeset is the file's last */
} LiquibaseCutting;

/* "8:" or "9:" and 32 hex digits, of the changeset's statements. The caller frees. */
char *liquibase_checksum_8(const char *sql, size_t size, const LiquibaseCutting *cutting);
char *liquibase_checksum_9(const char *sql, size_t size);

/* As much of a comment as there is room for; NULL where that ends within a character. The caller
 * frees. */
char *liquibase_comments_column(const char *comment);

/* `labels` has one at least; NULL where one is empty or not ASCII. The caller frees. */
char *liquibase_labels_column(const char *labels);

#endif
