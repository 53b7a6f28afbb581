/* MD5 (RFC 1321), for the checksums that other tools keep in their tables. It proves nothing
 * against anybody: what Sealift itself vouches for is hashed by base/digest. */
#ifndef SEALIFT_BASE_MD5_H
#define SEALIFT_BASE_MD5_H

#include <stddef.h>

#define MD5_HEX_SIZE 33 /* with the NUL */

/* As 32 lower-case hex digits and a NUL; returns ret_hex. */
const char *md5_hex(const void *bytes, size_t size, char ret_hex[static MD5_HEX_SIZE]);

#endif
