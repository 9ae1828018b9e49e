/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who keeps a passkey: see passkey_maker.h.
 */
#include "account/passkey_maker.h"

#include "base/mem.h"
#include "base/text.h"

static const struct {
    const char *aaguid, *name;
} makers[] = {
    { "fbfc3007154e4ecc8c0b6e020557d7bd", "Apple Passwords" },
    { "dd4ec289e01d41c9bb8970fa845d4bf2", "Apple Passwords" }, /* of a managed account */
    { "ea9b8d664d011d213ce4b6b48cb575d4", "Google Password Manager" },
    { "08987058cadc4b81b6e130de50dcbe96", "Windows Hello" },
    { "9ddd1817af5a4672a2b93e3dd95000a9", "Windows Hello" },
    { "6028b017b1d44c02b4b3afcdafc96bb2", "Windows Hello" },
    { "53414d53554e47000000000000000000", "Samsung Pass" },
    { "adce000235bcc60a648b0b25f1f05503", "Chrome · macOS" },
    { "bada5566a7aa401fbd9645619a55120d", "1Password" },
    { "d548826e79b4db40a3d811116f7e8349", "Bitwarden" },
    { "531126d6e717415c93203d9aa6981239", "Dashlane" },
    { "f38095407f1449c1a8b38f813b225541", "Enpass" },
    { "fdb141b25d84443e8a354698c205a502", "KeePassXC" },
    { "0ea242b443c44a1b8b17dd6d0b6baec6", "Keeper" },
    { "b84e404815dc4dd08640f4f60813c8af", "NordPass" },
    { "50726f746f6e5061737350726f746f6e", "Proton Pass" },
};

const char *passkey_maker(const uint8_t aaguid[16])
{
    uint8_t own[16];
    for (size_t i = 0; i < COUNT(makers); i++)
        if (hex_parse(makers[i].aaguid, own, sizeof own) &&
            mem_equal(MEM(own, sizeof own), MEM(aaguid, sizeof own)))
            return makers[i].name;
    return NULL;
}
