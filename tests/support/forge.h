/* Makes bundles for tests: good ones by the product's own writer, and any malformed one that is
 * nevertheless signed, by taking a good one apart, changing it, and sealing it again with test
 * keys. Whatever fails in here aborts: it is the test that is wrong. */
#ifndef SEALIFT_TESTS_SUPPORT_FORGE_H
#define SEALIFT_TESTS_SUPPORT_FORGE_H

#include "bundles/envelope.h"
#include "bundles/manifest.h"

typedef enum {
    FORGE_MINIMAL,   /* one version, one migration, one statement: as few bytes as can be */
    FORGE_FULL,      /* two versions, three migrations, all kinds of scripts, COPY, a step outside
                      * transactions, a requirement, parameters */
    FORGE_LARGE,     /* FULL with a compressed data file and a plain one, both of several chunks */
    FORGE_REHEARSED, /* FULL with what a rehearsal showed (forge_rehearsal.h) */
} ForgeSample;
#define FORGE_SAMPLE_COUNT 4

/* Take a bundle's parts, change them, seal. Keyring: record 0 of key 1, record 1 with root 1 and
 * release keys 2 and 3, threshold 2; signed by 2 and 3. */
typedef struct Forge {
    Keyring site;        /* what the site trusts: record 0 */
    Text keyring;        /* records in the bundle */
    Head head;           /* sizes and digests are set by forge_seal */
    const char *signers; /* numbers of test_signer, "\2\3" */
    Text manifest;       /* manifest.db */
    Text objects;        /* from README's tar header to the end of the file */
    Text extra;          /* in place of manifest.db's tar header, where not empty */
} Forge;

void forge_init(Forge *ret_forge, ForgeSample sample);
void forge_copy(const Forge *forge, Forge *ret_copy); /* for many damages of one good bundle */
void forge_done(Forge *forge);

/* Write a good bundle with bundle_writer to `path`: what forge_init takes apart. */
void forge_write_sample(ForgeSample sample, const char *path);

/* The site's keyring of the samples. */
Keyring forge_site_keyring(void);

/* The bundle's bytes. The caller releases the text. */
Text forge_seal(Forge *forge);

/* Run SQL on the manifest, with CHECKs off and the schema writable. */
typedef enum {
    FORGE_TIDY, /* as manifest_write leaves it: vacuumed, header clean */
    FORGE_AS_IS,
} ForgeFinish;
void forge_manifest_sql(Forge *forge, const char *sql, ForgeFinish finish);

/* A descriptor of anonymous memory with these bytes. */
int forge_memory(const Text *bytes);

/* A temporary folder, and its removal with all that is in it. The caller frees the path. */
char *forge_folder(void);
void forge_remove_folder(char *folder);

#endif
