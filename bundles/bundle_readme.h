/* The README inside every bundle: how to check it with tools that any Linux has. */
#ifndef SEALIFT_BUNDLES_BUNDLE_README_H
#define SEALIFT_BUNDLES_BUNDLE_README_H

#define BUNDLE_README_PATH "README"

/* Constant text: what varies stands in HEAD, which the text says how to read. */
extern const char bundle_readme[];

#endif
