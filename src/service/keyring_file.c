/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of sealing keys: see keyring_file.h.
 */
#include "service/keyring_file.h"

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "service/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 4096 };

const char *keyring_file_path(struct arena *arena)
{
    const char *given = setting_text(SETTING_KEY_FILE), *url = setting_text(SETTING_DATABASE_URL);
    if (*given)
        return given;
    if (text_equal(url, "sqlite::memory:"))
        return NULL;
    if (text_starts(url, "sqlite:"))
        return text_format(arena, "%s.keys", url + strlen("sqlite:"));
    return "cardea.keys";
}

static enum err refuse(const char *path, const char *what)
{
    LOG(LOG_ERROR, "keyring.refused", LOG_TEXT("path", path), LOG_TEXT("what", what));
    return E_INVALID;
}

/* --- reading --- */

/* The lines with keys, joined by commas as ENCRYPTION_KEYS has them. */
static void join_lines(char *text, char *out)
{
    char *line, *end = out;
    while ((line = strsep(&text, "\n"))) {
        line += strspn(line, " \t");
        size_t n = strcspn(line, " \t\r");
        if (!n || *line == '#')
            continue;
        if (end != out)
            *end++ = ',';
        memcpy(end, line, n);
        end += n;
    }
    *end = 0;
}

/* Who can read the file can read every secret: other users may not, whatever their group. */
static enum err check_owner(int fd, const char *path)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return fault("keyring: %s: %s", path, strerrordesc_np(errno));
    if (!S_ISREG(info.st_mode))
        return refuse(path, "not a regular file");
    if (info.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(path, "other users may read or change the keys: chmod 600");
    if (info.st_uid != geteuid() && info.st_uid != 0)
        return refuse(path, "the keys belong to another user: chown");
    return OK;
}

static enum err read_ring(int fd, const char *path, struct seal_ring *ret)
{
    char text[FILE_MAX + 1], joined[FILE_MAX + 1];
    TRY(check_owner(fd, path));
    ssize_t n = read(fd, text, FILE_MAX);
    if (n < 0)
        return fault("keyring: %s: %s", path, strerrordesc_np(errno));
    text[n] = 0;
    join_lines(text, joined);
    enum err e = seal_ring_parse(joined, ret);
    mem_wipe(text, sizeof text);
    mem_wipe(joined, sizeof joined);
    return e ? refuse(path, "no lines of id:base64 with keys of 32 bytes") : OK;
}

/* The name is durable only when its folder is. */
static bool sync_folder(const char *path)
{
    char *copy = strdup(path);
    int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    free(copy);
    return good;
}

/* Whoever made the file may have ended before its name was durable, and what these keys are to seal
 * soon is. A folder that cannot be synced is not one where keys were just made. */
enum err keyring_file_read(const char *path, struct seal_ring *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return E_NOT_FOUND;
    if (fd < 0)
        return refuse(path, strerrordesc_np(errno));
    enum err e = read_ring(fd, path, ret);
    (void)sync_folder(path);
    (void)close(fd);
    return e;
}

/* --- making --- */

void keyring_file_draw(struct seal_ring *ret)
{
    *ret = (struct seal_ring){ .count = 1 };
    (void)snprintf(ret->keys[0].id, sizeof ret->keys[0].id, "k%08x", random_below(UINT32_MAX));
    random_bytes(ret->keys[0].key, SEAL_KEY_BYTES);
}

static size_t write_text(const struct seal_ring *ring, char text[FILE_MAX])
{
    char key[64];
    size_t n = (size_t)snprintf(
        text, FILE_MAX,
        "# Seals Cardea's secrets at rest. Keep a copy apart from the database's.\n");
    for (size_t i = 0; i < ring->count; i++) {
        base64url_format(MEM(ring->keys[i].key, SEAL_KEY_BYTES), key);
        n += (size_t)snprintf(text + n, FILE_MAX - n, "%s:%s\n", ring->keys[i].id, key);
    }
    mem_wipe(key, sizeof key);
    return n;
}

static bool write_durably(const char *path, const char *text, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool good = write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
    return close(fd) == 0 && good;
}

/* Written under another name and linked to its own: link, unlike rename, never replaces. */
static enum err publish(struct arena *arena, const char *path, const char *text, size_t n)
{
    const char *draft = text_format(arena, "%s.%08x", path, random_below(UINT32_MAX));
    bool written = write_durably(draft, text, n);
    bool linked = written && link(draft, path) == 0;
    int failure = errno;
    (void)unlink(draft);
    if (!linked && failure == EEXIST)
        return E_CONFLICT;
    if (!linked || !sync_folder(path))
        return fault("keyring: cannot make %s: %s", path,
                     strerrordesc_np(linked ? errno : failure));
    LOG(LOG_INFO, "keyring.made", LOG_TEXT("path", path),
        LOG_TEXT("what", "new keys for secrets at rest: keep a copy of this file"));
    return OK;
}

enum err keyring_file_make(const char *path, const struct seal_ring *ring)
{
    struct arena arena;
    char text[FILE_MAX];
    arena_init(&arena, 64 << 10);
    size_t n = write_text(ring, text);
    enum err e = publish(&arena, path, text, n);
    mem_wipe(text, sizeof text);
    arena_done(&arena);
    return e;
}
