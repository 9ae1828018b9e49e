/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes: the lines of the route table as JSON schemas.
 */
#include "../test.h"
#include "base/text.h"
#include "web/shape.h"

#include <string.h>

static const char *schema_of(const char *what)
{
    struct buf out;
    struct json_writer j;
    buf_init(&out, test_arena(), 1 << 16);
    json_write(&j, &out);
    bool ok = shape_write(&j, NULL, what);
    CHECK(ok == (out.n > 0));
    return ok ? text_copy(test_arena(), buf_mem(&out)) : NULL;
}

#define TEXT_SCHEMA "{\"type\":\"string\"}"

TEST(shapes_become_schemas)
{
    static const struct {
        const char *what, *schema;
    } cases[] = {
        { "{\"id\"}",
          "{\"type\":\"object\",\"required\":[\"id\"],\"properties\":{\"id\":" TEXT_SCHEMA "}}" },
        { "{\"id\"?}",
          "{\"type\":\"object\",\"required\":[],\"properties\":{\"id\":" TEXT_SCHEMA "}}" },
        { "{\"status\":\"a|b\"}", "{\"type\":\"object\",\"required\":[\"status\"],\"properties\":{"
                                  "\"status\":{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}}}" },
        { "{\"email\":\"...\" or null,\"on\":true}",
          "{\"type\":\"object\",\"required\":[\"email\",\"on\"],\"properties\":{\"email\":{"
          "\"type\":"
          "[\"string\",\"null\"]},\"on\":{\"type\":\"boolean\"}}}" },
        { "{\"data\":[{\"id\",\"at\"}],\"unread\"}",
          "{\"type\":\"object\",\"required\":[\"data\",\"unread\"],\"properties\":{\"data\":{"
          "\"type\":"
          "\"array\",\"items\":{\"type\":\"object\",\"required\":[\"id\",\"at\"],\"properties\":{"
          "\"id\":" TEXT_SCHEMA ",\"at\":{\"type\":\"string\",\"format\":\"date-time\"}}}},"
          "\"unread\":{\"type\":\"integer\"}}}" },
        { "{\"data\":{...}}",
          "{\"type\":\"object\",\"required\":[\"data\"],\"properties\":{\"data\":"
          "{\"type\":\"object\"}}}" },
        { "{\"id\"}, or {\"text\"}",
          "{\"anyOf\":[{\"type\":\"object\",\"required\":[\"id\"],\"properties\":{"
          "\"id\":" TEXT_SCHEMA
          "}},{\"type\":\"object\",\"required\":[\"text\"],\"properties\":{\"text\":" TEXT_SCHEMA
          "}}]}" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(schema_of(cases[i].what), cases[i].schema);
}

TEST(shapes_of_words_are_none)
{
    CHECK(!schema_of("ended"));
    CHECK(!schema_of(""));
    CHECK(!schema_of("options for PublicKeyCredential.parseRequestOptionsFromJSON()"));
}
