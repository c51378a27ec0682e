#include "drawn_file.h"

#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"

#define HEAD_BYTES   256 /* of a picture: its comment comes after the first segment of libjpeg */
#define JPEG_QUALITY 92

static bool has_comment(const char *path, const char *comment)
{
    char *head;
    size_t n;
    bool has;

    if (fa_file_read_head(path, HEAD_BYTES, &head, &n) != FA_OK)
        return false;
    has = memmem(head, n, comment, strlen(comment)) != NULL;
    fa_free(head);
    return has;
}

fa_status fa_drawn_file_check(const char *path, const char *comment)
{
    if (!fa_file_exists(path) || has_comment(path, comment))
        return FA_OK;
    return fa_fail(FA_EINVAL, "%s: is there already and was not drawn by this program; choose another --out",
                   path);
}

fa_status fa_drawn_file_write(const char *path, const struct fa_picture *picture, const char *comment)
{
    uint8_t *data;
    size_t n_bytes;
    fa_status status;

    FA_TRY(fa_jpeg_encode(picture, JPEG_QUALITY, false, comment, &data, &n_bytes));
    status = fa_file_write_atomic(path, data, n_bytes);
    fa_free(data);
    return status;
}
