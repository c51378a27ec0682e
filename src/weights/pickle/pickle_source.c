#include "pickle_source.h"

#include <string.h>

#include "fa/file.h"

void fa_pickle_source_init(struct fa_pickle_source *source, const struct fa_weights_input *input,
                           uint64_t begin, uint64_t end)
{
    source->input = input;
    source->position = begin;
    source->end = end;
    source->piece_begin = source->piece_end = begin;
}

fa_status fa_pickle_source_check(const struct fa_pickle_source *source, uint64_t n_bytes)
{
    if (n_bytes > source->end - source->position)
        return fa_fail(FA_EFORMAT, "%s: ends early: %llu bytes at %llu were expected, %llu are there",
                       source->input->path, (unsigned long long)n_bytes, (unsigned long long)source->position,
                       (unsigned long long)(source->end - source->position));
    return FA_OK;
}

static fa_status next_piece(struct fa_pickle_source *source)
{
    const uint64_t left = source->end - source->position;
    const size_t n = left < sizeof source->piece ? (size_t)left : sizeof source->piece;

    source->piece_begin = source->piece_end = source->position;
    FA_TRY(fa_file_read_at(source->input->fd, source->input->path, source->position, n, source->piece));
    source->piece_end = source->position + n;
    return FA_OK;
}

fa_status fa_pickle_source_read(struct fa_pickle_source *source, size_t n_bytes, void *out)
{
    char *to = out;

    FA_TRY(fa_pickle_source_check(source, n_bytes));
    while (n_bytes > 0) {
        size_t n;

        if (source->position >= source->piece_end)
            FA_TRY(next_piece(source));
        n = (size_t)(source->piece_end - source->position);
        if (n > n_bytes)
            n = n_bytes;
        memcpy(to, source->piece + (source->position - source->piece_begin), n);
        source->position += n;
        to += n;
        n_bytes -= n;
    }
    return FA_OK;
}

void fa_pickle_source_skip(struct fa_pickle_source *source, uint64_t n_bytes)
{
    source->position += n_bytes;
}
