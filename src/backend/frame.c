/*
 * frame.c - the door for pixels. A backend without one of its own takes them as the host's CHW floats.
 */
#include <assert.h>

#include "fa/memory.h"
#include "fa/trace.h"
#include "ops.h"

/* Of a share of work for a thread. */
enum { ROWS_AT_A_TIME = 32 };

static fa_status grow(struct fa_backend *backend, size_t want)
{
    if (want <= backend->frame.n)
        return FA_OK;
    FA_TRY(fa_realloc(&backend->frame.chw, want, sizeof *backend->frame.chw));
    backend->frame.n = want;
    return FA_OK;
}

static fa_status import_by_chw(struct fa_backend *backend, struct fa_shape shape,
                               const struct fa_frame *frame, fa_real *activation)
{
    FA_TRY(grow(backend, fa_shape_elements(shape)));
#pragma omp parallel for schedule(static) num_threads(backend->n_threads)
    for (int y = 0; y < shape.h; y += ROWS_AT_A_TIME)
        fa_frame_rows_to_chw(frame, shape.h, shape.w, y,
                             shape.h - y < ROWS_AT_A_TIME ? shape.h - y : ROWS_AT_A_TIME, backend->frame.chw);
    backend->ops->import_chw(backend, shape, backend->frame.chw, activation);
    return FA_OK;
}

fa_status fa_backend_import_frame(struct fa_backend *backend, struct fa_shape shape,
                                  const struct fa_frame *frame, void *activation)
{
    const int span = fa_backend_span_begin(backend, "import image");
    fa_status status;

    assert(shape.c == 3 && frame->w > 0 && frame->h > 0 && frame->w <= shape.w && frame->h <= shape.h);
    assert(frame->rgb != NULL && activation != NULL);
    status = backend->ops->import_frame != NULL
                 ? backend->ops->import_frame(backend, shape, frame, activation)
                 : import_by_chw(backend, shape, frame, activation);
    fa_backend_span_end(backend, span);
    return status;
}
