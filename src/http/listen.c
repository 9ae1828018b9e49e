/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets: see listen.h. IPv4 and IPv6 get sockets of their own, so that an IPv4 client
 * never shows up as something else. Names other than localhost are not resolved: what we listen on
 * should not depend on somebody's name server.
 */
#include "http/listen.h"

#include "base/ip.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, ADDRESS_MAX = 128 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

struct opening {
    struct listener *listeners;
    size_t count;
    const char *text; /* the address as configured, for the log */
};

static enum err refuse(const char *text, const char *why)
{
    LOG(LOG_ERROR, "http.listen_refused", LOG_TEXT("address", text), LOG_TEXT("why", why));
    return E_FAULT;
}

static enum err malformed(const char *text)
{
    LOG(LOG_ERROR, "http.listen_malformed", LOG_TEXT("address", text));
    return E_INVALID;
}

static enum err add(struct opening *o, int fd, int port, const char *unix_path)
{
    char *path = unix_path ? strdup(unix_path) : NULL;
    if (unix_path && !path)
        abort();
    o->listeners[o->count++] = (struct listener){ fd, port, path };
    return OK;
}

static int bound_port(int fd)
{
    union address a = { 0 };
    socklen_t n = sizeof a;
    (void)getsockname(fd, &a.any, &n);
    return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

/* Gives the socket or -1 with errno. */
static int bind_socket(const union address *a, socklen_t n)
{
    static const int on = 1;
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (a->any.sa_family == AF_UNIX) {
        (void)fchmod(fd, 0660); /* the socket file is born with this mode, minus the umask */
    } else {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* accepted ones inherit */
    }
    if (a->any.sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, &a->any, n) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static enum err open_ip(struct opening *o, struct ip ip, int port)
{
    union address a = { 0 };
    socklen_t n = sizeof a.v6;
    a.v6.sin6_family = AF_INET6;
    a.v6.sin6_port = htons((uint16_t)port);
    memcpy(&a.v6.sin6_addr, ip.bytes, sizeof ip.bytes);
    if (ip_is_v4(ip)) {
        n = sizeof a.v4;
        a.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        memcpy(&a.v4.sin_addr, ip.bytes + 12, 4);
    }
    if (o->count == LISTENERS_MAX)
        return malformed(o->text);
    int fd = bind_socket(&a, n);
    if (fd < 0)
        return E_FAULT;
    return add(o, fd, bound_port(fd), NULL);
}

/* Both families of one meaning; a machine may lack one of them. A port chosen by the system is
   tried for the second family too. */
static enum err open_pair(struct opening *o, const char *v4, const char *v6, int port)
{
    struct ip ip;
    size_t before = o->count;
    (void)ip_parse(v4, &ip);
    enum err first = open_ip(o, ip, port);
    if (first == E_INVALID || (first && errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL))
        return first == E_INVALID ? first : refuse(o->text, strerrordesc_np(errno));
    if (!first)
        port = o->listeners[o->count - 1].port;
    (void)ip_parse(v6, &ip);
    enum err second = open_ip(o, ip, port);
    if (second == E_INVALID || (second && errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL))
        return second == E_INVALID ? second : refuse(o->text, strerrordesc_np(errno));
    return o->count > before ? OK : refuse(o->text, "no address family");
}

/* A socket file that nobody answers on was left by a crash. */
static void remove_stale(const union address *a)
{
    struct stat status;
    if (lstat(a->local.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, &a->any, sizeof a->local) != 0 && errno == ECONNREFUSED)
        (void)unlink(a->local.sun_path);
    close(fd);
}

static enum err open_unix(struct opening *o, const char *path)
{
    union address a = { .local = { .sun_family = AF_UNIX } };
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof a.local.sun_path || o->count == LISTENERS_MAX)
        return malformed(o->text);
    memcpy(a.local.sun_path, path, n + 1);
    remove_stale(&a);
    int fd = bind_socket(&a, sizeof a.local);
    if (fd < 0)
        return refuse(o->text, strerrordesc_np(errno));
    (void)chmod(path, 0660);
    return add(o, fd, 0, path);
}

static enum err open_tcp(struct opening *o, char *host, const char *port_text)
{
    int64_t port;
    struct ip ip;
    size_t n = strlen(host);
    if (!text_parse_int(port_text, 0, 65535, &port))
        return malformed(o->text);
    if (n == 0 || text_equal(host, "*"))
        return open_pair(o, "0.0.0.0", "::", (int)port);
    if (text_equal(host, "localhost"))
        return open_pair(o, "127.0.0.1", "::1", (int)port);
    bool bracketed = host[0] == '[' && host[n - 1] == ']';
    if (bracketed)
        host[n - 1] = 0;
    if (!ip_parse(host + bracketed, &ip) || bracketed != (strchr(host, ':') != NULL))
        return malformed(o->text);
    enum err e = open_ip(o, ip, (int)port);
    return e == E_FAULT ? refuse(o->text, strerrordesc_np(errno)) : e;
}

static enum err open_address(struct opening *o, char *text)
{
    o->text = text;
    if (text_starts(text, "unix:"))
        return open_unix(o, text + 5);
    char copy[ADDRESS_MAX], *colon = strrchr(text, ':');
    if (!colon)
        return open_tcp(o, (char[]){ "" }, text);
    size_t host = (size_t)(colon - text);
    if (host >= sizeof copy)
        return malformed(text);
    memcpy(copy, text, host);
    copy[host] = 0;
    return open_tcp(o, copy, colon + 1);
}

enum err listen_open(const char *setting, struct listener *listeners, size_t *ret_count)
{
    struct opening o = { .listeners = listeners };
    enum err e = OK;
    while (!e && *setting) {
        char text[ADDRESS_MAX * 2];
        setting += strspn(setting, " ");
        size_t n = strcspn(setting, ",");
        if (n >= sizeof text) {
            e = malformed(setting);
            break;
        }
        memcpy(text, setting, n);
        setting += n;
        setting += *setting == ',';
        while (n && text[n - 1] == ' ')
            n--;
        text[n] = 0;
        e = open_address(&o, text);
    }
    if (!e && o.count == 0)
        e = malformed("");
    if (e)
        listen_close(listeners, o.count);
    *ret_count = e ? 0 : o.count;
    return e;
}

void listen_close(struct listener *listeners, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        close(listeners[i].fd);
        if (listeners[i].unix_path)
            (void)unlink(listeners[i].unix_path);
        free(listeners[i].unix_path);
    }
}
