/* HEAD's built-with: planner and the libraries whose versions decide a bundle's bytes. Two builds
 * of the same text are the same bytes where this line is the same. */
#ifndef SEALIFT_BUNDLES_BUILT_WITH_H
#define SEALIFT_BUNDLES_BUILT_WITH_H

/* "planner 0.1.0, libarchive 3.6.2, …". The caller frees. */
char *built_with_text(void);

#endif
