/* Feeds any bytes to the reader of parse trees, and walks what it read. */
#include "planner/schema/parse_tree.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static bool look(void *context, const Node *node)
{
    *(size_t *)context += strlen(node->name) + strlen(node->text);
    return true;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    CLEANUP(error_done) Error error = {0};
    CLEANUP(parse_tree_freep) ParseTree *tree = NULL;
    size_t length = 0;
    if (parse_tree_read((const char *)bytes, size, &tree, &error))
        node_walk(parse_tree_statement(tree), look, &length);
    return 0;
}
