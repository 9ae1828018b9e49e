/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each feature offers: routes, and jobs and tables about people where it has some. app.c lists
 * them.
 */
#pragma once

#include "account/personal.h"
#include "service/job.h"
#include "web/route.h"

extern const struct route register_routes[], login_routes[], session_routes[], reset_routes[],
    security_routes[], profile_routes[], dashboard_routes[], setup_routes[], operations_routes[],
    document_routes[], dev_mail_routes[], reauth_routes[], device_routes[], second_step_routes[],
    totp_routes[], fixture_routes[], activity_routes[], notification_routes[], export_routes[],
    magic_link_routes[], email_code_routes[], passkey_routes[], passkey_sign_in_routes[];

extern const struct job_kind register_jobs[], session_jobs[], reset_jobs[], upkeep_jobs[],
    device_jobs[], totp_jobs[], notification_jobs[], export_jobs[], magic_link_jobs[],
    email_code_jobs[], passkey_jobs[], setup_jobs[], inactive_jobs[];

extern const struct route admin_decision_routes[], admin_ip_rule_routes[], admin_unlock_routes[],
    admin_start_routes[];
extern const struct job_kind admin_ip_rule_jobs[];

extern const struct route admin_invite_routes[], admin_waitlist_routes[], waitlist_routes[];
extern const struct job_kind admin_invite_jobs[], waitlist_jobs[];

extern const struct route deletion_routes[], email_change_routes[], password_strength_routes[];
extern const struct route captcha_routes[];
extern const struct job_kind captcha_jobs[];
extern const struct job_kind deletion_jobs[], email_change_jobs[];

extern const struct personal_table reset_personal[], export_personal[];
