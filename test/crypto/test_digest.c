/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests against the published vectors: FIPS 180-4, RFC 4231, RFC 5869.
 */
#include "crypto/digest.h"

#include "../test.h"

#include <pthread.h>
#include <string.h>

static const char *hex_of(const uint8_t digest[SHA256_BYTES])
{
    return hex_format(test_arena(), MEM(digest, SHA256_BYTES));
}

static struct mem filled(int byte, size_t n)
{
    char *p = arena_alloc(test_arena(), n + 1);
    memset(p, byte, n);
    return MEM(p, n);
}

static const char *sha256_hex(struct mem bytes)
{
    uint8_t out[SHA256_BYTES];
    sha256(bytes, out);
    return hex_of(out);
}

TEST(digest_sha256_vectors)
{
    CHECK_TEXT(sha256_hex(MEM_NONE),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_TEXT(sha256_hex(MEM(NULL, 0)),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_TEXT(sha256_hex(mem_text("abc")),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK_TEXT(sha256_hex(mem_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK_TEXT(sha256_hex(filled('a', 1'000'000)),
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* RFC 4231 4.2 to 4.8 (4.6 tests truncation, which nobody here does). */
TEST(digest_hmac_vectors)
{
    uint8_t counting[25];
    for (uint8_t i = 0; i < sizeof counting; i++)
        counting[i] = i + 1;
    const struct {
        struct mem key, data;
        const char *mac;
    } cases[] = {
        { filled(0x0b, 20), mem_text("Hi There"),
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
        { mem_text("Jefe"), mem_text("what do ya want for nothing?"),
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
        { filled(0xaa, 20), filled(0xdd, 50),
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
        { MEM(counting, sizeof counting), filled(0xcd, 50),
          "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
        { filled(0xaa, 131), mem_text("Test Using Larger Than Block-Size Key - Hash Key First"),
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
        { filled(0xaa, 131),
          mem_text("This is a test using a larger than block-size key and a larger than block-size "
                   "data. The key needs to be hashed before being used by the HMAC algorithm."),
          "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t out[SHA256_BYTES];
        hmac_sha256(cases[i].key, cases[i].data, out);
        CHECK_TEXT(hex_of(out), cases[i].mac);
    }
}

TEST(digest_hkdf_vectors)
{
    /* RFC 5869 A.3: no salt, no info. */
    uint8_t out[100], longer[8 * SHA256_BYTES];
    hkdf_sha256(filled(0x0b, 22), "", out, 42);
    CHECK_TEXT(hex_format(test_arena(), MEM(out, 42)),
               "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
               "9d201395faa4b61a96c8");
    /* Made by `openssl kdf -keylen 70 -kdfopt info:cardea/csrf ... HKDF`, so that the label is in.
     */
    hkdf_sha256(filled(0x0b, 32), "cardea/csrf", out, 70);
    CHECK_TEXT(hex_format(test_arena(), MEM(out, 70)),
               "089033233c7d777d767955f08619d8c68c9224f7e8818b797606bb5901029ec1"
               "cbeb661860a68267cbe5267577485bf8762d63f3706cc91c2662ce50d92b3d4f"
               "4bf19b3da0ef");
    /* A longer output begins with the shorter one. */
    hkdf_sha256(filled(0x0b, 32), "cardea/csrf", longer, sizeof longer);
    CHECK(mem_equal(MEM(out, 70), MEM(longer, 70)));
}

TEST(CRY_05_keys_of_two_labels_differ)
{
    uint8_t a[32], b[32];
    hkdf_sha256(filled(7, 32), "cardea/csrf", a, sizeof a);
    hkdf_sha256(filled(7, 32), "cardea/csrg", b, sizeof b);
    CHECK(!mem_equal(MEM(a, 32), MEM(b, 32)));
}

TEST(digest_pieces_cannot_be_shifted)
{
    const struct mem lists[][3] = {
        { mem_text("ab"), mem_text("c"), MEM_NONE }, { mem_text("a"), mem_text("bc"), MEM_NONE },
        { mem_text("abc"), MEM_NONE, MEM_NONE },     { MEM_NONE, mem_text("abc"), MEM_NONE },
        { MEM_NONE, MEM_NONE, mem_text("abc") },
    };
    uint8_t digests[COUNT(lists) + 1][SHA256_BYTES];
    for (size_t i = 0; i < COUNT(lists); i++)
        sha256_pieces(lists[i], 3, digests[i]);
    sha256_pieces(lists[0], 2, digests[COUNT(lists)]);
    for (size_t i = 0; i < COUNT(digests); i++)
        for (size_t j = 0; j < i; j++)
            CHECK(!mem_equal(MEM(digests[i], SHA256_BYTES), MEM(digests[j], SHA256_BYTES)));

    const struct mem one = mem_text("abc");
    uint8_t out[SHA256_BYTES];
    sha256_pieces(&one, 1, out);
    CHECK_TEXT(hex_of(out), sha256_hex(MEM("\0\0\0\0\0\0\0\3abc", 11)));
}

static void *digest_often(void *ret_good)
{
    bool good = true;
    for (int i = 0; i < 2000; i++) {
        uint8_t out[SHA256_BYTES], again[SHA256_BYTES];
        hmac_sha256(MEM(&i, sizeof i), mem_text("x"), out);
        hmac_sha256(MEM(&i, sizeof i), mem_text("x"), again);
        good = good && mem_equal(MEM(out, sizeof out), MEM(again, sizeof again));
    }
    *(bool *)ret_good = good;
    return NULL;
}

TEST(digest_threads_have_contexts_of_their_own)
{
    pthread_t threads[4];
    bool good[COUNT(threads)];
    for (size_t i = 0; i < COUNT(threads); i++)
        REQUIRE(pthread_create(&threads[i], NULL, digest_often, &good[i]) == 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        CHECK(good[i]);
    }
}
