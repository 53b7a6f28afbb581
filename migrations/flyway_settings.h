/* flyway.conf and flyway.toml, in the project's folder or the migrations': of all settings, those
 * that say which files are migrations, how scripts are read, and which schema comes first. */
#ifndef SEALIFT_MIGRATIONS_FLYWAY_SETTINGS_H
#define SEALIFT_MIGRATIONS_FLYWAY_SETTINGS_H

#include "migrations/layout.h"

/* What is not read so is an error by its line; reading->verbatim is set where placeholders are
 * left alone. A schema that is not the first of reading->search_path, and a placeholder that
 * reading->values does not have so, are warnings. ERROR_IO. */
bool flyway_settings_read(LayoutReading *reading, Error *err) MUST_CHECK;

#endif
