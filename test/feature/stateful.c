/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk: see stateful.h.
 */
#include "stateful_model.h"

#include "base/clock.h"
#include "service/outbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STORY_MAX = 1 << 16, STEPS_MAX = 400, MAIL_KEPT = 64, STEP_KINDS_MAX = 100 };

/* What was mailed since it was read last. */
struct letter {
    const char *to, *kind, *token;
};
static struct letter letters[MAIL_KEPT];
static size_t letter_count;

unsigned walk_choose(struct walk *k, unsigned n)
{
    if (!k->left)
        return 0;
    k->left--;
    return *k->bytes++ % n;
}

void walk_tell(struct walk *k, const char *format, ...)
{
    char line[200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buf_format(&k->story, "%s", line);
}

void walk_fail(struct walk *k, const char *format, ...)
{
    char why[600];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (!k->is_wrong)
        test_fail(__FILE__, __LINE__, "%s\n  after:%s", why, k->story.p);
    k->is_wrong = true;
}

bool walk_judge(struct walk *k, const struct reply *r, enum must must)
{
    bool passed = r->status >= 200 && r->status < 300;
    walk_tell(k, " %d", r->status);
    if (r->status >= 500)
        walk_fail(k, "it broke: %d %s", r->status, r->body);
    if (passed && must == MUST_NOT)
        walk_fail(k, "it let in who may not: %d %s", r->status, r->body);
    if (!passed && must == MUST_PASS)
        walk_fail(k, "it kept out who may: %d %s", r->status, r->body);
    return passed;
}

/* --- mail --- */

/* The one line that holds eight characters and nothing else. */
static const char *find_code(const char *text)
{
    while ((text = strstr(text, "\n  "))) {
        text += strlen("\n  ");
        if (strcspn(text, " \r\n") == 8 && strchr("\r\n", text[8]))
            return text;
    }
    return NULL;
}

static enum err take_letter(const struct outbox_message *m, void *)
{
    const char *at = strstr(m->text, "token=");
    if (letter_count == MAIL_KEPT)
        return OK;
    if (at)
        at += strlen("token=");
    else if (text_equal(m->kind, "sign_in_code"))
        at = find_code(m->text);
    letters[letter_count++] = (struct letter){
        .to = text_copy(test_arena(), mem_text(m->to)),
        .kind = text_copy(test_arena(), mem_text(m->kind)),
        .token = at ? text_copy(test_arena(), MEM(at, strcspn(at, " \r\n"))) : NULL,
    };
    return OK;
}

/* The kinds of mail whose links are used; a mail about another address is of two kinds. */
static const struct mail_kind {
    const char *name;
    enum link_kind kind;
} mail_kinds[] = {
    { "verify_email", LINK_VERIFY },
    { "reset_password", LINK_RESET },
    { "new_device", LINK_NOT_ME },
    { "two_factor_on", LINK_NOT_MY_APP },
    { "magic_link", LINK_SIGN_IN },
    { "email_change_confirm", LINK_ADDRESS },
    { "email_change_asked", LINK_TAKE_BACK },
    { "email_changed", LINK_TAKE_BACK },
    { "sign_in_code", LINK_CODE },
};

static void add_link(struct walk *k, int person, enum link_kind kind, const struct letter *letter)
{
    if (kind == LINK_RESET || kind == LINK_SIGN_IN || kind == LINK_ADDRESS || kind == LINK_CODE)
        model_end_links(k, person, kind); /* a new one replaces the one before */
    struct link *link = model_add_link(k, kind, person);
    link->token = letter->token;
    link->to = letter->to;
    if (kind == LINK_NOT_ME)
        link->made_at = model_newest_visit(k, person);
}

static void file_letter(struct walk *k, const struct letter *letter)
{
    for (int i = 0; i < PEOPLE; i++) {
        const struct person *p = &k->people[i];
        bool is_theirs = text_equal(letter->to, p->homes[0]) || text_equal(letter->to, p->homes[1]);
        for (size_t m = 0; is_theirs && letter->token && m < COUNT(mail_kinds); m++)
            if (text_equal(letter->kind, mail_kinds[m].name))
                add_link(k, i, mail_kinds[m].kind, letter);
    }
}

void walk_read_mail(struct walk *k)
{
    run_jobs(k->w);
    for (size_t i = 0; i < letter_count; i++)
        file_letter(k, &letters[i]);
    letter_count = 0;
}

/* --- walking --- */

static void settle_in(struct walk *k, unsigned serial)
{
    static const char *const ips[PLACES] = { "192.0.2.1", "198.51.100.2", "203.0.113.3",
                                             "2001:db8:1::4" };
    static const char *const agents[PLACES] = { "Mozilla/5.0 (X11; Linux x86_64) Firefox/132.0",
                                                "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0",
                                                "curl/8.5", "Mallory/6.6" };
    for (int i = 0; i < PLACES; i++) {
        k->places[i] = client(k->w);
        k->places[i]->ip = ips[i];
        k->places[i]->user_agent = agents[i];
    }
    for (int i = 0; i < PEOPLE; i++) {
        struct person *p = &k->people[i];
        p->homes[0] = text_format(test_arena(), "p%d.of.%u@example.org", i, serial);
        p->homes[1] = text_format(test_arena(), "q%d.of.%u@example.org", i, serial);
        p->email = p->homes[0];
    }
}

/* Whatever happened: nobody has a role that nobody gave, and no session lives that is over. */
static void look_back(struct walk *k)
{
    if (count_of(k->w, "SELECT count(*) FROM account WHERE roles <> 1"))
        walk_fail(k, "somebody has a role that nobody gave");
    if (count_of(k->w, "SELECT count(*) FROM session s JOIN account a ON a.id = s.account_id"
                       " WHERE a.email_verified_at IS NULL"))
        walk_fail(k, "an account that was never confirmed has a session");
}

static const struct step *choose_step(struct walk *k)
{
    static const struct step *const lists[] = { walk_steps, walk_second_steps, walk_life_steps,
                                                walk_passkey_steps };
    const struct step *all[STEP_KINDS_MAX];
    unsigned count = 0;
    for (size_t i = 0; i < COUNT(lists); i++)
        for (const struct step *step = lists[i]; step->name && count < STEP_KINDS_MAX; step++)
            all[count++] = step;
    return all[walk_choose(k, count)];
}

void stateful_walk(struct world *w, const uint8_t *bytes, size_t n)
{
    static unsigned serial;
    struct walk k = { .w = w, .bytes = bytes, .left = n };
    buf_init(&k.story, test_arena(), STORY_MAX);
    letter_count = 0;
    outbox_set_sender(take_letter, NULL);
    settle_in(&k, ++serial);
    clock_creep(1);
    walk_begin(&k);
    for (int i = 0; i < STEPS_MAX && k.left && !k.is_wrong; i++) {
        const struct step *step = choose_step(&k);
        walk_tell(&k, "\n    %s", step->name);
        step->run(&k);
    }
    look_back(&k);
    clock_creep(0);
    if (getenv("STATEFUL_STORY"))
        (void)printf("walk %u:%s\n", serial, k.story.p);
}
