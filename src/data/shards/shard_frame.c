#include "shard_frame.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fa/crc32c.h"
#include "fa/file.h"
#include "fa/memory.h"

#define PIECE ((size_t)1 << 20)

/* Continues *crc over the bytes [begin, end) of the file; piece is scratch. */
static fa_status add_range(int fd, const char *path, uint64_t begin, uint64_t end, void *piece, uint32_t *crc)
{
    while (begin < end) {
        const size_t n = end - begin < PIECE ? (size_t)(end - begin) : PIECE;

        FA_TRY(fa_file_read_at(fd, path, begin, n, piece));
        *crc = fa_crc32c(*crc, piece, n);
        begin += n;
    }
    return FA_OK;
}

fa_status fa_shard_frame_crc_open(int fd, const char *path, const struct fa_manifest_shard *shard,
                                  uint32_t *crc)
{
    void *piece = NULL;
    fa_status st;

    FA_TRY(fa_alloc(PIECE, 1, &piece));
    *crc = 0;
    st = add_range(fd, path, 0, shard->blob_offset, piece, crc);
    if (st == FA_OK)
        st = add_range(fd, path, shard->blob_offset + shard->n_blob, shard->n_bytes, piece, crc);
    fa_free(piece);
    return st;
}

fa_status fa_shard_frame_crc(const char *path, const struct fa_manifest_shard *shard, uint32_t *crc)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    fa_status st;

    if (fd < 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot open", path);
    st = fa_shard_frame_crc_open(fd, path, shard, crc);
    close(fd);
    return st;
}
