/* When a group is run again, and how long to wait before (ENGINE.md 11). */
#ifndef SEALIFT_APPLIER_RETRY_POLICY_H
#define SEALIFT_APPLIER_RETRY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#define RETRY_ATTEMPTS_DEFAULT 10
#define RETRY_FIRST_MS         100
#define RETRY_MOST_MS          5000

/* 55P03 lock timeout, 40P01 deadlock, 40001 serialization failure: rolled back whole, worth another
 * try. */
bool retry_policy_is_retryable(const char *sqlstate);

/* Doubling from `first_ms` up to `most_ms`, of which a half to the whole is taken by `random`
 * (0..UINT32_MAX), so that two who collided do not collide again. `attempt` counts from 1. */
int64_t retry_policy_delay_ms(int attempt, int64_t first_ms, int64_t most_ms, uint32_t random);

uint32_t retry_policy_random(void);

/* Sleep; a signal ends it early. */
void retry_policy_sleep(int64_t delay_ms);

#endif
