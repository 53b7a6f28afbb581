/* Names and types of a parse tree, written as SQL again. */
#ifndef SEALIFT_PLANNER_SQL_NAMES_H
#define SEALIFT_PLANNER_SQL_NAMES_H

#include "base/text.h"
#include "planner/schema/parse_tree.h"

#define SQL_NAME_SIZE_MAX 63 /* bytes; the server cuts longer ones */

/* A name as the grammar needs it: in double quotes only where it must be. */
void sql_add_name(Text *sql, const char *name);

/* schema.name, or the name alone where `schema` is empty. */
void sql_add_qualified(Text *sql, const char *schema, const char *name);

/* A string constant, quotes doubled. */
void sql_add_literal(Text *sql, const char *value);

/* A RangeVar. */
void sql_add_relation(Text *sql, const Node *relation);

/* A list of String nodes: a.b.c */
void sql_add_name_list(Text *sql, const Node *list);

/* A list of String nodes as columns: a, b */
void sql_add_columns(Text *sql, const Node *list);

/* A TypeName: numeric(10,2), timestamp with time zone, text[] */
void sql_add_type(Text *sql, const Node *type_name);

/* The last of a list of String nodes ("" where empty), and the one before it ("" where there is
 * none). Borrowed. */
const char *sql_last_name(const Node *list);
const char *sql_schema_name(const Node *list);

/* The text of a String or constant node; "" for anything else. Borrowed. */
const char *sql_string_of(const Node *item);

#endif
