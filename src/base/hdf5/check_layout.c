/*
 * check_layout.c - where the values of a dataset lie: in its header, in one piece, or in chunks.
 */
#include <zlib.h>

#include "check.h"
#include "fa/file.h"

/* What a chunk may be larger than its file. */
enum { CHUNK_ALLOWANCE = 1 << 20 };

static fa_status refuse_size(const struct fa_h5_check *check)
{
    return fa_h5_refuse(check, "it claims more elements than the file holds",
                        "copy the file again, or write it again");
}

/* ---- in one piece ---- */

static fa_status count_bytes(const struct fa_h5_check *check, const struct fa_h5_dataset *dataset,
                             uint64_t *n)
{
    if (__builtin_mul_overflow(dataset->extent.n_elem, dataset->kind.size, n) || *n > check->end)
        return refuse_size(check);
    return FA_OK;
}

static fa_status check_compact(struct fa_h5_check *check, struct fa_h5_bytes bytes,
                               const struct fa_h5_dataset *dataset)
{
    const uint64_t size = fa_h5_number(&bytes, 2);
    uint64_t n_bytes;

    FA_TRY(count_bytes(check, dataset, &n_bytes));
    return size == n_bytes && size <= bytes.left ? FA_OK : refuse_size(check);
}

static fa_status check_contiguous(struct fa_h5_check *check, struct fa_h5_bytes bytes,
                                  const struct fa_h5_dataset *dataset)
{
    const uint64_t address = fa_h5_number(&bytes, 8), size = fa_h5_number(&bytes, 8);
    uint64_t n_bytes;

    FA_TRY(count_bytes(check, dataset, &n_bytes));
    if (bytes.cut || size != n_bytes)
        return refuse_size(check);
    return address == FA_H5_NOWHERE ? FA_OK : fa_h5_claim(check, "values", address, size);
}

/* ---- one chunk ---- */

/* The library takes memory until all is inflated, so that it must first be known to be what it says. */
static fa_status inflate_all(struct fa_h5_check *check, z_stream *stream, uint64_t address, uint64_t n_bytes,
                             uint64_t n_wanted)
{
    unsigned char in[1 << 14], out[1 << 16];
    int code = Z_OK;

    while (code == Z_OK) {
        const size_t n = n_bytes < sizeof in ? (size_t)n_bytes : sizeof in;

        if (stream->avail_in == 0 && n > 0) {
            FA_TRY(fa_file_read_at(check->fd, check->path, address, n, in));
            address += n;
            n_bytes -= n;
            stream->next_in = in;
            stream->avail_in = (unsigned)n;
        }
        stream->next_out = out;
        stream->avail_out = sizeof out;
        code = inflate(stream, Z_NO_FLUSH); /* Z_BUF_ERROR where nothing is left */
        if (stream->total_out > n_wanted)
            break;
    }
    return code == Z_STREAM_END && stream->total_out == n_wanted ? FA_OK
                                                                 : fa_h5_damaged(check, "compressed chunk");
}

static fa_status check_deflated(struct fa_h5_check *check, uint64_t address, uint64_t n_bytes,
                                uint64_t n_wanted)
{
    z_stream stream = {0};
    fa_status status;

    if (inflateInit(&stream) != Z_OK)
        return fa_fail(FA_ENOMEM, "%s: %s: no memory to look into a chunk", check->path, check->name);
    status = inflate_all(check, &stream, address, n_bytes, n_wanted);
    inflateEnd(&stream);
    return status;
}

/* Filters are undone from the last to the first; a bit of mask says that one was left out. */
fa_status fa_h5_check_chunk(struct fa_h5_check *check, const struct fa_h5_chunks *chunks, uint64_t address,
                            uint64_t n_bytes, uint32_t mask)
{
    enum { CHECKSUM = 4 };
    const struct fa_h5_filters *filters = &chunks->dataset->filters;
    uint64_t n_before = chunks->n_bytes, n_after = 0; /* bytes before deflation, and added after it */
    bool is_deflated = false;

    FA_TRY(fa_h5_claim(check, "chunk", address, n_bytes));
    for (int i = 0; i < filters->n; i++) {
        if (mask >> i & 1)
            continue;
        if (filters->id[i] == FA_H5_FLETCHER)
            *(is_deflated ? &n_after : &n_before) += CHECKSUM;
        is_deflated = is_deflated || filters->id[i] == FA_H5_DEFLATE;
    }
    if (!is_deflated)
        return n_bytes == n_before ? FA_OK : fa_h5_damaged(check, "chunk");
    return n_bytes > n_after ? check_deflated(check, address, n_bytes - n_after, n_before)
                             : fa_h5_damaged(check, "chunk");
}

/* ---- chunks ---- */

static fa_status measure_chunks(struct fa_h5_check *check, struct fa_h5_chunks *chunks)
{
    const struct fa_h5_dataset *dataset = chunks->dataset;

    chunks->n_bytes = dataset->kind.size;
    chunks->n_chunks = 1;
    for (int i = 0; i < dataset->extent.n_dims; i++) {
        const uint64_t n = chunks->dims[i], extent = dataset->extent.dims[i];

        if (n == 0 || __builtin_mul_overflow(chunks->n_bytes, n, &chunks->n_bytes))
            return fa_h5_damaged(check, "shape of a chunk");
        chunks->n_chunks *= extent / n + (extent % n > 0); /* at most the number of elements */
    }
    if (chunks->n_bytes > check->end + CHUNK_ALLOWANCE)
        return fa_h5_refuse(check, "its chunks are larger than the file",
                            "write it in smaller ones, or without chunks");
    return FA_OK;
}

/* A chunk's shape, in which an element's size is the last dimension. */
static fa_status read_shape(struct fa_h5_check *check, struct fa_h5_bytes *bytes, uint64_t n_dims,
                            size_t size_bytes, struct fa_h5_chunks *chunks)
{
    if (chunks->dataset->extent.n_dims == 0 || n_dims != (uint64_t)chunks->dataset->extent.n_dims + 1)
        return fa_h5_damaged(check, "shape of a chunk");
    for (int i = 0; i < chunks->dataset->extent.n_dims; i++)
        chunks->dims[i] = fa_h5_number(bytes, size_bytes);
    if (fa_h5_number(bytes, size_bytes) != chunks->dataset->kind.size || bytes->cut)
        return fa_h5_damaged(check, "shape of a chunk");
    return measure_chunks(check, chunks);
}

static fa_status check_chunked(struct fa_h5_check *check, struct fa_h5_bytes bytes,
                               const struct fa_h5_dataset *dataset)
{
    struct fa_h5_chunks chunks = {.dataset = dataset};
    const uint64_t n_dims = fa_h5_number(&bytes, 1), address = fa_h5_number(&bytes, 8);

    FA_TRY(read_shape(check, &bytes, n_dims, 4, &chunks));
    return address == FA_H5_NOWHERE ? FA_OK : fa_h5_check_chunk_tree(check, &chunks, address);
}

static fa_status check_indexed(struct fa_h5_check *check, struct fa_h5_bytes bytes,
                               const struct fa_h5_dataset *dataset)
{
    struct fa_h5_chunks chunks = {.dataset = dataset};
    const unsigned flags = (unsigned)fa_h5_number(&bytes, 1);
    const uint64_t n_dims = fa_h5_number(&bytes, 1), size_bytes = fa_h5_number(&bytes, 1);

    if (size_bytes < 1 || size_bytes > 8)
        return fa_h5_damaged(check, "shape of a chunk");
    FA_TRY(read_shape(check, &bytes, n_dims, (size_t)size_bytes, &chunks));
    return fa_h5_check_chunk_index(check, &bytes, flags, &chunks);
}

fa_status fa_h5_check_layout(struct fa_h5_check *check, struct fa_h5_bytes bytes,
                             const struct fa_h5_dataset *dataset)
{
    enum { COMPACT, CONTIGUOUS, CHUNKED, VIRTUAL };
    const uint64_t version = fa_h5_number(&bytes, 1), class = fa_h5_number(&bytes, 1);

    if (version < 3 || version > 4)
        return fa_h5_refuse(check, "its layout is of a version other than 3 and 4",
                            "write it again with h5py's defaults");
    if (class == VIRTUAL)
        return fa_h5_refuse(check, "its values lie in other datasets (virtual layout)", "copy them into it");
    if (class != CHUNKED && dataset->filters.n > 0)
        return fa_h5_damaged(check, "list of filters");
    if (class == COMPACT)
        return check_compact(check, bytes, dataset);
    if (class == CONTIGUOUS)
        return check_contiguous(check, bytes, dataset);
    if (class == CHUNKED)
        return version == 3 ? check_chunked(check, bytes, dataset) : check_indexed(check, bytes, dataset);
    return fa_h5_damaged(check, "layout");
}
