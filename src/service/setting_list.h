/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every setting, once: SETTING(name, kind, default, flags, help). From this list come parsing,
 * `cardea config` and docs/reference/settings.md. Bounds and rules stand in setting_check.c.
 *
 * Kinds: TEXT; NUM, a whole number; FLAG, true or false; SPAN, "90s", "10m", "24h", "14d"; URL.
 * Flags: SECRET, never printed, and NAME_FILE is accepted; LIVE, SIGHUP re-reads it.
 */
SETTING(DATABASE_URL, TEXT, "sqlite:cardea.db", 0,
        "where accounts live: sqlite:PATH or postgresql://...")
SETTING(PUBLIC_URL, URL, "http://localhost:8080", 0,
        "the address people see; all links carry it; https unless it is a loopback address; when "
        "empty localhost and the port of LISTEN")
SETTING(LISTEN, TEXT, "localhost:8080", 0,
        "addresses to serve: host:port, [v6]:port, :port, unix:/path, separated by commas")
SETTING(OPS_LISTEN, TEXT, "", 0, "when given, /metrics and /health are served only there")
SETTING(TLS_CERT_FILE, TEXT, "", LIVE,
        "PEM certificate chain; with TLS_KEY_FILE serves https itself")
SETTING(TLS_KEY_FILE, TEXT, "", LIVE, "PEM private key")
SETTING(
    TRUSTED_PROXIES, TEXT, "", LIVE,
    "addresses or CIDR ranges whose X-Forwarded-For or Forwarded is believed, separated by commas")
SETTING(FORWARDED_HEADER, TEXT, "either", LIVE,
        "which header the proxies write: x-forwarded-for, forwarded, or either; with either, a "
        "client named differently by both counts as the proxy")
SETTING(
    PROXY_PROTOCOL, TEXT, "off", 0,
    "off, or required: each connection to LISTEN begins with a PROXY header, version 1 or 2, and "
    "comes from TRUSTED_PROXIES or by a unix socket")
SETTING(ADDRESS_ALLOW, TEXT, "", LIVE,
        "addresses or CIDR ranges that wider rules do not keep out, and that are never blocked "
        "automatically; it keeps nobody else out")
SETTING(ADDRESS_DENY, TEXT, "", LIVE, "addresses or CIDR ranges that are kept out")
SETTING(ADMIN_ADDRESS_ALLOW, TEXT, "", LIVE,
        "when given, the doors of staff open only for these addresses or CIDR ranges")
SETTING(AUTOMATIC_BLOCKS, FLAG, "true", LIVE,
        "keep out for a while whoever goes on misbehaving; not while RATE_LIMITS is off")
SETTING(CORS_ORIGINS, TEXT, "", LIVE,
        "origins that may call the API from a browser, separated by commas")
SETTING(PASSKEY_ORIGINS, TEXT, "", LIVE,
        "where passkeys may be used besides PUBLIC_URL, separated by commas: origins of this "
        "domain, and apps as android:apk-key-hash:HASH")
SETTING(ENCRYPTION_KEYS, TEXT, "", SECRET,
        "id:base64 pairs of 32-byte keys that seal secrets at rest, the first one seals; made in a "
        "0600 file beside the database when empty")
SETTING(KEY_FILE, TEXT, "", 0,
        "where keys made on first start are kept; beside the database when empty")
SETTING(ADMIN_EMAIL, TEXT, "", 0,
        "with ADMIN_PASSWORD: the first administrator, made at start when there is none")
SETTING(ADMIN_PASSWORD, TEXT, "", SECRET, "see ADMIN_EMAIL")
SETTING(SERVICE_NAME, TEXT, "Cardea", LIVE, "the name on pages and in mails")
SETTING(SUPPORT_ADDRESS, TEXT, "", LIVE,
        "a mail address or URL for help, shown on pages and in mails")
SETTING(UI_DIR, TEXT, "", 0,
        "a folder whose pages, mails, static files and locales override the embedded ones")
SETTING(DEFAULT_LOCALE, TEXT, "en", LIVE, "the language when the browser asks for none that exists")
SETTING(LOG_LEVEL, TEXT, "info", LIVE, "debug, info, warn or error")
SETTING(
    EMAIL_FROM_ADDRESS, TEXT, "", LIVE,
    "the sender of all mail, address or \"Name <address>\"; cardea@<host of PUBLIC_URL> when empty")
SETTING(SMTP_HOST, TEXT, "", LIVE,
        "the mail server; empty: mail waits in the outbox (development mode shows it at /dev/mail)")
SETTING(SMTP_PORT, NUM, "587", LIVE, "1 to 65535; 465 means TLS from the first byte")
SETTING(
    SMTP_USE_TLS, FLAG, "true", LIVE,
    "require TLS (STARTTLS, or from the first byte on port 465); never falls back to plain text")
SETTING(SMTP_USER, TEXT, "", LIVE, "user name at the mail server")
SETTING(SMTP_PASS, TEXT, "", SECRET | LIVE, "password at the mail server")
SETTING(SMTP_CA_FILE, TEXT, "", LIVE,
        "PEM certificates to trust for the mail server instead of the system's")
SETTING(MAIL_DIR, TEXT, "", LIVE,
        "when given, mails are written into this folder as .eml files instead of being sent: for "
        "development")
SETTING(PASSWORD_HASH, TEXT, "m=65536,t=3,p=2", LIVE,
        "cost of Argon2id: memory in KiB, passes, lanes; older hashes are renewed at sign-in")
SETTING(PASSWORD_MIN_LENGTH, NUM, "12", LIVE, "8 to 128 code points")
SETTING(PASSWORD_LIST, TEXT, "", LIVE,
        "a file of breached passwords made by cardea password-list build: none of them is accepted "
        "as a new password")
SETTING(PASSWORD_RANGE_URL, TEXT, "", LIVE,
        "a list that somebody else keeps, asked with five digits of a hash, such as "
        "https://api.pwnedpasswords.com/range/; empty: nobody is asked")
SETTING(TURNSTILE_SITE_KEY, TEXT, "", LIVE,
        "with TURNSTILE_SECRET_KEY: captchas are Cloudflare Turnstile's; one provider at most")
SETTING(TURNSTILE_SECRET_KEY, TEXT, "", SECRET | LIVE, "see TURNSTILE_SITE_KEY")
SETTING(HCAPTCHA_SITE_KEY, TEXT, "", LIVE, "with HCAPTCHA_SECRET_KEY: captchas are hCaptcha's")
SETTING(HCAPTCHA_SECRET_KEY, TEXT, "", SECRET | LIVE, "see HCAPTCHA_SITE_KEY")
SETTING(RECAPTCHA_SITE_KEY, TEXT, "", LIVE,
        "with RECAPTCHA_SECRET_KEY: captchas are Google reCAPTCHA's")
SETTING(RECAPTCHA_SECRET_KEY, TEXT, "", SECRET | LIVE, "see RECAPTCHA_SITE_KEY")
SETTING(RECAPTCHA_MIN_SCORE, TEXT, "", LIVE,
        "empty: the keys are for the v2 checkbox; 0.1 to 1.0: they are for v3, and this score "
        "passes")
SETTING(CAPTCHA_VERIFY_URL, TEXT, "", LIVE,
        "asked instead of the provider's own address, for a proxy of one's own")
SETTING(OUTBOUND_ALLOW, TEXT, "", LIVE,
        "addresses or CIDR ranges that are not public but may be called all the same, separated by "
        "commas")
SETTING(
    SIGN_UP, TEXT, "open", LIVE,
    "who may register: open, everybody; waitlist, who was invited, others may wait; invite, who "
    "was invited; closed, nobody")
SETTING(INVITE_TTL, SPAN, "7d", LIVE, "lifetime of an invitation that does not say otherwise")
SETTING(WAITLIST_KEEP, SPAN, "180d", LIVE,
        "how long ended invitations and decided entries of the waiting list are kept")
SETTING(DISPOSABLE_DOMAINS, TEXT, "", LIVE,
        "a file of domains, one a line, whose addresses cannot register: in addition to the ones "
        "built in; a line that begins with ! allows one of those")
SETTING(RATE_LIMITS, TEXT, "on", 0,
        "on, or off: only accepted while PUBLIC_URL is a loopback address")
SETTING(
    LIMITS, TEXT, "", LIVE,
    "other figures for doors: \"login ip 10/1m 100/1h; register ip 5/1h\"; doors and defaults are "
    "in limits.md")
SETTING(CAPTCHA, TEXT, "auto", LIVE,
        "auto: asked for after failures and of address ranges that misbehave; always; or off: only "
        "accepted while PUBLIC_URL is a loopback address")
SETTING(
    REDIS_URL, TEXT, "", SECRET,
    "redis://[user:password@]host[:port][/database]: several nodes count limits together there; "
    "while it is away each counts alone")
SETTING(SESSION_IDLE, SPAN, "14d", LIVE, "a session ends when it was not used for so long")
SETTING(SESSION_ABSOLUTE, SPAN, "90d", LIVE, "a session ends after so long in any case")
SETTING(SESSIONS_PER_USER, NUM, "10", LIVE,
        "1 to 1000; signing in beyond it ends the one used longest ago")
SETTING(ACCESS_TOKEN_TTL, SPAN, "10m", LIVE, "lifetime of an access token, 1m to 1h")
SETTING(VERIFY_EMAIL_TTL, SPAN, "24h", LIVE, "lifetime of a verification link")
SETTING(RESET_TTL, SPAN, "30m", LIVE, "lifetime of a password reset link")
SETTING(PENDING_TTL, SPAN, "10m", LIVE, "how long a sign-in waits for its second step")
SETTING(FRESH_PROOF, SPAN, "10m", LIVE,
        "sensitive actions ask for a proof of identity that is not older than this")
SETTING(LOCKOUT, SPAN, "5m", LIVE,
        "five wrong attempts in a row lock an authenticator for so long, at first")
SETTING(TRUSTED_DEVICE, SPAN, "30d", LIVE,
        "how long a browser that its owner trusts skips the second step")
SETTING(MAGIC_LINK_TTL, SPAN, "15m", LIVE, "lifetime of a mailed sign-in link")
SETTING(EMAIL_CODE_TTL, SPAN, "10m", LIVE, "lifetime of a mailed sign-in code")
SETTING(EMAIL_CHANGE_TTL, SPAN, "24h", LIVE, "lifetime of the link that confirms a new address")
SETTING(DELETION_GRACE, SPAN, "30d", LIVE, "an account is removed so long after its owner asked")
SETTING(EXPORT_TTL, SPAN, "7d", LIVE, "how long an export of somebody's data can be fetched")
SETTING(INACTIVE_WARN_AFTER, SPAN, "0", LIVE,
        "a user who was not seen for so long is warned by mail; 0: never; not staff")
SETTING(INACTIVE_CLOSE_AFTER, SPAN, "0", LIVE,
        "and their account closed after so long, with the grace of every deletion; 0: never")
SETTING(SETUP_TTL, SPAN, "15m", 0, "lifetime of the first administrator's link")
SETTING(DECISION_KEEP, SPAN, "7d", LIVE,
        "how long staff can look up why a request was refused, by its decision_id")
SETTING(AUDIT_KEEP, SPAN, "400d", LIVE, "how long audit events are kept")
SETTING(KEY_ROTATE_EVERY, SPAN, "30d", LIVE, "age at which the signing key is replaced")
SETTING(IO_THREADS, NUM, "0", 0, "0 to 64; 0 means one for each processor")
SETTING(STORE_THREADS, NUM, "16", 0, "1 to 256 threads for requests that use the database")
SETTING(HASH_THREADS, NUM, "0", 0,
        "0 to 64 password hashes at once; 0 means one for each processor")
SETTING(HASH_QUEUE, NUM, "512", 0, "1 to 100000 sign-ins that may wait for a hash; more get 503")
SETTING(HASH_WAIT, SPAN, "20s", 0, "longest wait for a hash before 503")
