/* Which objects of a database a run will change, by the proven schemas of the versions that it goes
 * through: what exists before and is changed or removed, and where something new will be made. */
#ifndef SEALIFT_APPLIER_TOUCHED_OBJECTS_H
#define SEALIFT_APPLIER_TOUCHED_OBJECTS_H

#include "applier/steps/run_units.h"
#include "bundles/object_stream.h"

typedef enum {
    TOUCHED_RELATION, /* a table, view, sequence …; named as in the fingerprint: "public.orders" */
    TOUCHED_OTHER,    /* a function, type …; with its kind */
    TOUCHED_SCHEMA,   /* something new is made in it */
} TouchedKind;

typedef struct TouchedObject {
    TouchedKind kind;
    char *what;     /* owned: the fingerprint's kind of TOUCHED_OTHER, else "" */
    char *identity; /* owned */
} TouchedObject;

typedef struct TouchedObjects {
    ARRAY_OF(TouchedObject) objects; /* sorted, each once */
    bool known; /* false: the bundle proves nothing, or not of every version of the run */
} TouchedObjects;

void touched_objects_done(TouchedObjects *touched); /* accepts a zeroed one */

/* Of the tasks, which go up; by what was proven on the server's major, or the nearest. Errors:
 * those of fingerprint_object_read. */
bool touched_objects_read(const RunTaskArray *tasks, const ObjectSource *objects,
                          int64_t server_major, TouchedObjects *ret_touched, Error *err) MUST_CHECK;

bool touched_objects_have(const TouchedObjects *touched, TouchedKind kind, const char *what,
                          const char *identity);

/* The identity without its last part, whose dots may be quoted: "public.t" of "public.t.c". The
 * caller frees; NULL where there is but one part. */
char *touched_parent(const char *identity);

#endif
