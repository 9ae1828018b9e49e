/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl by dlopen: see curl.h.
 */
#include "net/curl.h"

#include "base/text.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

static struct curl_functions functions;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum err opened = E_FAULT;

#define SYMBOL(member)                                           \
    {                                                            \
        "curl_" #member, offsetof(struct curl_functions, member) \
    }
static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
    SYMBOL(global_init),  SYMBOL(easy_init),      SYMBOL(easy_setopt),  SYMBOL(easy_perform),
    SYMBOL(easy_getinfo), SYMBOL(easy_reset),     SYMBOL(easy_cleanup), SYMBOL(easy_strerror),
    SYMBOL(slist_append), SYMBOL(slist_free_all),
};

static enum err load(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return fault("libcurl: %s; install the package libcurl4", dlerror());
    for (size_t i = 0; i < COUNT(symbols); i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol)
            return fault("libcurl: no %s; version 7.85 or newer is needed", symbols[i].name);
        memcpy((char *)&functions + symbols[i].offset, &symbol, sizeof symbol);
    }
    CURLcode code = functions.global_init(CURL_GLOBAL_DEFAULT);
    return code ? fault("libcurl: cannot start (%d)", (int)code) : OK;
}

static void load_once(void)
{
    opened = load();
}

enum err curl_open(const struct curl_functions **ret)
{
    pthread_once(&once, load_once);
    *ret = &functions;
    return opened;
}
