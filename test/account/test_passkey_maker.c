/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makers of passkeys: those known by name, and nobody else.
 */
#include "account/passkey_maker.h"

#include "../test.h"

TEST(makers_are_known_by_their_aaguid)
{
    static const struct {
        const char *aaguid, *name;
    } cases[] = {
        { "ea9b8d664d011d213ce4b6b48cb575d4", "Google Password Manager" },
        { "50726f746f6e50617373"
          "50726f746f6e",
          "Proton Pass" },                                      /* "Proton" "Pass" "Proton" */
        { "53414d53554e47000000000000000000", "Samsung Pass" }, /* "SAMSUNG" */
        { "ea9b8d664d011d213ce4b6b48cb575d5", NULL },
        { "00000000000000000000000000000000", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t aaguid[16];
        REQUIRE(hex_parse(cases[i].aaguid, aaguid, sizeof aaguid));
        CHECK_TEXT(passkey_maker(aaguid), cases[i].name);
    }
}
