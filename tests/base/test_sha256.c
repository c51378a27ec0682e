/* SHA-256 against the examples of FIPS 180-4 and NIST's, and in pieces. */
#include <stdio.h>
#include <string.h>

#include "fa/sha256.h"
#include "support.h"

static void finish(struct fa_sha256 *hash, char *text)
{
    unsigned char digest[FA_SHA256_BYTES];

    fa_sha256_finish(hash, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

static void assert_hash(const void *data, size_t n_bytes, const char *digest)
{
    struct fa_sha256 hash;
    char text[2 * FA_SHA256_BYTES + 1];

    fa_sha256_init(&hash);
    fa_sha256_add(&hash, data, n_bytes);
    finish(&hash, text);
    assert_string_equal(text, digest);
}

static void published_hashes_are_met(void **state)
{
    static const char *const examples[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmno"
         "pqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        assert_hash(examples[i][0], strlen(examples[i][0]), examples[i][1]);
}

/* NIST's example of a long message: a million times "a". */
static void pieces_of_any_length_give_the_hash_of_the_whole(void **state)
{
    static const size_t lengths[] = {1, 7, 63, 64, 65, 1000};
    char bytes[1000], text[2 * FA_SHA256_BYTES + 1];

    (void)state;
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct fa_sha256 hash;

        fa_sha256_init(&hash);
        for (size_t left = 1000000, n; left > 0; left -= n) {
            n = left < lengths[i] ? left : lengths[i];
            fa_sha256_add(&hash, bytes, n);
        }
        finish(&hash, text);
        assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
}

/* Around a block, where the length does or does not fit behind the last bytes: from Python's hashlib. */
static void every_length_of_the_last_block_is_padded_rightly(void **state)
{
    static const struct {
        size_t n_bytes;
        const char *digest;
    } zeros[] = {
        {55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"},
        {56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"},
        {63, "c7723fa1e0127975e49e62e753db53924c1bd84b8ac1ac08df78d09270f3d971"},
        {64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"},
        {119, "f616b0d54e78571a9611f343c9f8e022e859e920381ab0e4d3da01e193a7bd7e"},
        {120, "6edd9f6f9cc92cded36e6c4a580933f9c9f1b90562b46903b806f21902a1a54f"},
        {128, "38723a2e5e8a17aa7950dc008209944e898f69a7bd10a23c839d341e935fd5ca"},
    };
    static const char bytes[128];

    (void)state;
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++)
        assert_hash(bytes, zeros[i].n_bytes, zeros[i].digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_hashes_are_met),
        cmocka_unit_test(pieces_of_any_length_give_the_hash_of_the_whole),
        cmocka_unit_test(every_length_of_the_last_block_is_padded_rightly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
