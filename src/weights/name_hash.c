#include "name_hash.h"

#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "fa/sha256.h"

enum { N_DIGITS = 8, PIECE_BYTES = 1 << 18 };

/* The digits in "-0676ba61.pth" at the end of the path; NULL if it does not end so. */
static const char *find_digits(const char *path)
{
    static const char ending[] = ".pth";
    const size_t n = strlen(path), n_ending = sizeof ending - 1;
    const char *digits;

    if (n < 1 + N_DIGITS + n_ending || strcmp(path + n - n_ending, ending) != 0)
        return NULL;
    digits = path + n - n_ending - N_DIGITS;
    if (digits[-1] != '-' || strspn(digits, "0123456789abcdef") != N_DIGITS ||
        strspn(digits, "0123456789") == N_DIGITS)
        return NULL;
    return digits;
}

static fa_status add_content(const struct fa_weights_input *input, char *piece, struct fa_sha256 *hash)
{
    for (uint64_t position = 0; position < input->n_bytes; position += PIECE_BYTES) {
        const uint64_t left = input->n_bytes - position;
        const size_t n = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

        FA_TRY(fa_file_read_at(input->fd, input->path, position, n, piece));
        fa_sha256_add(hash, piece, n);
    }
    return FA_OK;
}

static fa_status hash_content(const struct fa_weights_input *input, unsigned char digest[FA_SHA256_BYTES])
{
    struct fa_sha256 hash;
    char *piece;
    fa_status status;

    fa_sha256_init(&hash);
    FA_TRY(fa_alloc(PIECE_BYTES, 1, &piece));
    status = add_content(input, piece, &hash);
    fa_free(piece);
    fa_sha256_finish(&hash, digest);
    return status;
}

fa_status fa_name_hash_check(const struct fa_weights_input *input)
{
    const char *wanted = find_digits(input->path);
    unsigned char digest[FA_SHA256_BYTES];
    char found[N_DIGITS + 1];

    if (wanted == NULL)
        return FA_OK;
    FA_TRY(hash_content(input, digest));
    snprintf(found, sizeof found, "%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
    if (memcmp(found, wanted, N_DIGITS) == 0)
        return FA_OK;
    return fa_fail(
        FA_EFORMAT,
        "%s: the file's content does not have the hash that its name says, but %s...; it was changed "
        "or cut in transfer; download it again, or rename it to load it as it is",
        input->path, found);
}
