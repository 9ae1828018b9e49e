/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QR codes: see qr.h. One path of horizontal runs: a tenth of the size of a square per module.
 */
#include "service/qr.h"

#include "base/buf.h"
#include "base/text.h"

#include <dlfcn.h>
#include <pthread.h>
#include <qrencode.h>
#include <string.h>

enum { SIDE_MAX = 177, QUIET = 4, SVG_MAX = 400'000 };

static typeof(QRcode_encodeString) *encode;
static typeof(QRcode_free) *release;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = dlopen("libqrencode.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        (void)fault("QR codes need libqrencode (Debian: apt install libqrencode4): %s", dlerror());
        return;
    }
    void *symbols[] = { dlsym(library, "QRcode_encodeString"), dlsym(library, "QRcode_free") };
    if (!symbols[0] || !symbols[1])
        return;
    memcpy(&release, &symbols[1], sizeof symbols[1]);
    memcpy(&encode, &symbols[0], sizeof symbols[0]);
}

struct square {
    int side;
    unsigned char *is_dark; /* side * side, row by row */
};

/* The library's object is gone before anything is allocated from the arena, which may jump. */
static enum err draw(struct arena *arena, const char *text, struct square *ret)
{
    ret->is_dark = arena_alloc(arena, SIDE_MAX * SIDE_MAX);
    QRcode *code = encode(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (!code)
        return E_TOO_LARGE;
    ret->side = code->width;
    for (int i = 0; i < code->width * code->width; i++)
        ret->is_dark[i] = code->data[i] & 1;
    memset(code->data, 0, (size_t)code->width * (size_t)code->width); /* it may hold a secret */
    release(code);
    return OK;
}

static void put_runs(struct buf *out, const struct square *square, int row)
{
    const unsigned char *is_dark = square->is_dark + row * square->side;
    for (int x = 0; x < square->side; x++) {
        int start = x;
        while (x < square->side && is_dark[x])
            x++;
        if (x > start)
            buf_format(out, "M%d %dh%dv1h-%dz", start + QUIET, row + QUIET, x - start, x - start);
    }
}

static void put_escaped(struct buf *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&': buf_text(out, "&amp;"); break;
        case '<': buf_text(out, "&lt;"); break;
        case '>': buf_text(out, "&gt;"); break;
        default: buf_char(out, *text);
        }
}

static void put_svg(struct buf *out, const struct square *square, const char *title)
{
    int side = square->side + 2 * QUIET;
    buf_format(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\""
               " shape-rendering=\"crispEdges\"><title>",
               side, side);
    put_escaped(out, title);
    buf_format(out,
               "</title><rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>"
               "<path fill=\"#000\" d=\"",
               side, side);
    for (int row = 0; row < square->side; row++)
        put_runs(out, square, row);
    buf_text(out, "\"/></svg>");
}

enum err qr_svg(struct arena *arena, const char *text, const char *title, const char **ret)
{
    struct square square;
    struct buf out;
    pthread_once(&once, load);
    if (!encode)
        return E_NOT_FOUND;
    TRY(draw(arena, text, &square));
    buf_init(&out, arena, SVG_MAX);
    put_svg(&out, &square, title);
    if (out.overflow)
        return E_TOO_LARGE;
    *ret = out.p;
    return OK;
}
