/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles: read by name, written by rank.
 */
#include "account/role.h"

#include "../test.h"

TEST(roles_are_read_by_their_exact_names)
{
    int64_t role = 0;
    CHECK(role_parse("ADMIN", &role));
    CHECK_NUM(role, ROLE_ADMIN);
    CHECK(role_parse("BILLING_ADMIN", &role));
    CHECK_NUM(role, ROLE_BILLING_ADMIN);
    static const char *const bad[] = { "", "admin", "ADMIN ", "ROOT", "8" };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!role_parse(bad[i], &role));
    CHECK_NUM(role, ROLE_BILLING_ADMIN);
}

TEST(lists_of_roles_hold_known_ones_only)
{
    int64_t roles = 0;
    CHECK(role_parse_list(test_arena(), "USER,ADMIN", &roles));
    CHECK_NUM(roles, ROLE_USER | ROLE_ADMIN);
    CHECK(role_parse_list(test_arena(), "SUPPORT", &roles));
    CHECK_NUM(roles, ROLE_SUPPORT);
    CHECK(!role_parse_list(test_arena(), "", &roles));
    CHECK(!role_parse_list(test_arena(), "USER,ROOT", &roles));
    CHECK(!role_parse_list(test_arena(), "USER, ADMIN", &roles));
    CHECK(!role_parse_list(test_arena(), ",USER", &roles));
}

TEST(roles_are_written_in_the_order_of_rank)
{
    struct buf b;
    struct json_writer j;
    CHECK_TEXT(role_format(test_arena(), ROLE_ADMIN | ROLE_USER), "USER, ADMIN");
    CHECK_TEXT(role_format(test_arena(), 0), "");
    buf_init(&b, test_arena(), 200);
    json_write(&j, &b);
    json_begin_object(&j, NULL);
    role_put(&j, "roles", ROLE_BILLING_ADMIN | ROLE_SUPPORT);
    json_end(&j);
    CHECK_TEXT(text_copy(test_arena(), buf_mem(&b)), "{\"roles\":[\"SUPPORT\",\"BILLING_ADMIN\"]}");
}
