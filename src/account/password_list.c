/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading lists of breached passwords: see password_list.h. Every number of the file is checked
 * before it is used, so that a damaged one is refused or, changed later, answers with an error.
 */
#include "account/password_list.h"

#include "base/asset.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "service/setting.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 1, BLOCK = 64 * 1024, SCAN = 64 };

static enum err read_at(const struct password_list *list, uint64_t at, void *to, size_t n)
{
    if (at > list->bytes || n > list->bytes - at)
        return E_FAULT;
    if (list->copy) {
        memcpy(to, list->copy + at, n);
        return OK;
    }
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(list->fd, (char *)to + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return E_FAULT;
        done += (size_t)got;
    }
    return OK;
}

static uint64_t entries_at(const struct password_list *list)
{
    return PASSWORD_LIST_HEADER + 4 * ((UINT64_C(1) << list->bits) + 1);
}

/* --- opening --- */

enum err password_list_sum(const struct password_list *list, uint8_t ret[32])
{
    uint8_t block[BLOCK];
    memset(ret, 0, SHA256_BYTES);
    for (uint64_t at = PASSWORD_LIST_HEADER; at < list->bytes;) {
        uint64_t left = list->bytes - at;
        size_t n = left < sizeof block ? (size_t)left : sizeof block;
        TRY(read_at(list, at, block, n));
        sha256_pieces((struct mem[]){ MEM(ret, SHA256_BYTES), MEM(block, n) }, 2, ret);
        at += n;
    }
    return OK;
}

/* All but the checksum, which it gives. */
static enum err read_header(struct password_list *list, uint8_t ret_sum[SHA256_BYTES])
{
    struct {
        char magic[8];
        uint32_t version, bits;
        uint64_t count, zero;
        uint8_t sum[SHA256_BYTES];
    } header;
    _Static_assert(sizeof header == PASSWORD_LIST_HEADER, "the header of the file");
    if (read_at(list, 0, &header, sizeof header) ||
        !mem_equal(MEM(header.magic, 8), mem_text("CARDEAPW")) ||
        le32toh(header.version) != VERSION || header.zero != 0)
        return E_INVALID;
    list->bits = le32toh(header.bits);
    list->count = le64toh(header.count);
    if (list->bits < 1 || list->bits > 32 || list->count > UINT32_MAX ||
        list->bytes != entries_at(list) + PASSWORD_LIST_ENTRY * list->count)
        return E_INVALID;
    memcpy(ret_sum, header.sum, SHA256_BYTES);
    return OK;
}

static enum err check(struct password_list *list)
{
    uint8_t wanted[SHA256_BYTES], sum[SHA256_BYTES];
    TRY(read_header(list, wanted));
    TRY(password_list_sum(list, sum));
    return mem_equal(MEM(sum, sizeof sum), MEM(wanted, sizeof sum)) ? OK : E_INVALID;
}

enum err password_list_read(struct mem bytes, struct password_list *ret)
{
    *ret = (struct password_list){ .fd = -1, .copy = bytes.p, .bytes = bytes.n };
    return check(ret);
}

enum err password_list_open(const char *path, struct password_list *ret)
{
    struct stat found;
    *ret = (struct password_list){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
    if (ret->fd < 0)
        return errno == ENOENT ? E_NOT_FOUND : E_FAULT;
    enum err e = E_INVALID;
    if (fstat(ret->fd, &found) == 0 && S_ISREG(found.st_mode)) {
        ret->bytes = (uint64_t)found.st_size;
        e = check(ret);
    }
    if (e)
        password_list_close(ret);
    return e;
}

void password_list_close(struct password_list *list)
{
    if (list->fd >= 0)
        close(list->fd);
    *list = (struct password_list){ .fd = -1 };
}

/* --- looking up --- */

uint64_t password_list_key(struct mem password)
{
    uint8_t digest[SHA1_BYTES];
    uint64_t key;
    sha1(password, digest);
    memcpy(&key, digest, sizeof key);
    return be64toh(key);
}

static bool stands_in(const uint8_t *entries, size_t count, uint32_t wanted)
{
    for (size_t i = 0; i < count; i++, entries += PASSWORD_LIST_ENTRY)
        if ((entries[0] | (uint32_t)entries[1] << 8 | (uint32_t)entries[2] << 16) == wanted)
            return true;
    return false;
}

enum err password_list_find(const struct password_list *list, uint64_t key, bool *ret_is_listed)
{
    uint32_t range[2];
    uint8_t entries[SCAN * PASSWORD_LIST_ENTRY] = { 0 };
    uint64_t bucket = key >> (64 - list->bits);
    uint32_t wanted = (uint32_t)(key << list->bits >> 40);
    *ret_is_listed = false;
    TRY(read_at(list, PASSWORD_LIST_HEADER + 4 * bucket, range, sizeof range));
    uint64_t from = le32toh(range[0]), to = le32toh(range[1]);
    if (from > to || to > list->count || to - from > PASSWORD_LIST_BUCKET_MAX)
        return E_FAULT;
    while (from < to && !*ret_is_listed) {
        size_t n = to - from < SCAN ? (size_t)(to - from) : SCAN;
        TRY(read_at(list, entries_at(list) + PASSWORD_LIST_ENTRY * from, entries,
                    n * PASSWORD_LIST_ENTRY));
        *ret_is_listed = stands_in(entries, n, wanted);
        from += n;
    }
    return OK;
}

void password_list_keys(struct arena *arena, const char *password, uint64_t ret[PASSWORD_SPELLINGS])
{
    size_t n = strlen(password);
    char *spelling = text_lower_ascii(arena, password);
    ret[0] = password_list_key(MEM(password, n));
    ret[1] = password_list_key(MEM(spelling, n));
    if (spelling[0] >= 'a' && spelling[0] <= 'z')
        spelling[0] = (char)(spelling[0] - 'a' + 'A');
    ret[2] = password_list_key(MEM(spelling, n));
    mem_wipe(spelling, n);
}

/* --- the list that is built in --- */

/* Nobody can have changed it but who changed the program: no checksum, no cost at start. */
void password_list_builtin(struct password_list *ret)
{
    uint8_t sum[SHA256_BYTES];
    struct mem bytes = asset_find("data/common_passwords.list")->plain;
    *ret = (struct password_list){ .fd = -1, .copy = bytes.p, .bytes = bytes.n };
    enum err e = read_header(ret, sum);
    assert(e == OK);
}

bool password_is_common(struct arena *arena, const char *password)
{
    struct password_list list;
    uint64_t keys[PASSWORD_SPELLINGS];
    bool is_listed = false;
    password_list_builtin(&list);
    password_list_keys(arena, password, keys);
    for (int i = 0; i < PASSWORD_SPELLINGS && !is_listed; i++) {
        enum err e = password_list_find(&list, keys[i], &is_listed);
        assert(e == OK);
    }
    return is_listed;
}

/* --- the list of this process --- */

static struct password_list current = { .fd = -1 };
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

enum err password_list_configure(void)
{
    struct password_list fresh = { .fd = -1 };
    const char *path = setting_text(SETTING_PASSWORD_LIST);
    enum err e = *path ? password_list_open(path, &fresh) : OK;
    if (e) {
        LOG(LOG_ERROR, "password_list.refused", LOG_TEXT("path", path),
            LOG_TEXT("why", e == E_INVALID ? "damaged, or not made by password-list build"
                                           : "cannot be read"));
        return e;
    }
    pthread_rwlock_wrlock(&lock);
    struct password_list old = current;
    current = fresh;
    pthread_rwlock_unlock(&lock);
    password_list_close(&old);
    if (fresh.bytes)
        LOG(LOG_INFO, "password_list.opened", LOG_NUM("passwords", (int64_t)fresh.count));
    return OK;
}

bool password_is_listed(struct arena *arena, const char *password)
{
    uint64_t keys[PASSWORD_SPELLINGS];
    bool is_listed = false;
    enum err e = OK;
    password_list_keys(arena, password, keys); /* the arena may jump: before the lock is held */
    pthread_rwlock_rdlock(&lock);
    for (int i = 0; i < PASSWORD_SPELLINGS && current.bytes && e == OK && !is_listed; i++)
        e = password_list_find(&current, keys[i], &is_listed);
    pthread_rwlock_unlock(&lock);
    if (e)
        LOG(LOG_ERROR, "password_list.unreadable",
            LOG_TEXT("why", "the file changed; send SIGHUP once it is whole"));
    return is_listed;
}
