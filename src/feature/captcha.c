/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded captcha by API: a client that was refused with captcha_required got a challenge with
 * the refusal; one that knows it will be asked fetches it here. A solver is a loop of ten lines in
 * any language: the help of the route says what to compute.
 */
#include "web/captcha.h"

#include "base/text.h"
#include "feature/features.h"
#include "web/req.h"

static enum err give(struct req *rq)
{
    const char *action = field(rq, "action") ? field(rq, "action") : "login";
    if (!captcha_is_action(action))
        return refuse_field(rq, "action", PROBLEM_ACTION_UNKNOWN);
    return captcha_put(rq, action, answer(rq, 200));
}

static enum err purge(struct job *job)
{
    return captcha_purge(job->tx, job->now, &job->more);
}

const struct route captcha_routes[] = {
    ROUTE(GET, "/v1/auth/challenge", ANYONE, give, .lane = LANE_INLINE,
          .fields = { { "action", FIELD_TEXT, .optional = true, .max = 40,
                        .help = "login (the default), register, forgot_password, email_code, "
                                "magic_link, resend_verification, two_factor, recovery or "
                                "waitlist" } },
          .limits = { { BY_IP, 60, MINUTE, "challenge" } },
          .gives = { { 200, "{\"provider\":\"proof_of_work\",\"action\",\"algorithm\":\"SHA-256\","
                            "\"challenge\",\"difficulty\",\"expires_in\"}, or {\"provider\":"
                            "\"turnstile|hcaptcha|recaptcha\",\"action\",\"site_key\"}" } },
          .help = "A proof-of-work challenge for the field captcha of a door. Count number up from "
                  "0 until SHA-256(challenge + \".\" + number), number in decimal, begins with "
                  "difficulty zero bits; that text is the answer. Good for one use of the action, "
                  "from the same network (/24 or /64)."),
    ROUTES_END,
};

const struct job_kind captcha_jobs[] = {
    { "captcha.purge", purge, HOUR, "removes captchas that were used and have expired",
      .removes = true },
    { 0 },
};
