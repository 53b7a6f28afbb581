/* The version of Sealift itself; both programs, HEAD's built-with and min-applier read it. */
#ifndef SEALIFT_BASE_VERSION_H
#define SEALIFT_BASE_VERSION_H

#define SEALIFT_VERSION "0.1.0"

#endif
