/* Compiler attributes and the ownership helpers every file uses.
 *
 * CLEANUP(f) declares a variable whose f(&variable) runs when it leaves scope; TAKE_PTR gives the
 * value away and leaves NULL behind, so that exactly one place owns it at any time. */
#ifndef SEALIFT_BASE_ATTRIBUTES_H
#define SEALIFT_BASE_ATTRIBUTES_H

#include "base/banned.h"

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_argument)                                                  \
    __attribute__((format(printf, format_index, first_argument)))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define NORETURN          __attribute__((noreturn))
#define UNUSED            __attribute__((unused))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The value of `pointer`, which is NULL afterwards: `*ret_reader = TAKE_PTR(reader);` */
#define TAKE_PTR(pointer)                                                                          \
    __extension__({                                                                                \
        __auto_type taken_ = (pointer);                                                            \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

/* Defines name_p(), the CLEANUP form of a destructor that takes a pointer and accepts NULL. */
#define DEFINE_CLEANUP(type, destructor)                                                           \
    static inline UNUSED void destructor##p(type **pointer)                                        \
    {                                                                                              \
        destructor(*pointer);                                                                      \
    }

#endif
