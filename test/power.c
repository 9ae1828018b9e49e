/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that loses power: see power.h.
 */
#include "power.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SECTOR = 512, FILES = 256, NAME_LENGTH = 120 };

enum kind { WRITE, TRUNCATE, SYNC, NAME, UNNAME, SYNC_FOLDER };

struct event {
    enum kind kind;
    int file;
    char *name; /* NAME, UNNAME */
    size_t at, n;
    uint8_t *bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_watching;
static char watched[256];
static const char *liar;
static struct event *events;
static size_t count, room;
atomic_long power_syncs_until_failure;

/* --- noting: the names as the running process sees them --- */

static struct seen {
    char name[NAME_LENGTH];
    int file;
} seen[FILES];
static size_t seen_count;
static int files;

static struct event *note(struct event event)
{
    if (count == room) {
        room = room ? room * 2 : 1024;
        events = realloc(events, room * sizeof *events);
        if (!events)
            abort();
    }
    events[count] = event;
    return &events[count++];
}

static struct seen *find_seen(const char *name)
{
    for (size_t i = 0; i < seen_count; i++)
        if (strcmp(seen[i].name, name) == 0)
            return &seen[i];
    return NULL;
}

static void see(const char *name, int file)
{
    struct seen *s = find_seen(name);
    assert(seen_count < FILES && strlen(name) < NAME_LENGTH);
    if (!s)
        s = &seen[seen_count++];
    (void)snprintf(s->name, sizeof s->name, "%s", name);
    s->file = file;
    (void)note((struct event){ NAME, .file = file, .name = strdup(name) });
}

static void unsee(const char *name)
{
    struct seen *s = find_seen(name);
    if (!s)
        return;
    *s = seen[--seen_count];
    (void)note((struct event){ UNNAME, .name = strdup(name) });
}

/* A name in the watched folder, or NULL. The index that SQLite shares between processes is made
 * anew after a crash. */
static const char *name_in(const char *path)
{
    size_t n = strlen(watched), length = strlen(path);
    if (strncmp(path, watched, n) != 0 || path[n] != '/' || strchr(path + n + 1, '/'))
        return NULL;
    return length > 4 && strcmp(path + length - 4, "-shm") == 0 ? NULL : path + n + 1;
}

static bool path_of(int fd, char path[512])
{
    char link_name[40];
    (void)snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link_name, path, 511);
    path[n > 0 ? n : 0] = 0;
    return n > 0 && !strstr(path, " (deleted)");
}

/* The file behind a name; one that was not heard of was made just now. */
static int file_of(const char *name)
{
    struct seen *s = find_seen(name);
    if (s)
        return s->file;
    see(name, files++);
    return files - 1;
}

static int file_behind(int fd)
{
    char path[512];
    const char *name = path_of(fd, path) ? name_in(path) : NULL;
    return name ? file_of(name) : -1;
}

static uint8_t *copy(const void *bytes, size_t n)
{
    uint8_t *p = malloc(n ? n : 1);
    if (!p)
        abort();
    memcpy(p, bytes, n);
    return p;
}

/* Files that are not SQLite's are written by write(2), which is not noted: what is in them is seen
 * when they are synced or get a name. */
static void note_content(const char *path, int file)
{
    static uint8_t bytes[64 << 10];
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, bytes, sizeof bytes) : -1;
    if (fd >= 0)
        (void)close(fd);
    if (n <= 0)
        return;
    for (size_t i = count; i > 0; i--) {
        const struct event *e = &events[i - 1];
        if (e->kind == WRITE && e->file == file)
            return; /* SQLite's, or content already */
    }
    (void)note(
        (struct event){ WRITE, .file = file, .n = (size_t)n, .bytes = copy(bytes, (size_t)n) });
}

static void note_sync(int fd)
{
    char path[512];
    if (!path_of(fd, path))
        return;
    if (strcmp(path, watched) == 0) {
        (void)note((struct event){ SYNC_FOLDER });
        return;
    }
    const char *name = name_in(path);
    size_t n = liar ? strlen(liar) : 0;
    if (!name || (n && strlen(name) >= n && strcmp(name + strlen(name) - n, liar) == 0))
        return;
    int file = file_of(name);
    note_content(path, file);
    (void)note((struct event){ SYNC, .file = file });
}

/* --- in front of the C library --- */

static bool begin(void)
{
    if (!is_watching)
        return false;
    pthread_mutex_lock(&lock);
    return true;
}

static void end(bool began)
{
    if (began)
        pthread_mutex_unlock(&lock);
}

static int sync_or_fail(long number, int fd)
{
    if (power_syncs_until_failure > 0 && atomic_fetch_sub(&power_syncs_until_failure, 1) == 1) {
        errno = EIO;
        return -1;
    }
    bool noting = begin();
    int result = (int)syscall(number, fd);
    if (noting && result == 0)
        note_sync(fd);
    end(noting);
    return result;
}

#define IN_FRONT __attribute__((visibility("default")))

IN_FRONT int fdatasync(int fd);
IN_FRONT int fsync(int fd);
IN_FRONT ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at);
IN_FRONT int ftruncate64(int fd, off64_t size);
IN_FRONT int unlink(const char *path);
IN_FRONT int link(const char *from, const char *to);
IN_FRONT int rename(const char *from, const char *to);

int fdatasync(int fd)
{
    return sync_or_fail(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return sync_or_fail(SYS_fsync, fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    bool noting = begin();
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, n, at);
    int file = noting && done > 0 ? file_behind(fd) : -1;
    if (file >= 0)
        (void)note((struct event){ WRITE, .file = file, .at = (size_t)at, .n = (size_t)done,
                                   .bytes = copy(bytes, (size_t)done) });
    end(noting);
    return done;
}

int ftruncate64(int fd, off64_t size)
{
    bool noting = begin();
    int result = (int)syscall(SYS_ftruncate, fd, size);
    int file = noting && result == 0 ? file_behind(fd) : -1;
    if (file >= 0)
        (void)note((struct event){ TRUNCATE, .file = file, .n = (size_t)size });
    end(noting);
    return result;
}

int unlink(const char *path)
{
    bool noting = begin();
    int result = (int)syscall(SYS_unlink, path);
    const char *name = noting && result == 0 ? name_in(path) : NULL;
    if (name)
        unsee(name);
    end(noting);
    return result;
}

static void note_other_name(const char *from, const char *to)
{
    const char *old = name_in(from), *fresh = name_in(to);
    if (!old || !fresh)
        return;
    int file = file_of(old);
    note_content(to, file);
    see(fresh, file);
}

int link(const char *from, const char *to)
{
    bool noting = begin();
    int result = (int)syscall(SYS_link, from, to);
    if (noting && result == 0)
        note_other_name(from, to);
    end(noting);
    return result;
}

int rename(const char *from, const char *to)
{
    bool noting = begin();
    int result = (int)syscall(SYS_rename, from, to);
    if (noting && result == 0) {
        note_other_name(from, to);
        if (name_in(from))
            unsee(name_in(from));
    }
    end(noting);
    return result;
}

/* --- the disk at a moment --- */

struct pending {
    size_t *list; /* numbers of events */
    size_t count, room;
};

static struct content {
    uint8_t *bytes;
    size_t n, room;
    struct pending pending;
} contents[FILES];
static struct seen durable[FILES];
static size_t durable_count;
static struct pending names;
static size_t reached;

static void keep(struct pending *p, size_t event)
{
    if (p->count == p->room) {
        p->room = p->room ? p->room * 2 : 16;
        p->list = realloc(p->list, p->room * sizeof *p->list);
        if (!p->list)
            abort();
    }
    p->list[p->count++] = event;
}

static void resize(struct content *c, size_t n)
{
    if (n > c->room) {
        c->room = n * 2;
        c->bytes = realloc(c->bytes, c->room);
        if (!c->bytes)
            abort();
    }
    if (n > c->n)
        memset(c->bytes + c->n, 0, n - c->n);
    c->n = n;
}

static void put(struct content *c, size_t at, const uint8_t *bytes, size_t n)
{
    if (at + n > c->n)
        resize(c, at + n);
    memcpy(c->bytes + at, bytes, n);
}

static void apply(struct content *c, const struct event *e)
{
    if (e->kind == TRUNCATE)
        resize(c, e->n);
    else
        put(c, e->at, e->bytes, e->n);
}

static void apply_name(struct seen *list, size_t *n, const struct event *e)
{
    size_t i = 0;
    while (i < *n && strcmp(list[i].name, e->name) != 0)
        i++;
    if (e->kind == NAME) {
        assert(i < FILES);
        (void)snprintf(list[i].name, NAME_LENGTH, "%s", e->name);
        list[i].file = e->file;
        *n += i == *n;
    } else if (i < *n) {
        list[i] = list[--*n];
    }
}

static void pass(size_t number)
{
    const struct event *e = &events[number];
    struct content *c = &contents[e->file];
    switch (e->kind) {
    case WRITE:
    case TRUNCATE: keep(&c->pending, number); return;
    case NAME:
    case UNNAME: keep(&names, number); return;
    case SYNC:
        for (size_t i = 0; i < c->pending.count; i++)
            apply(c, &events[c->pending.list[i]]);
        c->pending.count = 0;
        return;
    case SYNC_FOLDER:
        for (size_t i = 0; i < names.count; i++)
            apply_name(durable, &durable_count, &events[names.list[i]]);
        names.count = 0;
        return;
    }
}

void power_go_to(size_t moment)
{
    assert(moment >= reached && moment <= count);
    while (reached < moment)
        pass(reached++);
}

void power_restart(void)
{
    for (int i = 0; i < FILES; i++) {
        contents[i].n = 0;
        contents[i].pending.count = 0;
    }
    durable_count = names.count = reached = 0;
}

/* --- images --- */

static uint32_t chance(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

/* Sector by sector, as they lie on the disk: written, not written, or written badly. */
static void tear(struct content *c, const struct event *e, uint64_t *seed)
{
    static const uint8_t zeros[SECTOR];
    uint8_t garbage[SECTOR];
    for (size_t done = 0; done < e->n;) {
        size_t n = SECTOR - (e->at + done) % SECTOR;
        n = n < e->n - done ? n : e->n - done;
        uint32_t fate = chance(seed) % 8;
        for (size_t i = 0; fate == 5 && i < n; i++)
            garbage[i] = (uint8_t)chance(seed);
        if (fate < 7)
            put(c, e->at + done, fate == 5 ? garbage : fate == 6 ? zeros : e->bytes + done, n);
        done += n;
    }
}

static void apply_by_chance(struct content *c, const struct event *e, uint64_t *seed)
{
    uint32_t fate = chance(seed) % 4;
    if (fate == 0)
        return;
    if (fate == 1 && e->kind == WRITE)
        return tear(c, e, seed);
    apply(c, e);
}

static void write_out(const char *folder, const char *name, const struct content *c)
{
    int in = (int)syscall(SYS_openat, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = (int)syscall(SYS_openat, in, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    for (size_t done = 0; fd >= 0 && done < c->n;) {
        ssize_t n = write(fd, c->bytes + done, c->n - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (fd < 0 || close(fd) != 0 || close(in) != 0)
        abort();
}

static void write_file(const char *folder, const struct seen *name, enum power_fate fate,
                       uint64_t *seed)
{
    const struct content *real = &contents[name->file];
    struct content c = { .bytes = copy(real->bytes ? real->bytes : (uint8_t *)"", real->n),
                         .n = real->n,
                         .room = real->n };
    for (size_t i = 0; fate != POWER_LOST && i < real->pending.count; i++) {
        const struct event *e = &events[real->pending.list[i]];
        if (fate == POWER_KEPT)
            apply(&c, e);
        else
            apply_by_chance(&c, e, seed);
    }
    write_out(folder, name->name, &c);
    free(c.bytes);
}

void power_image(const char *folder, enum power_fate fate, uint64_t seed)
{
    struct seen there[FILES];
    size_t n = durable_count;
    memcpy(there, durable, sizeof there);
    for (size_t i = 0; fate != POWER_LOST && i < names.count; i++)
        if (fate == POWER_KEPT || chance(&seed) % 2)
            apply_name(there, &n, &events[names.list[i]]);
    for (size_t i = 0; i < n; i++)
        write_file(folder, &there[i], fate, &seed);
}

/* --- beginning and ending --- */

void power_watch(const char *folder)
{
    char *real = realpath(folder, NULL);
    power_done();
    (void)snprintf(watched, sizeof watched, "%s", real ? real : folder);
    free(real);
    is_watching = true;
}

void power_stop(void)
{
    is_watching = false;
}

void power_done(void)
{
    power_stop();
    power_lie(NULL);
    for (size_t i = 0; i < count; i++) {
        free(events[i].name);
        free(events[i].bytes);
    }
    free(events);
    for (int i = 0; i < FILES; i++) {
        free(contents[i].bytes);
        free(contents[i].pending.list);
        contents[i] = (struct content){ 0 };
    }
    free(names.list);
    names = (struct pending){ 0 };
    events = NULL;
    count = room = seen_count = durable_count = reached = 0;
    files = 0;
}

size_t power_moment(void)
{
    pthread_mutex_lock(&lock);
    size_t moment = count;
    pthread_mutex_unlock(&lock);
    return moment;
}

bool power_syncs_at(size_t moment)
{
    return moment < count && (events[moment].kind == SYNC || events[moment].kind == SYNC_FOLDER);
}

void power_lie(const char *suffix)
{
    liar = suffix;
}
