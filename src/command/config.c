/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cardea config {init,check,print}: the settings.
 */
#include "command/command.h"

#include "base/text.h"
#include "service/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 };

/* Never overwrites: a settings file is somebody's work. */
static int init(struct console *c)
{
    struct buf out;
    const char *path = console_option(c, "config") ? console_option(c, "config") : "cardea.conf";
    buf_init(&out, &c->arena, TEXT_MAX);
    setting_write_example(&out);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return console_fail("cannot write %s: %s", path, strerror(errno));
    bool ok = write(fd, out.p, out.n) == (ssize_t)out.n && fsync(fd) == 0;
    close(fd);
    if (!ok)
        return console_fail("cannot write %s completely", path);
    console_print("%s written: every setting with its default, commented out\n", path);
    return EXIT_DONE;
}

static int print(struct console *c)
{
    struct buf out;
    buf_init(&out, &c->arena, TEXT_MAX);
    setting_write_current(&out, c->json);
    console_write(&out);
    return EXIT_DONE;
}

int command_config(struct console *c)
{
    const char *verb = console_word(c, 1);
    if (text_equal(verb, "init"))
        return init(c);
    bool checks = text_equal(verb, "check");
    if (!checks && !text_equal(verb, "print"))
        return console_usage("config {init,check,print} [--config FILE] [--json]");
    int code = console_read_settings(c);
    if (code)
        return code;
    if (!checks)
        return print(c);
    console_print(c->json ? "{\"good\":true}\n" : "the settings are good\n");
    return EXIT_DONE;
}
