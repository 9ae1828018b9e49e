/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes: what is handed over is run once, what does not fit is refused, what waited too long is
 * told so, and closing works off what waits.
 */
#include "web/lane.h"

#include "../test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { ITEMS = 500 };

static _Atomic int runs, late;
static _Atomic bool is_held;
static _Atomic int ran[ITEMS];

static void run(void *item, bool is_late)
{
    while (is_held)
        usleep(1000);
    ran[(_Atomic int *)item - ran]++;
    late += is_late;
    runs++;
}

static struct lane *open_lane(int threads, int queue, int64_t wait)
{
    struct lane *lane = NULL;
    runs = late = 0;
    for (int i = 0; i < ITEMS; i++)
        ran[i] = 0;
    CHECK_OK(lane_open(
        &lane, &(struct lane_options){
                   .name = "test", .threads = threads, .queue = queue, .wait = wait, .run = run }));
    return lane;
}

TEST(each_item_is_run_once_by_somebody)
{
    is_held = false;
    struct lane *lane = open_lane(3, ITEMS, 0);
    for (int i = 0; i < ITEMS; i++)
        CHECK_OK(lane_add(lane, &ran[i]));
    lane_close(lane);
    CHECK_NUM(runs, ITEMS);
    CHECK_NUM(late, 0);
    for (int i = 0; i < ITEMS; i++)
        CHECK_NUM(ran[i], 1);
}

TEST(DOS_02_a_full_queue_refuses)
{
    is_held = true;
    struct lane *lane = open_lane(1, 4, 0);
    CHECK_OK(lane_add(lane, &ran[0]));
    while (lane_depth(lane)) /* until the thread has taken it */
        usleep(1000);
    for (int i = 1; i <= 4; i++)
        CHECK_OK(lane_add(lane, &ran[i]));
    CHECK_NUM(lane_depth(lane), 4);
    CHECK_ERR(lane_add(lane, &ran[5]), E_BUSY);
    is_held = false;
    lane_close(lane);
    CHECK_NUM(runs, 5);
    CHECK_NUM(ran[5], 0);
}

TEST(DOS_02_who_waited_too_long_is_told_so)
{
    is_held = true;
    struct lane *lane = open_lane(1, 4, 30);
    CHECK_OK(lane_add(lane, &ran[0]));
    while (lane_depth(lane))
        usleep(1000);
    CHECK_OK(lane_add(lane, &ran[1]));
    usleep(60'000);
    is_held = false;
    lane_close(lane);
    CHECK_NUM(runs, 2);
    CHECK_NUM(late, 1);
}

static bool is_odd(void *item)
{
    return ((_Atomic int *)item - ran) % 2;
}

/* Whoever has hung up costs nothing; but who did so at once may still be listening. */
TEST(DOS_02_nothing_is_done_for_those_who_left)
{
    struct lane *lane = NULL;
    const struct lane_options options = {
        .name = "test", .threads = 1, .queue = 8, .run = run, .is_left = is_odd
    };
    is_held = true;
    runs = late = 0;
    CHECK_OK(lane_open(&lane, &options));
    CHECK_OK(lane_add(lane, &ran[1])); /* taken at once */
    while (lane_depth(lane))
        usleep(1000);
    for (int i = 2; i < 6; i++)
        CHECK_OK(lane_add(lane, &ran[i]));
    usleep(150'000);
    is_held = false;
    lane_close(lane);
    CHECK_NUM(runs, 5);
    CHECK_NUM(late, 2);
}

static void run_slowly(void *, bool is_late)
{
    usleep(20'000);
    late += is_late;
    runs++;
}

/* Two that take 20 ms stand before the third: it hears at once that 30 ms will not do. */
TEST(DOS_02_who_would_wait_too_long_is_told_at_once)
{
    struct lane *lane = NULL;
    const struct lane_options options = {
        .name = "test", .threads = 1, .queue = 100, .wait = 30, .run = run_slowly
    };
    int taken = 0;
    runs = late = 0;
    CHECK_OK(lane_open(&lane, &options));
    CHECK_OK(lane_add(lane, NULL));
    while (!runs) /* now it knows what an item takes */
        usleep(1000);
    for (int i = 0; i < 50; i++)
        taken += lane_add(lane, NULL) == OK;
    CHECK(taken >= 2 && taken <= 4);
    while (lane_depth(lane))
        usleep(1000);
    CHECK_OK(lane_add(lane, NULL)); /* and lets people in again */
    lane_close(lane);
}

TEST(closing_no_lane_is_allowed)
{
    lane_close(NULL);
}
