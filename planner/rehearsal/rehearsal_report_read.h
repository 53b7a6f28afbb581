/* Reads what `applier rehearse` prints: JSON lines, each of a type, into a Rehearsal. Every type
 * and range is checked: a report that is cut, of another number, or otherwise not as agreed is
 * refused, because pack will sign what stands in it. */
#ifndef SEALIFT_PLANNER_REHEARSAL_REPORT_READ_H
#define SEALIFT_PLANNER_REHEARSAL_REPORT_READ_H

#include "planner/rehearsal/rehearsal.h"

#define REHEARSAL_REPORT_NUMBER 1
#define REHEARSAL_LINE_MAX      (64 << 20)

typedef struct ReportReader ReportReader;

/* A reader that adds to `rehearsal` (zeroed; borrowed while the reader lives). ERROR_INTERNAL where
 * SQLite lacks its JSON functions. */
bool report_reader_new(Rehearsal *rehearsal, ReportReader **ret_reader, Error *err) MUST_CHECK;
void report_reader_free(ReportReader *reader);
DEFINE_CLEANUP(ReportReader, report_reader_free)

/* Take bytes as they come; whole lines are read at once. ERROR_INTERNAL "line N of the report: …";
 * ERROR_CONFIG where the applier speaks another report. */
bool report_reader_add(ReportReader *reader, const char *bytes, size_t size, Error *err) MUST_CHECK;

/* The end of the output: ERROR_INTERNAL where the report is not complete. */
bool report_reader_end(ReportReader *reader, Error *err) MUST_CHECK;

#endif
