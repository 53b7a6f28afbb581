#include "planner/schema/parse_tree.h"

#include "base/memory.h"
#include "base/text.h"

#define CHUNK_SIZE (64 * 1024)

/* Nodes and texts are cut from chunks, which are freed together. */
typedef struct Chunk {
    struct Chunk *before;
    size_t used, size;
    char bytes[];
} Chunk;

struct ParseTree {
    Chunk *chunk;
    size_t node_count;
    const Node *root;
};

typedef struct Reading {
    ParseTree *tree;
    const char *at, *end;
    int depth;
} Reading;

static void *cut(ParseTree *tree, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    Chunk *chunk = tree->chunk;
    if (!chunk || chunk->size - chunk->used < size) {
        size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        Chunk *fresh = memory_zeroed(1, sizeof(Chunk) + room);
        fresh->before = chunk;
        fresh->size = room;
        chunk = tree->chunk = fresh;
    }
    void *bytes = chunk->bytes + chunk->used;
    chunk->used += size;
    return bytes;
}

void parse_tree_free(ParseTree *tree)
{
    while (tree && tree->chunk) {
        Chunk *before = tree->chunk->before;
        free(tree->chunk);
        tree->chunk = before;
    }
    free(tree);
}

/* -- JSON -- */

static bool malformed(Error *err)
{
    return error_set(err, ERROR_INPUT, "the parser's answer is malformed");
}

static void skip_space(Reading *reading)
{
    while (reading->at < reading->end && strchr(" \t\r\n", *reading->at) && *reading->at)
        reading->at++;
}

static bool take_char(Reading *reading, char expected)
{
    skip_space(reading);
    if (reading->at >= reading->end || *reading->at != expected)
        return false;
    reading->at++;
    return true;
}

/* Four hexadecimal digits behind \u, as UTF-8; halves of pairs are not written by the library. */
static bool take_unicode(Reading *reading, char **to)
{
    unsigned code = 0;
    if (reading->end - reading->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        char letter = *reading->at++;
        const char *digit = strchr(digits, letter >= 'A' && letter <= 'F' ? letter + 32 : letter);
        if (!letter || !digit)
            return false;
        code = code * 16 + (unsigned)(digit - digits);
    }
    if (code == 0 || (code >= 0xD800 && code < 0xE000))
        return false;
    if (code < 0x80) {
        *(*to)++ = (char)code;
    } else if (code < 0x800) {
        *(*to)++ = (char)(0xC0 | code >> 6);
        *(*to)++ = (char)(0x80 | (code & 0x3F));
    } else {
        *(*to)++ = (char)(0xE0 | code >> 12);
        *(*to)++ = (char)(0x80 | (code >> 6 & 0x3F));
        *(*to)++ = (char)(0x80 | (code & 0x3F));
    }
    return true;
}

static bool take_escape(Reading *reading, char **to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (reading->at >= reading->end)
        return false;
    char letter = *reading->at++;
    if (letter == 'u')
        return take_unicode(reading, to);
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (found)
        *(*to)++ = meanings[found - letters];
    return found != NULL;
}

/* Behind the opening quote. No escape is shorter than what it stands for. */
static bool take_string(Reading *reading, const char **ret_text)
{
    const char *close = reading->at;
    while (close < reading->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= reading->end)
        return false;
    char *text = cut(reading->tree, (size_t)(close - reading->at) + 1), *to = text;
    while (reading->at < close) {
        char byte = *reading->at++;
        if (byte == '\0')
            return false;
        if (byte != '\\')
            *to++ = byte;
        else if (!take_escape(reading, &to))
            return false;
    }
    *to = '\0';
    reading->at++;
    *ret_text = text;
    return text_is_utf8(text, (size_t)(to - text));
}

static bool take_number(Reading *reading, Node *node)
{
    bool negative = *reading->at == '-';
    const char *digits = reading->at + negative, *at = digits;
    while (at < reading->end && *at >= '0' && *at <= '9')
        at++;
    uint64_t number;
    if (!text_parse_uint(digits, (size_t)(at - digits), INT64_MAX, &number))
        return false;
    node->type = NODE_NUMBER;
    node->number = negative ? -(int64_t)number : (int64_t)number;
    reading->at = at;
    return true;
}

static bool take_word(Reading *reading, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(reading->end - reading->at) < length || memcmp(reading->at, word, length) != 0)
        return false;
    reading->at += length;
    return true;
}

static bool take_value(Reading *reading, Node *node, Error *err);

/* Behind the opening bracket: members or items up to `close`. */
static bool take_members(Reading *reading, Node *parent, char close, Error *err)
{
    const Node **link = &parent->first;
    if (take_char(reading, close))
        return true;
    do {
        if (++reading->tree->node_count > PARSE_TREE_NODES_MAX)
            return error_set(err, ERROR_INPUT, "its parse tree has too many nodes");
        Node *node = cut(reading->tree, sizeof(Node));
        *node = (Node){.name = "", .text = ""};
        if (close == '}' && (!take_char(reading, '"') || !take_string(reading, &node->name) ||
                             !take_char(reading, ':')))
            return malformed(err);
        if (!take_value(reading, node, err))
            return false;
        *link = node;
        link = &node->next;
    } while (take_char(reading, ','));
    return take_char(reading, close) || malformed(err);
}

static bool take_value(Reading *reading, Node *node, Error *err)
{
    bool good = true;
    skip_space(reading);
    if (reading->at >= reading->end)
        return malformed(err);
    if (++reading->depth > PARSE_TREE_DEPTH_MAX)
        return error_set(err, ERROR_INPUT, "its parse tree is too deep");
    if (*reading->at == '{' || *reading->at == '[') {
        char close = *reading->at++ == '{' ? '}' : ']';
        node->type = close == '}' ? NODE_OBJECT : NODE_ARRAY;
        if (!take_members(reading, node, close, err))
            return false;
    } else if (take_char(reading, '"')) {
        node->type = NODE_STRING;
        good = take_string(reading, &node->text);
    } else if (take_word(reading, "true") || take_word(reading, "false")) {
        node->type = NODE_BOOL;
        node->number = reading->at[-2] == 'u';
    } else {
        good = take_number(reading, node);
    }
    reading->depth--;
    return good || malformed(err);
}

bool parse_tree_read(const char *json, size_t size, ParseTree **ret_tree, Error *err)
{
    CLEANUP(parse_tree_freep) ParseTree *tree = memory_new(ParseTree);
    Reading reading = {tree, json, json + size, 0};
    Node *root = cut(tree, sizeof(Node));
    *root = (Node){.name = "", .text = ""};
    if (!take_value(&reading, root, err))
        return false;
    skip_space(&reading);
    if (reading.at != reading.end || root->type != NODE_OBJECT)
        return malformed(err);
    tree->root = root;
    *ret_tree = TAKE_PTR(tree);
    return true;
}

/* -- looking -- */

const Node *parse_tree_statement(const ParseTree *tree)
{
    const Node *list = node_at(tree->root, "stmts");
    const Node *statement = list && list->first ? node_at(list->first, "stmt") : NULL;
    if (!statement || list->first->next || !statement->first || statement->first->next)
        return NULL;
    return statement->first;
}

const Node *node_at(const Node *node, const char *path)
{
    while (node && *path) {
        size_t length = strcspn(path, ".");
        const Node *found = node->type == NODE_OBJECT ? node->first : NULL;
        while (found && (strncmp(found->name, path, length) != 0 || found->name[length]))
            found = found->next;
        node = found;
        path += length + (path[length] == '.');
    }
    return node;
}

const char *node_text(const Node *node, const char *path)
{
    const Node *found = node_at(node, path);
    return found ? found->text : "";
}

bool node_true(const Node *node, const char *path)
{
    const Node *found = node_at(node, path);
    return found && found->type == NODE_BOOL && found->number;
}

int64_t node_int(const Node *node, const char *path, int64_t otherwise)
{
    const Node *found = node_at(node, path);
    return found && found->type == NODE_NUMBER ? found->number : otherwise;
}

bool node_is(const Node *node, const char *path, const char *text)
{
    return strcmp(node_text(node, path), text) == 0;
}

bool node_kind_is(const Node *node, const char *kind)
{
    return node && strcmp(node->name, kind) == 0;
}

const Node *node_first(const Node *list)
{
    return list && list->type == NODE_ARRAY ? list->first : NULL;
}

size_t node_count(const Node *list)
{
    size_t count = 0;
    for (const Node *item = node_first(list); item; item = item->next)
        count++;
    return count;
}

static bool walk(const Node *node, bool (*visit)(void *, const Node *), void *context)
{
    if (!visit(context, node))
        return false;
    for (const Node *below = node->first; below; below = below->next)
        if (!walk(below, visit, context))
            return false;
    return true;
}

void node_walk(const Node *node, bool (*visit)(void *context, const Node *node), void *context)
{
    if (node)
        (void)walk(node, visit, context);
}
