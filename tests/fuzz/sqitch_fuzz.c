/* libFuzzer target for sqitch.plan and sqitch.conf; the first byte chooses. Checked: what is
 * refused is refused as input, what is read leads out of no folder and gives every change an id.
 *
 *     make fuzz && build/fuzz/fuzz/sqitch_fuzz tests/vectors/sqitch_ids */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "migrations/sqitch_config.h"
#include "migrations/sqitch_ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_inside(const char *path)
{
    CLEANUP(memory_freep) char *framed = memory_format("/%s/", path);
    check(*path != '/' && !strstr(framed, "/../"));
}

static void fuzz_plan(const char *path)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(sqitch_plan_done) SqitchPlan plan = {0};
    if (!sqitch_plan_read(path, "plan", &plan, &err)) {
        check(err.class == ERROR_INPUT);
        return;
    }
    array_each (const SqitchChange, change, &plan.changes) {
        check(sqitch_is_id(change->id));
        check_inside(change->name);
    }
    array_each (const SqitchTag, tag, &plan.tags)
        check(sqitch_is_id(tag->id));
}

static void fuzz_config(const char *path)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(sqitch_config_done) SqitchConfig config = {0};
    CLEANUP(findings_done) FindingArray findings = {0};
    if (!sqitch_config_read(path, "conf", &findings, &config, &err)) {
        check(err.class == ERROR_INPUT);
        return;
    }
    check_inside(config.plan_file);
    for (size_t i = 0; i < SQITCH_FOLDER_COUNT; i++) {
        check_inside(config.folders[i]);
        check_inside(config.reworked[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[] = "/dev/shm/sealift-fuzz-XXXXXX";
    CLEANUP(error_done) Error err = {0};
    CLEANUP(file_closep) int fd = mkstemp(path);
    if (!size)
        return unlink(path);
    check(fd >= 0 && file_write(fd, path, bytes + 1, size - 1, &err));
    (bytes[0] & 1 ? fuzz_plan : fuzz_config)(path);
    return unlink(path);
}
