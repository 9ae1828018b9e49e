/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq, opened at run time: a server on SQLite neither needs the package nor pays the half
 * megabyte and the dozen libraries (Kerberos, LDAP, ...) that it pulls in.
 */
#include "db/postgres.h"

#include <dlfcn.h>

struct postgres_library pq;

static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static enum err outcome;

static void load(void)
{
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        outcome = fault("PostgreSQL needs libpq (Debian: apt install libpq5): %s", dlerror());
        return;
    }
#define X(name)                                                  \
    *(void **)&pq.name = dlsym(library, #name);                  \
    if (!pq.name) {                                              \
        outcome = fault("this libpq has no function %s", #name); \
        return;                                                  \
    }
    POSTGRES_FUNCTIONS(X)
#undef X
}

enum err postgres_load(void)
{
    pthread_once(&loaded, load);
    return outcome;
}
