/* cmocka wants these headers before it, in this order; unit tests include this file instead. */
#ifndef SEALIFT_TESTS_SUPPORT_UNIT_TEST_H
#define SEALIFT_TESTS_SUPPORT_UNIT_TEST_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
