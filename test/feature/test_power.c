/* SPDX-License-Identifier: Apache-2.0 */
/*
 * F03: the power goes. A house lives through a scenario on a disk that notes everything (power.h);
 * then the disk is looked at as it could have been left at each sync, and a new house opens it.
 *
 * Each image is held against what was answered before it: its rows are exactly those of a moment
 * not before the last answer (nothing answered is lost, nothing is half done), its keys are there,
 * and for a part of the images a whole house is asked what the people of the scenario would ask.
 * POWER_IMAGES says how many images are looked at (0: all), POWER_SEED which.
 */
#include "attack.h"

#include "../power.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/migrate.h"
#include "service/audit.h"
#include "service/outbox.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ACKS = 400, FACTS = 200, CROWD = 24, IMAGES = 150, FATES = 5, STATES = 256 };

/* What the people of the scenario were told. It binds from an answer on until another request
 * begins that may change it. */
enum fact_kind {
    PASSWORD_OPENS,
    SESSION_LIVES,
    REFRESHES,
    PASSWORD_FAILS,
    SESSION_IS_OVER,
    REFRESH_FAILS,
    LINK_IS_USED,
    MAIL_COMES
};

struct fact {
    enum fact_kind kind;
    const char *who, *what;
    int from, until;  /* answers; until 0: for ever */
    size_t delivered; /* MAIL_COMES: the moment at which it was, in the scenario */
};

static struct life {
    const char *path;
    struct db *db;
    struct world *w;
    struct {
        size_t moment;
        uint64_t rows;
    } acks[ACKS];
    int acked;
    struct fact facts[FACTS];
    int fact_count;
} life;

/* --- what a store holds --- */

static uint64_t mix(uint64_t h, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    return h;
}

static uint64_t digest_row(sqlite3_stmt *row, uint64_t h)
{
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        const void *bytes = sqlite3_column_blob(row, i);
        size_t n = (size_t)sqlite3_column_bytes(row, i);
        h = mix(mix(h, bytes, n), &n, sizeof n);
    }
    return h * UINT64_C(0x9e3779b97f4a7c15);
}

/* In whatever order the rows come. */
static uint64_t digest_table(sqlite3 *db, const char *name)
{
    char sql[200];
    sqlite3_stmt *rows = NULL;
    uint64_t sum = 0;
    (void)snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", name);
    if (sqlite3_prepare_v2(db, sql, -1, &rows, NULL) != SQLITE_OK)
        return 0;
    while (sqlite3_step(rows) == SQLITE_ROW)
        sum += digest_row(rows, mix(UINT64_C(14695981039346656037), name, strlen(name)));
    sqlite3_finalize(rows);
    return sum;
}

static sqlite3 *open_plainly(const char *path)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        abort();
    sqlite3_busy_timeout(db, 5000);
    return db;
}

static uint64_t digest_of(sqlite3 *db)
{
    sqlite3_stmt *names = NULL;
    uint64_t sum = 0;
    (void)sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    (void)sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'table'", -1, &names,
                             NULL);
    while (names && sqlite3_step(names) == SQLITE_ROW)
        sum += digest_table(db, (const char *)sqlite3_column_text(names, 0));
    sqlite3_finalize(names);
    (void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    return sum;
}

/* The first text of the first row, "" for none. */
static void ask_text(sqlite3 *db, const char *sql, char out[100])
{
    sqlite3_stmt *row = NULL;
    out[0] = 0;
    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW)
        (void)snprintf(out, 100, "%s", (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
}

/* --- the scenario --- */

/* Everything before this was answered. */
static void ack(void)
{
    sqlite3 *db = open_plainly(life.path);
    if (life.acked + 1 >= ACKS)
        abort();
    life.acks[++life.acked].moment = power_moment();
    life.acks[life.acked].rows = digest_of(db);
    sqlite3_close(db);
}

static struct fact *fact(enum fact_kind kind, const char *who, const char *what)
{
    if (life.fact_count == FACTS)
        abort();
    life.facts[life.fact_count] =
        (struct fact){ .kind = kind, .who = who, .what = what, .from = life.acked };
    return &life.facts[life.fact_count++];
}

/* Who answers next may change it. */
static void is_over(struct fact *f)
{
    f->until = life.acked + 1;
}

static enum err deliver(const struct outbox_message *m, void *)
{
    for (int i = 0; i < life.fact_count; i++) {
        struct fact *f = &life.facts[i];
        if (f->kind == MAIL_COMES && !f->delivered && text_equal(f->who, m->to) &&
            text_equal(f->what, m->kind))
            f->delivered = power_moment();
    }
    return world_capture(m, NULL);
}

static const char *come(struct fact *f)
{
    const char *token = mailed_token(life.w, f->who, f->what);
    ack();
    CHECK(f->delivered != 0);
    return token;
}

static void open_house(void)
{
    struct db_options options = { .readers = 2 };
    CHECK_OK(db_open(&life.db, text_format(test_arena(), "sqlite:%s", life.path), &options));
    life.w = world_open(life.db);
    outbox_set_sender(deliver, NULL);
    ack();
}

static void close_house(void)
{
    world_close(life.w);
    db_close(life.db);
    ack();
}

static const char *sign_up(const char *email)
{
    struct client *c = client(life.w);
    CHECK_NUM(
        post(c, "/v1/auth/register", json("email", email, "password", PASSWORD, NULL))->status,
        202);
    ack();
    const char *token = come(fact(MAIL_COMES, email, "verify_email"));
    CHECK_NUM(verify(c, token)->status, 200);
    ack();
    (void)fact(LINK_IS_USED, "/v1/auth/verify-email", token);
    return token;
}

static struct client *sign_in(const char *password)
{
    struct client *c = client(life.w);
    CHECK_NUM(login(c, ANN, password)->status, 200);
    ack();
    return c;
}

static const char *rotate(struct client *c)
{
    struct reply *r = refresh(c, c->refresh);
    CHECK_NUM(r->status, 200);
    c->refresh = text_of(r, "refresh_token");
    ack();
    return c->refresh;
}

/* Enough for the log to be moved into the database, and begun anew, more than once. */
static void fill(int guests)
{
    for (int i = 0; i < guests; i++) {
        const char *email = text_format(test_arena(), "guest%d@example.org", i);
        (void)sign_up(email);
        if (i % 8 == 0)
            (void)fact(PASSWORD_OPENS, email, PASSWORD);
    }
}

static void live(int guests)
{
    static const char second[] = "another walnut chair", third[] = "the third walnut shelf";
    (void)sign_up(ANN);
    struct fact *opens = fact(PASSWORD_OPENS, ANN, PASSWORD);
    struct client *home = sign_in(PASSWORD), *away = sign_in(PASSWORD);
    struct fact *lives = fact(SESSION_LIVES, home->bearer, NULL);
    struct fact *left = fact(SESSION_LIVES, away->bearer, NULL);
    const char *first = home->refresh;
    (void)rotate(home);
    (void)rotate(home);
    (void)fact(REFRESH_FAILS, first, NULL);
    struct fact *refreshes = fact(REFRESHES, home->refresh, NULL);

    is_over(left);
    CHECK_NUM(post(away, "/v1/auth/logout", NULL)->status, 204);
    ack();
    (void)fact(SESSION_IS_OVER, away->bearer, NULL);
    fill(guests);

    CHECK_NUM(post(client(life.w), "/v1/auth/password/forgot", json("email", ANN, NULL))->status,
              202);
    ack();
    const char *token = come(fact(MAIL_COMES, ANN, "reset_password"));
    is_over(opens);
    is_over(lives);
    is_over(refreshes);
    CHECK_NUM(reset(client(life.w), token, second)->status, 200);
    ack();
    (void)fact(LINK_IS_USED, "/v1/auth/password/reset", token);
    (void)fact(PASSWORD_FAILS, ANN, PASSWORD);
    (void)fact(SESSION_IS_OVER, home->bearer, NULL);
    (void)fact(REFRESH_FAILS, home->refresh, NULL);
    opens = fact(PASSWORD_OPENS, ANN, second);
    (void)come(fact(MAIL_COMES, ANN, "password_changed"));

    home = sign_in(second);
    CHECK_OK(db_scrub(life.db, &(struct db_gone){ 0 }));
    ack();
    is_over(opens);
    CHECK_NUM(post(home, "/v1/auth/password/change",
                   json("current_password", second, "password", third, NULL))
                  ->status,
              200);
    ack();
    (void)fact(PASSWORD_OPENS, ANN, third);
    (void)fact(PASSWORD_FAILS, ANN, second);
}

static void record(const char *lie, int guests)
{
    life = (struct life){ .path = text_format(test_arena(), "%s/store.db", test_folder()) };
    clock_freeze(1'795'237'200'000);
    power_watch(test_folder());
    power_lie(lie);
    open_house();
    close_house();
    open_house();
    live(guests);
    close_house();
    power_stop();
}

/* --- an image --- */

struct image {
    size_t moment;
    enum power_fate fate;
    uint64_t seed;
    int acked; /* the last answer before it */
};

static const char *image_folder(void)
{
    return text_format(test_arena(), "%s/image", test_folder());
}

static void remove_image(const char *folder)
{
    DIR *list = opendir(folder);
    for (struct dirent *e = list ? readdir(list) : NULL; e; e = readdir(list))
        if (e->d_name[0] != '.')
            (void)unlink(text_format(test_arena(), "%s/%s", folder, e->d_name));
    if (list)
        (void)closedir(list);
}

static const char *put_image(const struct image *image)
{
    const char *folder = image_folder();
    (void)mkdir(folder, 0700);
    remove_image(folder);
    power_image(folder, image->fate, image->seed);
    return text_format(test_arena(), "%s/store.db", folder);
}

/* Between two answers the house commits more than once. Those states are seen in the images with
 * nothing lost, at each sync since the last answer. */
static struct {
    int after, count;
    uint64_t rows[STATES];
} between;

static void see_state(const struct image *image)
{
    struct image kept = { .moment = image->moment, .fate = POWER_KEPT };
    if (between.after != image->acked)
        between.count = 0;
    between.after = image->acked;
    sqlite3 *db = open_plainly(put_image(&kept));
    if (between.count < STATES)
        between.rows[between.count++] = digest_of(db);
    sqlite3_close(db);
}

static bool is_committed_state(const struct image *image, uint64_t rows)
{
    bool is_known = rows == life.acks[image->acked].rows;
    for (int i = 0; i < between.count && between.after == image->acked; i++)
        is_known |= between.rows[i] == rows;
    return is_known;
}

/* The keys are on the disk before anything that only they open. */
static const char *miss_keys(sqlite3 *db)
{
    char keys[100], path[600];
    struct stat info;
    ask_text(db, "SELECT count(*) FROM signing_key", keys);
    (void)snprintf(path, sizeof path, "%s/keys", image_folder());
    if (!*keys || strcmp(keys, "0") == 0)
        return NULL;
    return stat(path, &info) == 0 && info.st_size > 0 ? NULL : "the sealing keys are lost";
}

static const char *look_at_rows(sqlite3 *db, const struct image *image)
{
    char sound[100], orphans[100];
    ask_text(db, "PRAGMA integrity_check", sound);
    ask_text(db, "PRAGMA foreign_key_check", orphans);
    if (strcmp(sound, "ok") != 0)
        return text_format(test_arena(), "integrity_check: %s", sound);
    if (*orphans)
        return text_format(test_arena(), "foreign_key_check: %s", orphans);
    const char *wrong = miss_keys(db);
    if (wrong || !image->acked)
        return wrong;
    return is_committed_state(image, digest_of(db)) ? NULL : "its rows are of no commit since";
}

/* --- a house on it --- */

static bool holds(const struct fact *f)
{
    struct client *c = client(life.w);
    switch (f->kind) {
    case PASSWORD_OPENS: return login(c, f->who, f->what)->status == 200;
    case PASSWORD_FAILS: return login(c, f->who, f->what)->status == 401;
    case SESSION_LIVES: c->bearer = f->who; return get(c, "/v1/auth/me")->status == 200;
    case SESSION_IS_OVER: c->bearer = f->who; return get(c, "/v1/auth/me")->status == 401;
    case REFRESHES: return refresh(c, f->who)->status == 200;
    case REFRESH_FAILS: return refresh(c, f->who)->status == 401;
    case LINK_IS_USED:
        return post(c, f->who, json("token", f->what, "password", "yet one more walnut", NULL))
                   ->status >= 400;
    case MAIL_COMES:
        if (mail_count(life.w, f->who, f->what) > 0)
            return true;
        wait_for(10 * MINUTE); /* whoever had begun to send it is taken for dead then */
        return mail_count(life.w, f->who, f->what) > 0;
    }
    return false;
}

static bool binds(const struct fact *f, const struct image *image)
{
    if (f->kind == MAIL_COMES && f->delivered <= image->moment)
        return false; /* it had come */
    return f->from <= image->acked && (!f->until || image->acked + 1 < f->until);
}

/* What only looks goes first: a replayed token ends its session. */
static const char *ask_house(const struct image *image)
{
    struct audit_verdict verdict;
    if (audit_verify(life.w->real_db, test_arena(), &verdict) || !verdict.is_good)
        return "the audit log is broken";
    for (int kind = PASSWORD_OPENS; kind <= MAIL_COMES; kind++)
        for (int i = 0; i < life.fact_count; i++) {
            const struct fact *f = &life.facts[i];
            if ((int)f->kind == kind && binds(f, image) && !holds(f))
                return text_format(test_arena(), "fact %d of kind %d about %s does not hold", i,
                                   kind, f->who);
        }
    return NULL;
}

static const char *live_on(struct db *db, const struct image *image)
{
    int64_t start = clock_monotonic_ns();
    life.w = world_open(db);
    if (!life.w)
        return "no house opens on it";
    int64_t spent_ms = (clock_monotonic_ns() - start) / 1'000'000;
    const char *wrong = ask_house(image);
    world_close(life.w);
    clock_reset_shift();
    return !wrong && spent_ms > 2000 ? "it took more than two seconds to open" : wrong;
}

/* Before the first answer the tables may not be there yet. */
static const char *look_inside(const char *path, struct db *db, const struct image *image)
{
    if (!image->acked && migrate_up(db, test_arena()))
        return "its tables cannot be made";
    sqlite3 *plain = open_plainly(path);
    const char *wrong = look_at_rows(plain, image);
    sqlite3_close(plain);
    return wrong;
}

/* What is wrong with an image, or NULL. */
static const char *look(const struct image *image, bool with_house)
{
    struct db *db;
    struct db_options options = { .readers = 2 };
    const char *path = put_image(image);
    if (db_open(&db, text_format(test_arena(), "sqlite:%s", path), &options))
        return "it does not open";
    const char *wrong = look_inside(path, db, image);
    if (!wrong && with_house)
        wrong = live_on(db, image);
    db_close(db);
    return wrong;
}

/* --- all of them --- */

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *given = getenv(name);
    return given ? strtoull(given, NULL, 10) : otherwise;
}

static uint32_t draw(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

struct looked {
    size_t images, houses, wrong, moments;
};

static void look_and_tell(const struct image *image, bool with_house, bool is_told,
                          struct looked *looked)
{
    const char *wrong = look(image, with_house);
    looked->images++;
    looked->houses += with_house;
    looked->wrong += wrong != NULL;
    if (wrong && is_told)
        test_fail(__FILE__, __LINE__, "at %zu after answer %d, fate %d, seed %llu: %s",
                  image->moment, image->acked, (int)image->fate, (unsigned long long)image->seed,
                  wrong);
}

/* Goes through all moments before a sync, and those of the answers, where no more than what was
 * promised counts; looks at so many images of them. */
static struct looked look_at_all(uint64_t wanted, uint64_t seed, bool is_told)
{
    struct looked looked = { 0 };
    size_t last = life.acks[life.acked].moment;
    for (size_t at = 0; at <= last; at++)
        looked.moments += power_syncs_at(at);
    uint64_t all = (uint64_t)looked.moments * FATES;
    struct image image = { 0 };
    power_restart();
    for (size_t at = 0; at <= last; at++) {
        bool was_answered = false;
        while (image.acked < life.acked && life.acks[image.acked + 1].moment <= at) {
            image.acked++;
            was_answered = true;
        }
        if (!was_answered && !power_syncs_at(at))
            continue;
        power_go_to(image.moment = at);
        if (image.acked)
            see_state(&image);
        for (int i = 0; i < FATES; i++) {
            image.fate = i < POWER_TORN ? (enum power_fate)i : POWER_TORN;
            image.seed = draw(&seed);
            bool is_chosen = !wanted || draw(&seed) % all < wanted;
            if (is_chosen || (was_answered && i == POWER_LOST && draw(&seed) % 4 == 0))
                look_and_tell(&image, is_told && draw(&seed) % 8 == 0, is_told, &looked);
        }
    }
    return looked;
}

TEST(F03_power_loss_takes_nothing_that_was_answered)
{
    uint64_t seed = number_from("POWER_SEED", (uint64_t)clock_now() % 1'000'000);
    record(NULL, CROWD);
    struct looked looked = look_at_all(number_from("POWER_IMAGES", IMAGES), seed, true);
    (void)printf("power: %zu images (%zu with a house) of %zu syncs in %d answers, "
                 "POWER_SEED=%llu\n",
                 looked.images, looked.houses, looked.moments, life.acked,
                 (unsigned long long)seed);
    CHECK(looked.images >= IMAGES / 2 && looked.houses > 4);
    CHECK_NUM(looked.wrong, 0);
    power_done();
}

/* The test above can fail: a disk that forgets the syncs of the log loses what was answered. */
TEST(F03_a_disk_that_lies_is_found_out)
{
    record("-wal", 1);
    struct looked looked = look_at_all(20, 1, false);
    CHECK(looked.wrong > 4);
    power_done();
}
