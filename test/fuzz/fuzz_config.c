/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cardea.conf: whatever it holds, values that are accepted are within their bounds, and what one
 * reading understood a second reading understands likewise.
 */
#include "base/log.h"
#include "base/text.h"
#include "service/setting_parts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void drop(const char *, void *)
{
}

static void check_value(struct arena *arena, enum setting s, const char *text)
{
    struct setting_value value, again;
    const char *why = NULL;
    int64_t min, max;
    if (!setting_parse(arena, s, text, &value, &why)) {
        must(why && *why);
        return;
    }
    must(text_equal(value.text, text) && text_is_utf8(mem_text(text)));
    setting_range(s, &min, &max);
    if (setting_specs[s].kind == SETTING_IS_NUM || setting_specs[s].kind == SETTING_IS_SPAN)
        must(value.num >= min && value.num <= max);
    if (setting_specs[s].kind != SETTING_IS_URL)
        return;
    must(setting_parse(arena, s, value.origin, &again, &why));
    must(text_equal(value.origin, again.origin) && text_equal(value.host, again.host));
    must(value.is_secure || value.is_loopback);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static char path[32];
    struct arena arena;
    struct setting_given given[SETTING_COUNT];
    struct setting_problems problems = { 0 };
    if (fd < 0) {
        log_capture(drop, NULL);
        fd = memfd_create("config", MFD_CLOEXEC);
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    must(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    arena_init(&arena, 64 << 20);
    buf_init(&problems.text, &arena, SETTING_PROBLEMS_MAX * 600);
    setting_gather(&arena, path, given, &problems);
    must(!problems.text.overflow && (problems.count > 0) == (problems.text.n > 0));
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        must(given[s].text && given[s].where);
        check_value(&arena, s, given[s].text);
    }
    arena_done(&arena);
    return 0;
}
