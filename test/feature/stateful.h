/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk through random sequences of API calls beside a small model of accounts, sessions and
 * links. Bytes decide each step, so that a fuzzer can shorten what it found; the model says before
 * each call whether it must pass, may, or must not. Three things are asked of every answer: nobody
 * gets in who may not, nobody is kept out who may, and nothing breaks (no 5xx).
 *
 *     stateful.c        the walk: bytes, clients, judging
 *     stateful_model.c  what follows from a step: which links and sessions are over
 *     stateful_choose.c choosing who, where and with what; calling
 *     stateful_steps.c  the steps
 *     stateful_life.c   those of another address and of leaving; stateful_passkey.c of passkeys
 *     stateful_second.c those of two-step sign-in and of sign-in by mail
 */
#pragma once

#include "world.h"

#include <stddef.h>

enum { PEOPLE = 3, PLACES = 4, SESSIONS = 24, LINKS = 48, TOKENS = 4, LIVE_MAX = 8 };
enum { HALVES = 8, CODES = 10, SECRET_BYTES = 20 };

/* Walks until the bytes are used up or something is wrong (test_fail says what, and the steps).
   STATEFUL_STORY=1 prints every walk, STATEFUL_SEED=N begins the test's walks there. */
void stateful_walk(struct world *w, const uint8_t *bytes, size_t n);

/* --- the model --- */

/* What the model knows of a thing. */
enum life { ALIVE, UNSURE, OVER };
/* What an answer has to be. */
enum must { MUST_PASS, MAY_PASS, MUST_NOT };

enum link_kind {
    LINK_VERIFY,
    LINK_RESET,
    LINK_NOT_ME,
    LINK_SIGN_IN,
    LINK_ADDRESS,
    LINK_TAKE_BACK,
    LINK_NOT_MY_APP,
    LINK_CODE, /* no link, but mailed and used up like one */
    LINK_KINDS
};

/* Wrong passwords in a row; every fifth closes until closed_until. */
struct tries {
    int wrong;
    int64_t closed_until;
    bool is_unsure;
};

struct person {
    const char *email;    /* one of the homes */
    const char *homes[2]; /* the mailboxes that are theirs */
    bool is_verified;
    unsigned passwords; /* bits: those the account may have now */
    int tries;          /* wrong ones since a right one: lockout may set in */
    struct tries at_address;
    struct tries at_browser[PLACES]; /* one that the account knows by its cookie */
    unsigned known, doubtful;        /* bits: browsers that surely, or maybe, are such */
    bool has_app;                    /* two-step sign-in is on */
    int64_t app_since;
    int64_t leaves_at; /* the account ends then; 0: nobody asked for that */
    bool is_blurred;   /* whether a second step is asked for is not known */
    uint8_t secret[SECRET_BYTES];
    int64_t trusted_until[PLACES]; /* that browser skips the second step; 0: it does not */
    unsigned was_trusted;          /* bits: the places that ever were */
    bool is_trust_unsure;
    struct soft_credential *key; /* their passkey, also a removed one; NULL: none yet */
    const char *key_id;
    int64_t key_since;
    enum life key_life;
    int64_t last_step; /* whose code was used */
    int code_tries;
    const char *codes[CODES]; /* recovery codes; used ones stay, to be tried again */
    bool is_used[CODES];
};

/* A sign-in that waits for its second step. */
struct half {
    int person, place;
    const char *token;
    int64_t made_at;
    enum life life;
};

struct link {
    enum link_kind kind;
    int person, place;
    unsigned passwords; /* of LINK_VERIFY: those it may bring */
    const char *token, *to;
    int64_t made_at;
    enum life life;
};

struct visit { /* a session */
    int person, place;
    const char *id, *bearer, *refresh[TOKENS]; /* the newest first */
    int64_t started_at, noted_at, used_at, rotated_at, bearer_at;
    enum life life;
};

struct walk {
    struct world *w;
    const uint8_t *bytes;
    size_t left;
    struct buf story; /* the steps until now */
    bool is_wrong;
    struct client *places[PLACES];
    struct person people[PEOPLE];
    struct link links[LINKS];
    struct visit visits[SESSIONS];
    struct half halves[HALVES];
    size_t link_count, visit_count, half_count;
};

/* The next choice below n; 0 when the bytes are used up. */
unsigned walk_choose(struct walk *k, unsigned n);
void walk_tell(struct walk *k, const char *format, ...) __attribute__((format(printf, 2, 3)));
void walk_fail(struct walk *k, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Judges an answer; gives whether it passed (2xx). */
bool walk_judge(struct walk *k, const struct reply *r, enum must must);

/* Runs the jobs and takes the links out of the mail. */
void walk_read_mail(struct walk *k);

/* --- the steps --- */

void walk_begin(struct walk *k);
struct step {
    const char *name;
    void (*run)(struct walk *k);
};
void walk_login(struct walk *k, int person, int place, unsigned password);
void walk_turn_on(struct walk *k, struct visit *v, bool with_right_code);
/* Somebody with an app signs in at home, whose browser is trusted from then on. */
void walk_trust(struct walk *k, int person);
/* Each ended by one without a name. */
extern const struct step walk_steps[], walk_second_steps[], walk_life_steps[], walk_passkey_steps[];
