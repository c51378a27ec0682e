#include <inttypes.h>
#include <string.h>

#include "fa/h5.h"
#include "fa/memory.h"
#include "hdf5_room.h"

/* offset[i] is where string i begins among the bytes end to end; offset[n] is their number. */
static void join(size_t n, const char *const *strings, const int64_t *offset, char *bytes)
{
    for (size_t i = 0; i < n; i++)
        memcpy(bytes + offset[i], strings[i], (size_t)(offset[i + 1] - offset[i]));
}

static fa_status write_both(struct fa_h5 *file, const char *name, const char *offset_name, size_t n,
                            const char *bytes, const int64_t *offset)
{
    const int64_t n_offsets = (int64_t)n + 1;

    FA_TRY(fa_h5_write(file, name, FA_H5_U8, 1, &offset[n], bytes));
    return fa_h5_write(file, offset_name, FA_H5_I64, 1, &n_offsets, offset);
}

fa_status fa_h5_write_strings(struct fa_h5 *file, const char *name, size_t n, const char *const *strings)
{
    int64_t *offset = NULL;
    char *bytes = NULL, *offset_name = NULL;
    fa_status status = fa_alloc(n + 1, sizeof *offset, &offset);

    if (status != FA_OK)
        goto out;
    offset[0] = 0;
    for (size_t i = 0; i < n; i++)
        offset[i + 1] = offset[i] + (int64_t)strlen(strings[i]);
    status = fa_alloc((size_t)offset[n], 1, &bytes);
    if (status != FA_OK)
        goto out;
    join(n, strings, offset, bytes);
    status = fa_asprintf(&offset_name, "%s_offset", name);
    if (status == FA_OK)
        status = write_both(file, name, offset_name, n, bytes, offset);
out:
    fa_free(offset_name);
    fa_free(bytes);
    fa_free(offset);
    return status;
}

/* Offsets rise from 0 to n_bytes, and no string holds a zero byte, which would cut it. */
static fa_status check_strings(const struct fa_h5 *file, const char *name, const int64_t *offset,
                               int64_t n_offsets, const char *bytes, int64_t n_bytes)
{
    if (n_offsets < 1 || offset[0] != 0 || offset[n_offsets - 1] != n_bytes)
        return fa_fail(FA_EFORMAT, "%s: %s: the offsets do not span its %" PRId64 " bytes", file->path, name,
                       n_bytes);
    for (int64_t i = 1; i < n_offsets; i++)
        if (offset[i] < offset[i - 1])
            return fa_fail(FA_EFORMAT, "%s: %s: offset %" PRId64 " is less than the one before it",
                           file->path, name, i);
    if (memchr(bytes, '\0', (size_t)n_bytes) != NULL)
        return fa_fail(FA_EFORMAT, "%s: %s: a string holds a zero byte", file->path, name);
    return FA_OK;
}

/* One block: the pointers, then the texts that they point to. */
static fa_status make_block(size_t n, const int64_t *offset, const char *bytes, char ***strings)
{
    size_t n_pointer_bytes, n_text_bytes, n_block_bytes;
    char **block, *text;

    if (!fa_size_mul(n, sizeof *block, &n_pointer_bytes) ||
        !fa_size_add((size_t)offset[n], n, &n_text_bytes) ||
        !fa_size_add(n_pointer_bytes, n_text_bytes, &n_block_bytes))
        return fa_fail(FA_ENOMEM, "%zu strings are more than memory can hold", n);
    FA_TRY(fa_alloc(n_block_bytes, 1, &block));
    text = (char *)(block + n);
    for (size_t i = 0; i < n; i++) {
        size_t length = (size_t)(offset[i + 1] - offset[i]);

        block[i] = text;
        memcpy(text, bytes + offset[i], length);
        text[length] = '\0';
        text += length + 1;
    }
    *strings = block;
    return FA_OK;
}

fa_status fa_h5_read_strings(struct fa_h5 *file, const char *name, size_t *n, char ***strings)
{
    int64_t *offset = NULL, n_offsets = 0, n_bytes = 0;
    char *bytes = NULL, *offset_name = NULL;
    fa_status status;

    *n = 0;
    *strings = NULL;
    status = fa_asprintf(&offset_name, "%s_offset", name);
    if (status == FA_OK)
        status = fa_h5_read_alloc(file, offset_name, FA_H5_I64, &offset, &n_offsets);
    if (status == FA_OK)
        status = fa_h5_read_alloc(file, name, FA_H5_U8, &bytes, &n_bytes);
    if (status == FA_OK)
        status = check_strings(file, name, offset, n_offsets, bytes, n_bytes);
    if (status == FA_OK)
        status = make_block((size_t)n_offsets - 1, offset, bytes, strings);
    if (status == FA_OK)
        *n = (size_t)n_offsets - 1;
    fa_free(offset_name);
    fa_free(bytes);
    fa_free(offset);
    return status;
}
