/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building lists of breached passwords: see password_list.h. The keys wait in a file without a
 * name beside the new one and are sorted there, mapped: the system may take its pages back at any
 * time, so that a thousand million of them need no memory of that size. Published lists are sorted
 * already; then nothing is moved.
 */
#include "account/password_list.h"

#include "base/text.h"
#include "crypto/digest.h"

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096, SHA1_DIGITS = 40, BUCKET_MEAN = 64, SMALL = 32 };

struct building {
    FILE *spool, *out;
    uint64_t *keys; /* the spool, mapped */
    uint64_t added, last;
    bool is_sorted;
    struct password_list_built *built;
};

/* --- reading --- */

/* SHA1, SHA1:count, or a password. */
static uint64_t key_of_line(const char *line)
{
    char digits[SHA1_DIGITS + 1] = "";
    uint8_t hash[SHA1_BYTES];
    uint64_t key;
    size_t n = strlen(line), after = n > SHA1_DIGITS ? SHA1_DIGITS + 1 : n;
    bool is_shaped = n == SHA1_DIGITS || (n > SHA1_DIGITS + 1 && line[SHA1_DIGITS] == ':');
    if (is_shaped && after + strspn(line + after, "0123456789") == n) {
        memcpy(digits, line, SHA1_DIGITS);
        if (hex_parse(digits, hash, sizeof hash)) {
            memcpy(&key, hash, sizeof key);
            return be64toh(key);
        }
    }
    return password_list_key(MEM(line, n));
}

static enum err add_key(struct building *b, uint64_t key)
{
    b->is_sorted = b->is_sorted && key >= b->last;
    b->last = key;
    b->added++;
    return fwrite(&key, sizeof key, 1, b->spool) == 1 ? OK : E_FAULT;
}

static void skip_rest(FILE *from)
{
    int c;
    do {
        c = getc(from);
    } while (c != '\n' && c != EOF);
}

static enum err read_lines(struct building *b, FILE *from)
{
    char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, from)) {
        bool is_whole = strchr(line, '\n') || feof(from);
        b->built->lines++;
        if (!is_whole)
            skip_rest(from);
        line[strcspn(line, "\r\n")] = 0;
        if (is_whole && *line)
            TRY(add_key(b, key_of_line(line)));
        else
            b->built->skipped++;
    }
    return ferror(from) || fflush(b->spool) ? E_FAULT : OK;
}

/* --- sorting --- */

static void sort_small(uint64_t *keys, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint64_t key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* American flag sort by one byte after the other: in place, at most eight deep. */
static void sort(uint64_t *keys, size_t n, int shift)
{
    size_t next[256] = { 0 }, end[256], sum = 0;
    if (n <= SMALL) {
        sort_small(keys, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        next[keys[i] >> shift & 255]++;
    for (int d = 0; d < 256; d++) {
        size_t count = next[d];
        next[d] = sum;
        sum += count;
        end[d] = sum;
    }
    for (size_t d = 0; d < 256; d++)
        while (next[d] < end[d]) {
            size_t digit = keys[next[d]] >> shift & 255, where = next[digit]++;
            if (digit == d)
                continue;
            uint64_t key = keys[where];
            keys[where] = keys[next[d]];
            keys[next[d]] = key;
        }
    for (int d = 0; d < 256 && shift; d++) {
        size_t from = d ? end[d - 1] : 0;
        sort(keys + from, end[d] - from, shift - 8);
    }
}

/* --- writing --- */

static uint64_t unique(uint64_t *keys, uint64_t n)
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < n; i++)
        if (!kept || keys[kept - 1] != keys[i])
            keys[kept++] = keys[i];
    return kept;
}

static bool put(FILE *out, const void *p, size_t n)
{
    return fwrite(p, n, 1, out) == 1;
}

static enum err write_header(FILE *out, unsigned bits, uint64_t count, const uint8_t *sum)
{
    uint32_t words[] = { htole32(1), htole32(bits) };
    uint64_t numbers[] = { htole64(count), 0 };
    bool good = put(out, "CARDEAPW", 8) && put(out, words, sizeof words) &&
                put(out, numbers, sizeof numbers) && put(out, sum, SHA256_BYTES);
    return good ? OK : E_FAULT;
}

static enum err write_body(FILE *out, const uint64_t *keys, uint64_t count, unsigned bits)
{
    uint64_t at = 0;
    for (uint64_t bucket = 0; bucket < UINT64_C(1) << bits; bucket++) {
        uint32_t start = htole32((uint32_t)at);
        uint64_t first = at;
        while (at < count && keys[at] >> (64 - bits) == bucket)
            at++;
        if (at - first > PASSWORD_LIST_BUCKET_MAX)
            return E_INVALID; /* no hashes: somebody made them up */
        if (!put(out, &start, sizeof start))
            return E_FAULT;
    }
    uint32_t last = htole32((uint32_t)count);
    bool good = put(out, &last, sizeof last);
    for (uint64_t i = 0; i < count && good; i++) {
        uint32_t entry = htole32((uint32_t)(keys[i] << bits >> 40));
        good = put(out, &entry, PASSWORD_LIST_ENTRY);
    }
    return good ? OK : E_FAULT;
}

static unsigned bits_for(uint64_t count)
{
    unsigned bits = 1;
    while (bits < 32 && count >> bits > BUCKET_MEAN)
        bits++;
    return bits;
}

static enum err write_list(struct building *b, uint64_t count)
{
    uint8_t sum[SHA256_BYTES] = { 0 };
    unsigned bits = bits_for(count);
    if (count > UINT32_MAX)
        return E_TOO_LARGE;
    TRY(write_header(b->out, bits, count, sum));
    TRY(write_body(b->out, b->keys, count, bits));
    if (fflush(b->out))
        return E_FAULT;
    struct password_list list = { .fd = fileno(b->out), .count = count, .bits = bits };
    list.bytes = (uint64_t)ftello(b->out);
    TRY(password_list_sum(&list, sum));
    rewind(b->out);
    TRY(write_header(b->out, bits, count, sum));
    b->built->count = count;
    b->built->bytes = list.bytes;
    return fflush(b->out) || fsync(fileno(b->out)) ? E_FAULT : OK;
}

static enum err sort_and_write(struct building *b)
{
    size_t bytes = b->added * sizeof *b->keys;
    if (!b->added)
        return write_list(b, 0);
    b->keys = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(b->spool), 0);
    if (b->keys == MAP_FAILED)
        return E_FAULT;
    if (!b->is_sorted)
        sort(b->keys, b->added, 56);
    enum err e = write_list(b, unique(b->keys, b->added));
    munmap(b->keys, bytes);
    return e;
}

/* A file of this name that is new. */
static FILE *create(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return fd < 0 ? NULL : fdopen(fd, "w+");
}

static enum err build(struct building *b, FILE *from, const char *path, const char *fresh)
{
    TRY(read_lines(b, from));
    TRY(sort_and_write(b));
    return rename(fresh, path) ? E_FAULT : OK;
}

enum err password_list_build(FILE *from, const char *path, struct password_list_built *ret)
{
    struct arena arena;
    struct building b = { .is_sorted = true, .built = ret };
    *ret = (struct password_list_built){ 0 };
    arena_init(&arena, 1 << 20);
    const char *fresh = text_format(&arena, "%s.%d.new", path, (int)getpid());
    const char *keys = text_format(&arena, "%s.%d.keys", path, (int)getpid());
    b.out = create(fresh);
    b.spool = b.out ? create(keys) : NULL;
    if (b.spool)
        unlink(keys);
    enum err e = b.spool ? build(&b, from, path, fresh) : E_FAULT;
    if (b.spool)
        (void)fclose(b.spool);
    if (b.out) {
        if (e)
            unlink(fresh);
        (void)fclose(b.out);
    }
    arena_done(&arena);
    return e;
}
