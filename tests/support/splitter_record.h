/* Runs the splitter over a text and writes down what it reported, one line per event:
 *
 *     => statement         .. its further lines
 *     =\ backslash command
 *     =: COPY data         the lines of it
 *     =; end of the data
 *     =! 3: error          line and words */
#ifndef SEALIFT_TESTS_SPLITTER_RECORD_H
#define SEALIFT_TESTS_SPLITTER_RECORD_H

#include "base/text.h"
#include "migrations/statement_splitter.h"

/* Feed `text` in pieces of `piece` bytes. The caller frees the result. */
char *splitter_record(const char *text, size_t size, size_t piece);

#endif
