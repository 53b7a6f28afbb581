/* CRC-32 of ISO 3309 (polynomial 0x04c11db7, reflected), as zip and gzip have it, for a checksum
 * that another tool keeps. It finds accidents, nothing else. */
#ifndef SEALIFT_BASE_CRC32_H
#define SEALIFT_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of more bytes behind those that gave `crc`; 0 begins. */
uint32_t crc32_update(uint32_t crc, const void *bytes, size_t size);

#endif
