/* UUIDs as text: 36 characters, lower case (RFC 4122). */
#ifndef SEALIFT_BASE_UUID_H
#define SEALIFT_BASE_UUID_H

#include <stdbool.h>

#include "base/attributes.h"

#define UUID_TEXT_SIZE 37 /* with the NUL */

/* A random (version 4) UUID. */
void uuid_make(char ret_text[static UUID_TEXT_SIZE]);

/* 8-4-4-4-12 lower-case hex digits and nothing else. */
bool uuid_is_valid(const char *text);

#endif
