/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How mails leave: a test's function, a folder, a mail server, the list of development mode, or not
 * at all. Settings are looked at for each mail, so a reload takes effect at once.
 */
#include "service/outbox_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/mime.h"
#include "net/smtp.h"
#include "service/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAIL_MAX = 4 << 20 };

static outbox_send chosen;
static void *chosen_arg;
static _Atomic int64_t shut_until; /* the mail server was out of reach */
static atomic_bool warned;

void outbox_set_sender(outbox_send send, void *arg)
{
    chosen = send;
    chosen_arg = arg;
    shut_until = 0;
}

static bool has(enum setting s)
{
    return *setting_text(s) != 0;
}

bool outbox_can_send(void)
{
    if (chosen || has(SETTING_MAIL_DIR))
        return true;
    if (has(SETTING_SMTP_HOST))
        return clock_now() >= shut_until;
    if (setting_is_development())
        return true;
    if (!atomic_exchange(&warned, true))
        LOG(LOG_WARN, "mail.waits",
            LOG_TEXT("why", "no SMTP_HOST is set: mail stays in the outbox"));
    return false;
}

static enum err compose(struct arena *arena, const struct outbox_message *message,
                        struct mime_message *mime, struct buf *out)
{
    const char *sender = setting_text(SETTING_EMAIL_FROM_ADDRESS);
    if (!*sender)
        sender = text_format(arena, "cardea@%s", outbox_host());
    if (mime_parse_sender(arena, sender, &mime->from_name, &mime->from))
        return E_BUSY; /* EMAIL_FROM_ADDRESS is wrong, not this mail */
    if (!*mime->from_name)
        mime->from_name = setting_text(SETTING_SERVICE_NAME);
    mime->to = message->to;
    mime->subject = message->subject;
    mime->text = message->text;
    mime->html = message->html;
    mime->message_id = message->message_id;
    mime->date = message->created_at;
    buf_init(out, arena, MAIL_MAX);
    return mime_write(mime, out) == OK ? OK : E_INVALID;
}

static bool write_all(int file, struct mem bytes)
{
    const char *p = bytes.p;
    for (size_t done = 0; done < bytes.n;) {
        ssize_t n = write(file, p + done, bytes.n - done);
        if (n < 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* Afterwards the mail counts as sent, and is never sent again: it has to outlive a loss of power,
 * with its name. */
static bool sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return good;
}

/* Into the folder under a name that shows up only when the mail is whole. */
static enum err put_into_folder(struct arena *arena, const char *id, struct mem mail,
                                const char **ret_why)
{
    const char *folder = setting_text(SETTING_MAIL_DIR);
    const char *hidden = text_format(arena, "%s/.%s.new", folder, id);
    const char *path = text_format(arena, "%s/%s.eml", folder, id);
    int file = open(hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = file >= 0 && write_all(file, mail) && fsync(file) == 0;
    if (file >= 0 && close(file) != 0)
        good = false;
    if (good && rename(hidden, path) == 0 && sync_folder(folder))
        return OK;
    *ret_why = text_format(arena, "%s: %s", path, strerrordesc_np(errno));
    LOG(LOG_WARN, "mail.folder_unusable", LOG_TEXT("why", *ret_why),
        LOG_TEXT("do", "MAIL_DIR must exist and be writable since the start"));
    return E_BUSY;
}

static struct smtp_server server_of_settings(void)
{
    int port = (int)setting_num(SETTING_SMTP_PORT);
    enum smtp_security starttls = setting_flag(SETTING_SMTP_USE_TLS) ? SMTP_STARTTLS : SMTP_PLAIN;
    return (struct smtp_server){
        .host = setting_text(SETTING_SMTP_HOST),
        .port = port,
        .security = port == 465 ? SMTP_TLS : starttls,
        .user = setting_text(SETTING_SMTP_USER),
        .pass = setting_text(SETTING_SMTP_PASS),
        .ca_file = setting_text(SETTING_SMTP_CA_FILE),
        .helo = outbox_host(),
        .is_stopping = job_is_stopping,
    };
}

/* A server that cannot be reached or does not let us in fails all mail alike: leave it alone for a
 * moment instead of trying each mail on it. */
static void note_reach(const struct smtp_reply *reply, enum err result)
{
    if (result != OK && reply->stage <= SMTP_AT_FROM) {
        LOG(LOG_WARN, "mail.server_unusable", LOG_TEXT("host", setting_text(SETTING_SMTP_HOST)),
            LOG_NUM("code", reply->code), LOG_TEXT("reply", reply->text));
        shut_until = clock_now() + 5 * SECOND;
    }
}

static enum err put_to_server(struct arena *arena, const struct mime_message *mime, struct mem mail,
                              const char **ret_why)
{
    static const char *const stages[] = { "connecting", "greeting", "sender", "recipient",
                                          "message" };
    struct smtp_server server = server_of_settings();
    struct smtp_mail one = { mime->from, mime->to, mail };
    struct smtp_reply reply;
    enum err e = smtp_send(&server, &one, &reply);
    note_reach(&reply, e);
    *ret_why = text_format(arena, "%s: %s", stages[reply.stage], reply.text);
    return e;
}

enum err outbox_hand_over(struct arena *arena, const struct outbox_message *message,
                          const char **ret_why)
{
    bool to_folder = has(SETTING_MAIL_DIR);
    if (chosen) {
        enum err e = chosen(message, chosen_arg);
        *ret_why = err_name(e);
        return e;
    }
    if (!to_folder && !has(SETTING_SMTP_HOST)) {
        outbox_dev_add(message);
        return OK;
    }
    struct mime_message mime = { 0 };
    struct buf mail;
    *ret_why = "EMAIL_FROM_ADDRESS or the recipient cannot stand in a header";
    TRY(compose(arena, message, &mime, &mail));
    if (to_folder)
        return put_into_folder(arena, message->id, buf_mem(&mail), ret_why);
    return put_to_server(arena, &mime, buf_mem(&mail), ret_why);
}

void outbox_rest(void)
{
    smtp_rest();
}
