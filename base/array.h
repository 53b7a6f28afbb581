/* Typed growable arrays: a struct {Type *items; size_t count, capacity;} and macros over it.
 *
 *     typedef ARRAY_OF(Step) StepArray;
 *     *array_add(&steps) = (Step){...};       a new zeroed item at the end, as an lvalue pointer
 *     array_each(Step, step, &steps) { ... }  step points at each item in turn
 *     array_free(&steps);                     frees the storage, not what items point at
 */
#ifndef SEALIFT_BASE_ARRAY_H
#define SEALIFT_BASE_ARRAY_H

#include <stddef.h>

#include "base/memory.h"

#define ARRAY_OF(type)                                                                             \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
        size_t capacity;                                                                           \
    }

/* The storage with room for one more item, which is zeroed and counted. */
static inline void *array_grow_(void *items, size_t *count, size_t *capacity, size_t item_size)
{
    if (*count == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 8;
        items = memory_resized(items, *capacity, item_size);
    }
    memset((char *)items + *count * item_size, 0, item_size);
    (*count)++;
    return items;
}

#define array_add(array)                                                                           \
    ((array)->items = array_grow_((array)->items, &(array)->count, &(array)->capacity,             \
                                  sizeof(*(array)->items)),                                        \
     &(array)->items[(array)->count - 1])

#define array_each(type, item, array)                                                              \
    for (type *item = (array)->items; item && item < (array)->items + (array)->count; item++)

#define array_free(array)                                                                          \
    do {                                                                                           \
        free((array)->items);                                                                      \
        (array)->items = NULL;                                                                     \
        (array)->count = (array)->capacity = 0;                                                    \
    } while (0)

#endif
