#include "applier/server/retry_policy.h"

#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/interrupt.h"

bool retry_policy_is_retryable(const char *sqlstate)
{
    static const char *const retryable[] = {"55P03", "40P01", "40001"};
    for (size_t i = 0; i < ARRAY_LEN(retryable); i++)
        if (strcmp(sqlstate, retryable[i]) == 0)
            return true;
    return false;
}

int64_t retry_policy_delay_ms(int attempt, int64_t first_ms, int64_t most_ms, uint32_t random)
{
    int64_t whole = first_ms;
    for (int i = 1; i < attempt && whole < most_ms; i++)
        whole *= 2;
    if (whole > most_ms)
        whole = most_ms;
    int64_t half = whole / 2;
    return half + (int64_t)((uint64_t)(whole - half) * random / UINT32_MAX);
}

uint32_t retry_policy_random(void)
{
    uint32_t random = 0;
    /* without entropy there is no jitter, which is no reason to fail */
    (void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
    return random;
}

/* In slices: a signal that comes between the caller's last look and the first poll would else be
 * slept through. */
#define SLICE_MS 100

void retry_policy_sleep(int64_t delay_ms)
{
    int before = interrupt_count();
    int64_t until = clock_monotonic_ms() + delay_ms;
    for (int64_t left = delay_ms; left > 0 && interrupt_count() == before;
         left = until - clock_monotonic_ms())
        (void)poll(/* fds= */ NULL, 0, (int)(left < SLICE_MS ? left : SLICE_MS));
}
