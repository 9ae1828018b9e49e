/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one file that knows everybody: lists of routes and jobs, and the order of opening and
 * closing.
 */
#include "app.h"

#include "account/disposable.h"
#include "account/password_list.h"
#include "account/personal.h"
#include "base/log.h"
#include "base/text.h"
#include "base/trim.h"
#include "db/migrate.h"
#include "feature/features.h"
#include "feature/setup.h"
#include "http/http.h"
#include "sandbox.h"
#include "service/address_rule.h"
#include "service/hashing.h"
#include "service/house_time.h"
#include "service/job.h"
#include "service/keyring.h"
#include "service/limit.h"
#include "service/locale.h"
#include "service/outbox.h"
#include "service/setting.h"
#include "service/template.h"
#include "web/attempt.h"
#include "web/meter.h"
#include "web/web.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static const struct route *const routes[] = {
    register_routes,
    login_routes,
    session_routes,
    reset_routes,
    security_routes,
    profile_routes,
    setup_routes,
    document_routes,
    reauth_routes,
    device_routes,
    magic_link_routes,
    email_code_routes,
    dashboard_routes,
    deletion_routes,
    email_change_routes,
    operations_routes,
    dev_mail_routes,
    fixture_routes,
    totp_routes,
    second_step_routes,
    activity_routes,
    notification_routes,
    export_routes,
    passkey_routes,
    passkey_sign_in_routes,
    password_strength_routes,
    admin_decision_routes,
    captcha_routes,
    admin_ip_rule_routes,
    admin_invite_routes,
    admin_waitlist_routes,
    waitlist_routes,
    admin_unlock_routes,
    admin_start_routes,
    NULL,
};

static const struct job_kind *const jobs[] = {
    register_jobs,     session_jobs, reset_jobs,      device_jobs,        totp_jobs,
    notification_jobs, export_jobs,  magic_link_jobs, email_code_jobs,    attempt_jobs,
    passkey_jobs,      setup_jobs,   deletion_jobs,   email_change_jobs,  inactive_jobs,
    upkeep_jobs,       outbox_jobs,  captcha_jobs,    admin_ip_rule_jobs, admin_invite_jobs,
    waitlist_jobs,     NULL,
};

/* What refers to a row goes before it; the account is the last. */
static const struct personal_table *const personal[] = {
    registration_personal,
    session_personal,
    reset_personal,
    pending_personal,
    lockout_personal,
    device_personal,
    disavowal_personal,
    inactivity_personal,
    totp_personal,
    recovery_personal,
    notification_personal,
    export_personal,
    magic_link_personal,
    email_code_personal,
    passkey_personal,
    ceremony_personal,
    deletion_personal,
    email_change_personal,
    invite_personal,
    waitlist_personal,
    service_personal,
    account_personal,
    NULL,
};

void app_register(void)
{
    router_open(routes);
    setting_set_check(SETTING_LIMITS, meters_check);
    setting_set_check(SETTING_DISPOSABLE_DOMAINS, disposable_check);
    job_set_kinds(jobs);
    personal_set_tables(personal);
}

enum err app_open_services(struct db *db, struct arena *arena, bool is_synchronous)
{
    const char *folder = setting_text(SETTING_UI_DIR);
    TRY(keyring_open(db, arena));
    TRY(limit_open());
    TRY(address_rule_open(db));
    TRY(hashing_configure());
    TRY(password_list_configure());
    TRY(disposable_configure());
    TRY(locale_open(folder));
    TRY(template_open(folder));
    return web_open(&(struct web_options){ .db = db, .is_synchronous = is_synchronous });
}

void app_close_services(void)
{
    web_close();
    template_close();
    locale_close();
    address_rule_close();
    limit_close();
    keyring_close();
}

/* --- serving --- */

struct house {
    struct console *console;
    struct http_server *server, *operations;
};

/* Other users of the machine read no memory of ours, nor does a core file hold it (SEC-02). */
static void close_shutters(void)
{
    struct rlimit none = { 0, 0 };
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &none);
}

/* As many connections as the system lets us have: one descriptor each. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum err listen_on(struct http_server **ret, const char *where, const char *role,
                          bool with_tls)
{
    const char *cert = setting_text(SETTING_TLS_CERT_FILE),
               *key = setting_text(SETTING_TLS_KEY_FILE);
    bool has_tls = with_tls && !text_is_empty(cert);
    bool is_proxied = !role && text_equal(setting_text(SETTING_PROXY_PROTOCOL), "required");
    return http_server_open(ret, &(struct http_server_options){
                                     .listen = where,
                                     .tls_cert_file = has_tls ? cert : NULL,
                                     .tls_key_file = has_tls ? key : NULL,
                                     .trusts_proxy = is_proxied ? web_trusts_proxy : NULL,
                                     .threads = role ? 1 : (int)setting_num(SETTING_IO_THREADS),
                                     .handler = web_handle,
                                     .arg = (void *)(uintptr_t)role,
                                     .refuse = web_refuse,
                                 });
}

static enum err add_first_admin(struct tx *tx, void *arg)
{
    const char **ret_link = arg;
    TRY(setup_add_configured(tx));
    return setup_make_link(tx, ret_link);
}

/* Said once, to whoever started the server, and not through the log that others read. */
static enum err greet(struct house *h)
{
    const char *link = NULL;
    TRY(console_write_tx(h->console, add_first_admin, &link));
    bool is_dev = setting_is_development();
    if (setting_is_ephemeral())
        (void)fputs("THIS IS A TEST FIXTURE. Its keys are known to everybody, anybody may move its "
                    "clock, and all\nit holds is lost when it ends. Let no real person near it.\n",
                    stdout);
    (void)fprintf(stdout, "Cardea %s is at %s\n", CARDEA_VERSION, setting_public_origin());
    if (is_dev && text_is_empty(setting_text(SETTING_SMTP_HOST)))
        (void)fprintf(stdout, "Mail can be read at %s/dev/mail\n", setting_public_origin());
    if (link)
        (void)fprintf(stdout,
                      "Make the first administrator here, within %lld minutes, once:\n  %s\n",
                      (long long)(setting_span(SETTING_SETUP_TTL) / MINUTE), link);
    (void)fflush(stdout);
    return OK;
}

/* The folder of a file, or "." */
static const char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? text_copy(arena, MEM(path, (size_t)(slash - path) + 1)) : ".";
}

/* The folders of the sockets in a list of addresses; gives how many folders there are then. */
static size_t add_sockets(struct arena *arena, const char *list, struct sandbox *sandbox, size_t n)
{
    static const char prefix[] = "unix:";
    while ((list = strstr(list, prefix)) && n < SANDBOX_FOLDERS_MAX) {
        list += strlen(prefix);
        sandbox->writable[n++] = folder_of(arena, text_copy(arena, MEM(list, strcspn(list, ", "))));
    }
    return n;
}

/* Writing is for the store, its keys, mail in files and sockets; all else is only read. */
static void enter_sandbox(struct console *c)
{
    struct arena *arena = &c->arena;
    const char *url = setting_text(SETTING_DATABASE_URL), *key = setting_text(SETTING_KEY_FILE);
    const char *mail = setting_text(SETTING_MAIL_DIR);
    bool is_memory = text_equal(url, "sqlite::memory:"), is_file = text_starts(url, "sqlite:");
    struct sandbox sandbox = { .writable = {
                                   is_memory ? NULL
                                   : is_file ? folder_of(arena, url + strlen("sqlite:"))
                                             : ".",
                                   text_is_empty(key) ? NULL : folder_of(arena, key),
                                   text_is_empty(mail) ? NULL : mail,
                                   "/dev/shm",
                               } };
    size_t n = add_sockets(arena, setting_text(SETTING_LISTEN), &sandbox, 4);
    (void)add_sockets(arena, setting_text(SETTING_OPS_LISTEN), &sandbox, n);
    sandbox_enter(&sandbox);
}

static enum err open_house(struct house *h)
{
    struct console *c = h->console;
    struct db_options options = { .wait_for_it = true };
    const char *apart = setting_text(SETTING_OPS_LISTEN);
    log_set_level(setting_text(SETTING_LOG_LEVEL));
    enter_sandbox(c);
    TRY(db_open(&c->db, setting_text(SETTING_DATABASE_URL), &options));
    TRY(migrate_up(c->db, &c->arena));
    TRY(house_time_hold(c->db, &c->arena));
    TRY(listen_on(&h->server, setting_text(SETTING_LISTEN), NULL, true));
    if (!text_is_empty(apart))
        TRY(listen_on(&h->operations, apart, web_operations, false));
    TRY(app_open_services(c->db, &c->arena, false));
    TRY(greet(h));
    TRY(job_start(c->db));
    TRY(http_server_start(h->server));
    if (h->operations)
        TRY(http_server_start(h->operations));
    trim_after_start();
    LOG(LOG_INFO, "server.started", LOG_TEXT("version", CARDEA_VERSION),
        LOG_TEXT("listen", setting_text(SETTING_LISTEN)),
        LOG_TEXT("database", db_engine_name(c->db)));
    return OK;
}

/* Each by itself: a damaged list must not keep out a new certificate. */
static enum err reload_files(struct house *h)
{
    enum err hashing = hashing_configure(), list = password_list_configure();
    enum err domains = disposable_configure(), tls = OK;
    if (!text_is_empty(setting_text(SETTING_TLS_CERT_FILE)))
        tls = http_server_reload_tls(h->server);
    return hashing ? hashing : list ? list : domains ? domains : tls;
}

/* A bad new configuration keeps the old one, but not its certificate, which may be running out. */
static void reload(struct house *h)
{
    struct arena arena;
    const char *why = "";
    arena_init(&arena, 1 << 20);
    if (setting_reload(&arena, &why)) {
        LOG(LOG_ERROR, "settings.refused", LOG_TEXT("why", why));
        if (!text_is_empty(setting_text(SETTING_TLS_CERT_FILE)))
            (void)http_server_reload_tls(h->server);
    } else {
        log_set_level(setting_text(SETTING_LOG_LEVEL));
        web_configure();
        enum err e = reload_files(h);
        LOG(e ? LOG_ERROR : LOG_INFO, "settings.reloaded", LOG_TEXT("result", err_name(e)));
    }
    arena_done(&arena);
}

static void wait_for_end(struct house *h, const sigset_t *signals)
{
    for (;;) {
        int signal_number = 0;
        sigwait(signals, &signal_number);
        if (signal_number != SIGHUP)
            return;
        reload(h);
    }
}

static void close_house(struct house *h)
{
    if (h->server)
        http_server_stop(h->server);
    if (h->operations)
        http_server_stop(h->operations);
    job_stop();
    app_close_services();
    http_server_close(h->server);
    http_server_close(h->operations);
    LOG(LOG_INFO, "server.stopped");
}

int app_serve(struct console *c)
{
    struct house h = { .console = c };
    sigset_t signals;
    int code = console_read_settings(c);
    if (code)
        return code;
    /* Blocked before any thread starts, so that only wait_for_end sees them. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    close_shutters();
    raise_descriptor_limit();
    enum err e = open_house(&h);
    if (e == OK)
        wait_for_end(&h, &signals);
    close_house(&h);
    return e ? console_fail("cannot start, see above") : EXIT_DONE;
}
