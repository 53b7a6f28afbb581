#include "bundles/built_with.h"

#include <archive.h>
#include <sodium/version.h>
#include <sqlite3.h>
#include <zstd.h>

#include "base/memory.h"
#include "base/version.h"

char *built_with_text(void)
{
    int archive = archive_version_number(); /* 3006002 is 3.6.2 */
    return memory_format("planner %s, libarchive %d.%d.%d, sqlite %s, zstd %s, libsodium %s",
                         SEALIFT_VERSION, archive / 1000000, archive / 1000 % 1000, archive % 1000,
                         sqlite3_libversion(), ZSTD_versionString(), sodium_version_string());
}
