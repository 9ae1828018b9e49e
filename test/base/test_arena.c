/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arenas and the buffers in them: bounded, trapped, wiped.
 */
#include "base/arena.h"

#include "../test.h"
#include "base/buf.h"

#include <string.h>

TEST(arena_gives_zeroed_and_aligned_bytes)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t n = 1; n < 3000; n = n * 3 + 1) {
        char *p = arena_alloc(&arena, n);
        CHECK((uintptr_t)p % _Alignof(max_align_t) == 0);
        for (size_t i = 0; i < n; i++)
            CHECK(p[i] == 0);
        memset(p, 'x', n);
    }
    CHECK(arena_alloc(&arena, 0) != NULL);
    arena_done(&arena);
}

TEST(arena_hands_out_zeroed_bytes_again_after_a_reset)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (int round = 0; round < 3; round++) {
        char *p = arena_alloc(&arena, 2000);
        for (size_t i = 0; i < 2000; i++)
            CHECK(p[i] == 0);
        memset(p, 's', 2000);
        memset(arena_alloc(&arena, 100'000), 's', 100'000);
        arena_reset(&arena);
        CHECK_NUM(arena.used, 0);
    }
    arena_done(&arena);
}

/* What a reset leaves behind in the chunk that it keeps. */
TEST(SEC_03_arena_reset_wipes)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    char *secret = arena_alloc(&arena, 64);
    memcpy(secret, "correct horse battery staple", 28);
    arena_reset(&arena);
    volatile const char *again = secret; /* the first chunk is kept, so this is still ours */
    for (size_t i = 0; i < 64; i++)
        CHECK(again[i] == 0);
    arena_done(&arena);
}

/* Runs in a function of its own, because setjmp. */
static bool traps(struct arena *arena, size_t count, size_t size)
{
    jmp_buf jump;
    if (ARENA_TRAP(arena, &jump))
        return true;
    (void)arena_array(arena, count, size);
    return false;
}

TEST(arena_failure_goes_to_the_trap)
{
    struct arena arena;
    arena_init(&arena, 10'000);
    CHECK(!traps(&arena, 1, 9000));
    CHECK(traps(&arena, 1, 1001));
    CHECK(!traps(&arena, 1, 900)); /* what fits still fits */
    CHECK(traps(&arena, SIZE_MAX / 2, 3));
    CHECK(traps(&arena, SIZE_MAX, 1));
    CHECK(traps(&arena, 1, SIZE_MAX - 8));
    arena_reset(&arena);
    CHECK(!traps(&arena, 1, 9000));
    arena_done(&arena);
}

TEST(arena_survives_a_failed_chunk)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    CHECK(!traps(&arena, 1, 100));
    arena_fail_after(1);
    CHECK(traps(&arena, 1, 50'000));
    CHECK(!traps(&arena, 1, 50'000));
    arena_fail_after(0);
    arena_done(&arena);
}

TEST(arena_copies_end_with_nul)
{
    struct mem copy = arena_copy(test_arena(), MEM("abc", 2));
    CHECK_NUM(copy.n, 2);
    CHECK_TEXT(copy.p, "ab");
    CHECK_TEXT(arena_copy(test_arena(), MEM_NONE).p, "");
}

TEST(buf_overflow_is_sticky_and_adds_nothing)
{
    struct buf b;
    buf_init(&b, test_arena(), 10);
    CHECK_TEXT(b.p, "");
    buf_text(&b, "12345");
    buf_text(&b, "67890");
    CHECK(!b.overflow && b.n == 10);
    buf_char(&b, 'x');
    CHECK(b.overflow);
    CHECK_TEXT(b.p, "1234567890");
    buf_text(&b, "");
    CHECK(b.overflow && b.n == 10);

    buf_init(&b, test_arena(), 10);
    buf_text(&b, "123");
    buf_text(&b, "a text that is too long");
    buf_char(&b, '4'); /* would fit, but comes after what did not */
    CHECK(b.overflow);
    CHECK_TEXT(b.p, "123");
    buf_init(&b, test_arena(), 0);
    buf_char(&b, 'x');
    CHECK(b.overflow && b.n == 0);
}

TEST(buf_grows_and_formats)
{
    struct buf b;
    buf_init(&b, test_arena(), 100'000);
    for (int i = 0; i < 10'000; i++)
        buf_add(&b, "abcdefgh", 8);
    CHECK(!b.overflow && b.n == 80'000 && strlen(b.p) == 80'000);
    buf_init(&b, test_arena(), 100);
    buf_num(&b, INT64_MIN);
    buf_char(&b, ' ');
    buf_num(&b, INT64_MAX);
    buf_char(&b, ' ');
    buf_num(&b, 0);
    buf_format(&b, " %s-%d", "x", -7);
    CHECK_TEXT(b.p, "-9223372036854775808 9223372036854775807 0 x--7");
    buf_add(&b, "\0", 1);
    CHECK(buf_mem(&b).n == b.n && b.p[b.n] == 0);
    buf_format(&b, "%200d", 1);
    CHECK(b.overflow);
}
