/* The parse tree of one statement, read from the JSON that planner/sql_parser hands over.
 *
 * The JSON comes from a child process that is not trusted: depth and number of nodes are bounded,
 * and anything that is not the JSON expected is an error. Nodes live as long as their tree.
 *
 * A path names members from a node on, separated by dots: "relation.relname". What is not there is
 * NULL, "", false or 0: the library leaves out every member that has its default. */
#ifndef SEALIFT_PLANNER_PARSE_TREE_H
#define SEALIFT_PLANNER_PARSE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define PARSE_TREE_DEPTH_MAX 2000
#define PARSE_TREE_NODES_MAX (1 << 21)

typedef enum { NODE_OBJECT, NODE_ARRAY, NODE_STRING, NODE_NUMBER, NODE_BOOL } NodeType;

typedef struct Node {
    NodeType type;
    const char *name; /* of the member; "" in arrays */
    const char *text; /* NODE_STRING; "" otherwise */
    int64_t number;   /* NODE_NUMBER, NODE_BOOL */
    const struct Node *first, *next;
} Node;

typedef struct ParseTree ParseTree;

/* ERROR_INPUT for what is no tree or over the limits. The caller frees. */
bool parse_tree_read(const char *json, size_t size, ParseTree **ret_tree, Error *err) MUST_CHECK;
void parse_tree_free(ParseTree *tree);
DEFINE_CLEANUP(ParseTree, parse_tree_free)

/* The statement: a member whose name is its kind ("AlterTableStmt"). NULL where there is not
 * exactly one. */
const Node *parse_tree_statement(const ParseTree *tree);

const Node *node_at(const Node *node, const char *path);
const char *node_text(const Node *node, const char *path);
bool node_true(const Node *node, const char *path);
int64_t node_int(const Node *node, const char *path, int64_t otherwise);

/* Whether the text at `path` is `text`. */
bool node_is(const Node *node, const char *path, const char *text);

/* Whether the node is of this kind: `IndexStmt`. */
bool node_kind_is(const Node *node, const char *kind);

/* A list's items are objects around one member, whose name is the item's kind. */
#define node_each(item, list)                                                                      \
    for (const Node *item##_ = node_first(list), *item = item##_ ? item##_->first : NULL; item##_; \
         item##_ = item##_->next, item = item##_ ? item##_->first : NULL)                          \
        if (item)
const Node *node_first(const Node *list);
size_t node_count(const Node *list);

/* Go through a node and all below it, parents first, until `visit` says false. */
void node_walk(const Node *node, bool (*visit)(void *context, const Node *node), void *context);

#endif
