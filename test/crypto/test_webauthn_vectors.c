/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test vectors of WebAuthn level 3, section 16: what others made and signed. The RSA key there
 * is the product of two Mersenne primes.
 */
#include "ceremony.h"

#include "../test.h"
#include "base/buf.h"

#include <string.h>

#define EXTRA                                                                               \
    "\"extraData\":\"clientDataJSON may be extended with additional fields in the future, " \
    "such as this: "

struct vector {
    const char *name, *challenge, *client_data, *object; /* registration */
    const char *get_challenge, *get_client_data, *data, *signature;
};

static const struct vector vectors[] = {
    { .name = "none.ES256",
      .challenge = "00c30fb78531c464d2b6771dab8d7b603c01162f2fa486bea70f283ae556e130",
      .client_data = "{\"type\":\"webauthn.create\",\"challenge\":"
                     "\"AMMPt4UxxGTStncdq417YDwBFi8vpIa-pw8oOuVW4TA\","
                     "\"origin\":\"https://example.org\",\"crossOrigin\":false," EXTRA
                     "BkQeDjdcTBrXBiAwJTLE5Q\"}",
      .object =
          "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461"
          "c9c4735ae7f8edd46592a5e0f01452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f39"
          "1db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4a5010203262001215820afefa16f97"
          "ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61225820930a56b87a2fca66334b03458abf"
          "879717c12cc68ed73290af2e2664796b9220",
      .get_challenge = "39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408",
      .get_client_data = "{\"type\":\"webauthn.get\",\"challenge\":"
                         "\"OcDnUhQXulTUPo3JUXT0I97pvzzYBP9tZchXyav01Ag\","
                         "\"origin\":\"https://example.org\",\"crossOrigin\":false}",
      .data = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000",
      .signature =
          "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f"
          "0b93538174f575bf11a1dd5d78c6e486013f937295ea13653e331e87" },
    { .name = "packed-self.ES256",
      .challenge = "7869c2b772d4b58eba9378cf8f29e26cf935aa77df0da89fa99c0bdc0a76f7e5",
      .client_data = "{\"type\":\"webauthn.create\",\"challenge\":"
                     "\"eGnCt3LUtY66k3jPjynibPk1qnffDaifqZwL3Ap29-U\","
                     "\"origin\":\"https://example.org\",\"crossOrigin\":false," EXTRA
                     "U9hTXvKE2URkMnb_0xYHVg\"}",
      .object =
          "a363666d74667061636b65646761747453746d74a263616c672663736967584630440220067a20754ab92500"
          "5dbf378097c92120031581c73228d1fb4f5b881bcd7da98302207fc7b147558c7c0eba3af18bd9d121fa3d3a"
          "26d17fe3f220272178f473b6006d68617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7"
          "f8edd46592a5e0f01452b2e4b55d00000000df850e09db6afbdfab51697791506cfc0020455ef34e2043a87d"
          "b3d4afeb39bbcb6cc32df9347c789a865ecdca129cbef58ca5010203262001215820eb151c8176b225cc6515"
          "59fecf07af450fd85802046656b34c18f6cf193843c5225820927b8aa427a2be1b8834d233a2d34f61f13bfd"
          "44119c325d5896e183fee484f2",
      .get_challenge = "4478a10b1352348dd160c1353b0d469b5db19eb91c27f7dfa6fed39fe26af20b",
      .get_client_data = "{\"type\":\"webauthn.get\",\"challenge\":\"RHihCxNSNI3RYME1Ow1Gm12xnrkcJ_"
                         "ffpv7Tn-Jq8gs\","
                         "\"origin\":\"https://example.org\",\"crossOrigin\":false," EXTRA
                         "gTb53rz6EhSWomXGzimC1Q\"}",
      .data = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b50900000000",
      .signature =
          "304402203310b9431903c401f1be2bdc8d23a4007682dbbddcf846994947b7f465daf84002204e94dd00047b"
          "316061b3b99772b7efd95994a83ef584b3b6b825ea3550251b66" },
    { .name = "packed.EdDSA",
      .challenge = "a8abf9dabdc6b0df63466b39bda9e8a34a34e185337a59f1c579990676d3b3bd",
      .client_data = "{\"type\":\"webauthn.create\",\"challenge\":"
                     "\"qKv52r3GsN9jRms5vanoo0o04YUzelnxxXmZBnbTs70\","
                     "\"origin\":\"https://example.org\",\"crossOrigin\":false," EXTRA
                     "B_DT5g7ZD_-9OTLYX5IvEQ\"}",
      .object =
          "a363666d74667061636b65646761747453746d74a363616c67266373696758483046022100d83f60bd802695"
          "37583218858aefb03ac57d45fa06e42feaae332d187f62da9f022100a02bd3cb6f7e1d283c93bad1f3f4b5a4"
          "c0494463da7fdbf256949116754d1f17637835638159022730820223308201c8a003020102021100b2cfc9ea"
          "33c8643b0e1a760463eaf164300a06082a8648ce3d0403023062311e301c06035504030c1557656241757468"
          "6e207465737420766563746f7273310c300a060355040a0c0357334331253023060355040b0c1c4175746865"
          "6e74696361746f72204174746573746174696f6e204341310b30090603550406130241413020170d32343031"
          "30313030303030305a180f33303234303130313030303030305a305f311e301c06035504030c155765624175"
          "74686e207465737420766563746f7273310c300a060355040a0c0357334331223020060355040b0c19417574"
          "68656e74696361746f72204174746573746174696f6e310b30090603550406130241413059301306072a8648"
          "ce3d020106082a8648ce3d03010703420004dd2b7a564b73b8c0b81c4c62e521925c4d1198ec9f583dbf1eeb"
          "e364b65cd9c29a9bdf346aaa81fb6b9507e5249a52fdaf8e39e26b0b7dc45992a7e233b70f70a360305e300c"
          "0603551d130101ff04023000300e0603551d0f0101ff040403020780301d0603551d0e041604140ae27546bc"
          "7eccb1b4b597bd354f0c0b1f1f8f8e301f0603551d2304183016801445aff715b0dd786741fee996ebc16547"
          "a3931b1e300a06082a8648ce3d0403020349003046022100a0d434ecb5fc3bfd7da5f41904517ad2836249f5"
          "61bd834ba7a438a8ab7a4ce8022100fac845bb7a02513b58e9f319654dbe49b0f02b95835bac568c71f8a18c"
          "dde9ab6861757468446174615881bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2"
          "e4b54100000000d5aa33581e8ca478e20fe713f5d32ff20020ce9f840ed96599580cd140fbc7bb3230633f50"
          "f61041aff73308ae71caa8a2bda401010327200621582044e06ddd331c36a8dc667bab52bcae63486c916aa5"
          "e339e6acebaa84934bf832",
      .get_challenge = "895957e01c633a698348a2d8a31a54b7db27e8c1c43b2080d79ae2190267bfd2",
      .get_client_data = "{\"type\":\"webauthn.get\",\"challenge\":"
                         "\"iVlX4BxjOmmDSKLYoxpUt9sn6MHEOyCA15riGQJnv9I\","
                         "\"origin\":\"https://example.org\",\"crossOrigin\":false}",
      .data = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b50100000000",
      .signature =
          "f5c59c7e46c34f6f8cc197101ddf9934fa2595f68eb1913a637e8419eb9ba4cfdfc48f85393bc0d40b011f0d"
          "6fecb097d6607525713223a0dc0d453993dae00b" },
};

/* Asked for from inside another site's page. */
static const struct vector cross_origin = {
    .name = "none.ES256.crossOrigin",
    .challenge = "3be5aacd03537142472340ab5969f240f1d87716e20b6807ac230655fa4b3b49",
    .client_data = "{\"type\":\"webauthn.create\",\"challenge\":\"O-"
                   "WqzQNTcUJHI0CrWWnyQPHYdxbiC2gHrCMGVfpLO0k\","
                   "\"origin\":\"https://example.org\",\"crossOrigin\":true," EXTRA
                   "zZquEtDR9DWqpW5tBWTFug\"}",
    .object =
        "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461"
        "c9c4735ae7f8edd46592a5e0f01452b2e4b54500000000883f4f6014f19c09d87aa38123be48d000206e1050"
        "c0d2ca2f07c755cb2c66a74c64fa43065c18f938354d9915db2bd5ce57a501020326200121582022200a473f"
        "90b11078851550d03b4e44a2279f8c4eca27b3153dedfe03e4e97d225820cbd0be95e746ad6f5a8191be1175"
        "6e4c0420e72f65b466d39bc56b8b123a9c6e"
};

static const struct vector rs256 = {
    .name = "packed.RS256",
    .get_challenge = "295f59f5fa8fe62c5aca9e27626c78c8da376ae6d8cd2dd29aebad601e1bc4c5",
    .get_client_data =
        "{\"type\":\"webauthn.get\",\"challenge\":\"KV9Z9fqP5ixayp4nYmx4yNo3aubYzS3SmuutYB4bxMU\","
        "\"origin\":\"https://example.org\",\"crossOrigin\":false}",
    .data = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000",
    .signature =
        "01063d52d7c39b4d432fc7063c5d93e582bdcb16889cd71f888d67d880ea730a428498d3bc8e1ee11f2b1ecb"
        "e6c292b118c55ffaaddefa8cad0a54dd137c51f1eec673f1bb6c4d1789d6826a222b22d0f585fc901fdc9332"
        "12e579d199b89d672aa44891333e6a1355536025e82b25590256c3538229b55737083b2f6b9377e49e2472f1"
        "1952f79fdd0da180b5ffd901b4049a8f081bb40711bef76c62aed943571f2d0575304cb549d68d8892f95086"
        "a30f93716aee818f8dc06e96c0d5e0ed4cfa9fd8773d90464b68cf140f7986666ff9c9e3302acd0535d60d76"
        "9f465e2ab57ef8aabc89fccfef7ba32a64154a8b3d26be2298f470b8cc5377dbe3dfd4b0b45f8f01e63bde6c"
        "fc76b62771f9b70aa27cf40152cad93aa5acd784fd4b90f676e2ea828d0bf2400aebbaae4153e5838f537f88"
        "b6228346782a93a899be66ec77de45b3efcf311da6321c92e6b0cd11bfe653bf3e98cee8e341f02d67dbb6f9"
        "c98d9e8178090cfb5b70fbc6d541599ac794ae2f1d4de1286ec8de8c2daf7b1d15c8438e90d924df5c190452"
        "20a4c8438c1b979bbe016cf3d0eeec23c3999d4882cc645b776de930756612cdc6dd398160ff02a6"
};

static struct mem hex(const char *digits)
{
    size_t n = strlen(digits) / 2;
    uint8_t *bytes = arena_alloc(test_arena(), n + 1);
    CHECK(hex_parse(digits, bytes, n));
    return MEM(bytes, n);
}

static struct webauthn_ceremony asked(const char *challenge)
{
    static const char *const origins[] = { "https://example.org" };
    return (struct webauthn_ceremony){ .rp_id = "example.org",
                                       .origins = origins,
                                       .origin_count = 1,
                                       .challenge = hex(challenge),
                                       .algorithms = webauthn_algorithms,
                                       .algorithm_count = WEBAUTHN_ALGORITHMS };
}

/* The id is what stands 55 bytes into the authenticator data, in all of them 32 bytes long. */
static int register_vector(const struct vector *v, const struct webauthn_registered **ret)
{
    struct webauthn_ceremony ceremony = asked(v->challenge);
    const char *data = strstr(v->object, "bfabc37432958b06");
    struct mem id = hex(text_copy(test_arena(), MEM(data + 2 * 55, 64)));
    struct webauthn_attestation answer = { .id = id,
                                           .client_data = mem_text(v->client_data),
                                           .attestation_object = hex(v->object) };
    enum webauthn_refusal why;
    enum err e = webauthn_register(test_arena(), &ceremony, &answer, ret, &why);
    CHECK_ERR(e, why ? E_INVALID : OK);
    return (int)why;
}

static int assert_vector(const struct vector *v, struct webauthn_stored stored)
{
    struct webauthn_ceremony ceremony = asked(v->get_challenge);
    struct webauthn_assertion answer = { .id = stored.id,
                                         .client_data = mem_text(v->get_client_data),
                                         .authenticator_data = hex(v->data),
                                         .signature = hex(v->signature) };
    const struct webauthn_verified *verified;
    enum webauthn_refusal why;
    enum err e = webauthn_assert(test_arena(), &ceremony, &stored, &answer, &verified, &why);
    CHECK_ERR(e, why ? E_INVALID : OK);
    return (int)why;
}

TEST(webauthn_vectors_of_the_specification)
{
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const struct webauthn_registered *registered;
        if (!CHECK_NUM(register_vector(&vectors[i], &registered), 0))
            continue;
        const struct webauthn_credential *c = webauthn_credential(registered);
        struct webauthn_stored stored = { c->id, c->public_key, MEM_NONE, c->sign_count,
                                          c->is_backup_eligible };
        CHECK_NUM(c->algorithm, i == 2 ? WEBAUTHN_EDDSA : WEBAUTHN_ES256);
        CHECK_NUM(assert_vector(&vectors[i], stored), 0);
        stored.is_backup_eligible = !stored.is_backup_eligible;
        CHECK_NUM(assert_vector(&vectors[i], stored), WEBAUTHN_BAD_BACKUP);
    }
}

TEST(webauthn_vector_from_another_site)
{
    const struct webauthn_registered *registered;
    CHECK_NUM(register_vector(&cross_origin, &registered), WEBAUTHN_BAD_CROSS_ORIGIN);
    CHECK(registered == NULL);
}

/* (2^1279 - 1) (2^2203 - 1): bits 1279 to 3481 but 2203, and bit 0. */
static struct mem mersenne_key(void)
{
    uint8_t modulus[436] = { 0 };
    struct buf out;
    modulus[435] = 1;
    for (int bit = 1279; bit < 3482; bit++)
        if (bit != 2203)
            modulus[435 - bit / 8] |= (uint8_t)(1 << bit % 8);
    buf_init(&out, test_arena(), 512);
    soft_cbor_head(&out, 5, 4);
    for (size_t i = 0; i < 5; i++)
        soft_cbor_num(&out, (const int[]){ 1, 3, 3, -257, -1 }[i]);
    soft_cbor_bytes(&out, MEM(modulus, sizeof modulus));
    soft_cbor_num(&out, -2);
    soft_cbor_bytes(&out, MEM("\1\0\1", 3));
    return buf_mem(&out);
}

TEST(webauthn_vector_of_rsa)
{
    struct webauthn_stored stored = { .id = mem_text("id"),
                                      .public_key = mersenne_key(),
                                      .user_handle = MEM_NONE,
                                      .is_backup_eligible = true };
    CHECK_NUM(assert_vector(&rs256, stored), 0);
}
