/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QR codes: the drawing is taken apart again and compared with what a QR code must have: three
 * finders, the timing lines, a quiet zone (ISO 18004). That a camera reads it is shown by
 * test/e2e/test_two_factor.py.
 */
#include "service/qr.h"

#include "../test.h"

#include <stdio.h>
#include <string.h>

enum { SIDE_MAX = 185 };

struct picture {
    int side; /* with the quiet zone */
    bool is_dark[SIDE_MAX][SIDE_MAX];
};

static struct picture *picture_of(const char *svg)
{
    struct picture *p = arena_alloc(test_arena(), sizeof *p);
    const char *at = strstr(svg, "viewBox=\"0 0 "), *path = strstr(svg, " d=\"");
    if (!at || !path || sscanf(at, "viewBox=\"0 0 %d", &p->side) != 1 || p->side > SIDE_MAX)
        return p;
    for (at = strchr(path, 'M'); at; at = strchr(at + 1, 'M')) {
        int x, y, width, back;
        if (sscanf(at, "M%d %dh%dv1h-%dz", &x, &y, &width, &back) != 4 || width != back ||
            x + width > p->side || y >= p->side) {
            test_fail(__FILE__, __LINE__, "a run that is none: %.20s", at);
            return p;
        }
        for (int i = 0; i < width; i++)
            p->is_dark[y][x + i] = true;
    }
    return p;
}

static bool has_finder(const struct picture *p, int top, int left)
{
    for (int y = 0; y < 7; y++)
        for (int x = 0; x < 7; x++) {
            bool is_ring = y == 0 || y == 6 || x == 0 || x == 6;
            bool is_core = y >= 2 && y <= 4 && x >= 2 && x <= 4;
            if (p->is_dark[top + y][left + x] != (is_ring || is_core))
                return false;
        }
    return true;
}

static bool has_quiet_zone(const struct picture *p)
{
    for (int y = 0; y < p->side; y++)
        for (int x = 0; x < p->side; x++) {
            bool is_zone = y < 4 || x < 4 || y >= p->side - 4 || x >= p->side - 4;
            if (is_zone && p->is_dark[y][x])
                return false;
        }
    return true;
}

TEST(qr_looks_like_one)
{
    const char *svg = NULL;
    CHECK_OK(qr_svg(test_arena(), "otpauth://totp/Cardea:ann%40example.org?secret=GEZDGNBVGY3TQOJQ",
                    "QR code", &svg));
    struct picture *p = picture_of(svg);
    CHECK_NUM((p->side - 8 - 17) % 4, 0);
    CHECK(has_finder(p, 4, 4) && has_finder(p, 4, p->side - 11) && has_finder(p, p->side - 11, 4));
    CHECK(has_quiet_zone(p));
    for (int i = 12; i < p->side - 12; i++) /* the timing lines */
        CHECK(p->is_dark[10][i] == (i % 2 == 0) && p->is_dark[i][10] == (i % 2 == 0));
}

TEST(qr_is_fit_for_a_page)
{
    const char *svg = "";
    CHECK_OK(qr_svg(test_arena(), "x", "\"<script>\" & more", &svg));
    CHECK(text_starts(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox="));
    CHECK(strstr(svg, "role=\"img\""));
    CHECK(strstr(svg, "<title>\"&lt;script&gt;\" &amp; more</title>"));
    CHECK(!strstr(svg, "style") && !strstr(svg, "<script"));
}

TEST(qr_case_matters_and_too_much_is_refused)
{
    const char *lower, *upper, *none = NULL;
    char *long_text = arena_alloc(test_arena(), 3001);
    CHECK_OK(qr_svg(test_arena(), "secret=abc", "", &lower));
    CHECK_OK(qr_svg(test_arena(), "secret=ABC", "", &upper));
    CHECK(!text_equal(lower, upper));
    memset(long_text, 'x', 3000);
    CHECK_ERR(qr_svg(test_arena(), long_text, "", &none), E_TOO_LARGE);
    CHECK(!none);
    long_text[2331] = 0; /* version 40, level M */
    CHECK_OK(qr_svg(test_arena(), long_text, "", &none));
}
