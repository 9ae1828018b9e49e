/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: environment first, then the file (KEY = value lines, # comments, named by --config or
 * CARDEA_CONFIG,
 * ./cardea.conf when it exists), then the default. NAME_FILE gives a secret from a file. Unknown
 * keys in the file are an error with the nearest name. The list is setting_list.h.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { TRUSTED_PROXIES_MAX = 64 };

enum setting {
#define SETTING(name, kind, initial, flags, help) SETTING_##name,
#include "service/setting_list.h"
#undef SETTING
    SETTING_COUNT,
};

/* Reads and checks all. E_INVALID: *ret_why names the first few problems, one per line, in words
   for an operator (a value of a SECRET is never repeated). The values live until the next
   setting_open or setting_reload. */
enum err setting_open(const char *config_path, bool development, struct arena *arena,
                      const char **ret_why);

/* Re-reads; only LIVE ones change. On E_INVALID the old values stay. Safe beside readers. */
enum err setting_reload(struct arena *arena, const char **ret_why);

/* Values. Empty texts are "". The kind must fit: asserted. */
const char *setting_text(enum setting s);
int64_t setting_num(enum setting s);  /* NUM */
int64_t setting_span(enum setting s); /* SPAN, in milliseconds */
bool setting_flag(enum setting s);    /* FLAG */

/* `cardea serve --dev`: /dev/mail, plain http and other comforts. */
bool setting_is_development(void);
/* `cardea serve --dev --ephemeral`, the test fixture: call the first before setting_open. Its store
   is in memory, its keys are known to everybody, its mail is captured; what the environment says
   otherwise about these is passed over. See docs/decisions/0035-test-fixture.md. */
void setting_set_ephemeral(bool is_ephemeral);
bool setting_is_ephemeral(void);
/* PUBLIC_URL is http(s)://localhost, 127.0.0.0/8 or [::1]. */
bool setting_is_loopback(void);
/* PUBLIC_URL begins with https. */
bool setting_is_secure(void);
/* "example.org" and "https://example.org:8443" of PUBLIC_URL. */
const char *setting_public_host(void);
const char *setting_public_origin(void);

/* A check that only a layer above can make: which doors there are. Gives NULL when the text is
   good. Before setting_open. */
void setting_set_check(enum setting s, const char *(*check)(struct arena *arena, const char *text));

/* For tests: sets one value as if the environment had it, checked like it. */
enum err setting_override(enum setting s, const char *value);

/* What `cardea config init` and `config print` write. */
void setting_write_example(struct buf *out);
void setting_write_current(struct buf *out, bool json);
/* docs/reference/settings.md */
void setting_write_reference(struct buf *out);
