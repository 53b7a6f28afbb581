/* libc calls that have no safe use here become compile errors: they overflow, truncate silently,
 * parse without saying that they failed, or keep hidden state. */
#ifndef SEALIFT_BASE_BANNED_H
#define SEALIFT_BASE_BANNED_H

/* The headers that declare the banned names come first, or the poison would break them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison gets strcpy strcat strncpy strncat sprintf vsprintf strtok
#pragma GCC poison atoi atol atoll
#pragma GCC poison gmtime localtime ctime asctime
#pragma GCC poison tmpnam tempnam mktemp

#endif
