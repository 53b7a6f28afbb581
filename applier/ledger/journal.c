#include "applier/ledger/journal.h"

#include <inttypes.h>

static const char *const kind_names[] = {"group",   "intent", "outcome", "settled", "verified",
                                         "version", "broken", "batch",   "adopted"};

const char *journal_kind_name(JournalKind kind)
{
    return kind_names[kind];
}

const char *direction_name(Direction direction)
{
    return direction == DIRECTION_UP ? "up" : "down";
}

void journal_row_done(JournalRow *row)
{
    free(row->version);
    free(row->identity);
    free(row->result);
    free(row->words);
    *row = (JournalRow){0};
}

static void add_field(Text *text, const char *value)
{
    text_add_char(text, '\t');
    for (; *value; value++) {
        if (*value == '\t')
            text_add(text, "\\t");
        else if (*value == '\n')
            text_add(text, "\\n");
        else if (*value == '\\')
            text_add(text, "\\\\");
        else
            text_add_char(text, *value);
    }
}

void journal_row_text(const JournalRow *row, Text *text)
{
    char hex[DIGEST_HEX_SIZE];
    text_addf(text, "sealift-journal 1\t%s\t%" PRId64 "\t%s\t%s",
              row->has_previous ? digest_hex(&row->previous, hex) : "-", row->number,
              journal_kind_name(row->kind), direction_name(row->direction));
    add_field(text, digest_hex(&row->head_digest, hex));
    add_field(text, row->version);
    add_field(text, row->identity);
    text_addf(text, "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%s\t%" PRId64,
              row->group, row->group_count, row->first_step, row->last_step,
              row->complete ? "t" : "f", row->position_after);
    add_field(text, digest_hex(&row->up_digest, hex));
    text_addf(text, "\t%" PRId64, row->attempt);
    add_field(text, row->result);
    add_field(text, row->words);
    text_add_char(text, '\n');
}

static Digest digest_of_row(const JournalRow *row)
{
    CLEANUP(text_done) Text text = {0};
    journal_row_text(row, &text);
    return digest_of(text.bytes, text.length);
}

void journal_chain_begin(JournalChain *chain)
{
    *chain = (JournalChain){.next = 1};
}

void journal_chain_append(JournalChain *chain, JournalRow *row)
{
    row->number = chain->next++;
    row->has_previous = row->number > 1;
    row->previous = row->has_previous ? chain->last : (Digest){0};
    row->digest = digest_of_row(row);
    chain->last = row->digest;
}

bool journal_chain_check(JournalChain *chain, const JournalRow *row, Error *err)
{
    if (row->number != chain->next)
        return error_set(err, ERROR_TARGET,
                         "the ledger's journal is damaged: row %" PRId64 " where %" PRId64
                         " is due",
                         row->number, chain->next);
    bool chained = row->has_previous == (row->number > 1) &&
                   (!row->has_previous || digest_equal(&row->previous, &chain->last));
    Digest digest = digest_of_row(row);
    if (!chained || !digest_equal(&digest, &row->digest))
        return error_set(err, ERROR_TARGET,
                         "the ledger's journal is damaged: row %" PRId64
                         " does not fit the chain of digests, something else has written it",
                         row->number);
    chain->next++;
    chain->last = row->digest;
    return true;
}
