/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What signing in by mailed link and by mailed code share. Asking is done by a task that looks the
 * address up: the handler does the same for every address, so nobody learns who has an account
 * (ENUM-05). Who comes in by mail has shown one factor, "email", and that the mailbox is theirs.
 */
#pragma once

#include "account/account.h"
#include "web/mail_task.h"
#include "web/req.h"
#include "web/sign_in.h"

/* Queues a task for the address in the field "email". more: what else it should know; NULL: none.
 */
enum err mail_sign_in_ask(struct req *rq, const char *task, const struct outbox_var *more);

/* Reads the task, and takes the lock of the account. E_NOT_FOUND: nobody, or a closed account: stay
   silent. */
enum err mail_sign_in_asked(struct job *job, struct mail_task *ret_asked, struct account *ret_who);

/* Whoever reads this account's mail comes in: verifies it if nobody has proved the mailbox before,
   voids what else waits there, and signs in. The caller holds the account, and has used up what
   proved it in this transaction. */
enum err mail_sign_in(struct req *rq, const char *account_id, struct signed_in *ret);
