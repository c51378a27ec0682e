/*
 * frame.c - the door for pixels: they go up as bytes, and become the network's input on the GPU.
 */
#include <string.h>

#include "backend.h"

static struct fa_cuda_normalize normalize_of(const struct fa_normalize *given)
{
    struct fa_cuda_normalize normalize = {.to_rgb = given->to_rgb};

    memcpy(normalize.mean, given->mean, sizeof normalize.mean);
    memcpy(normalize.std, given->std, sizeof normalize.std);
    return normalize;
}

fa_status fa_cuda_import_frame(struct fa_backend *backend, struct fa_shape shape,
                               const struct fa_frame *frame, void *activation)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    const size_t n_bytes = 3 * (size_t)frame->w * (size_t)frame->h;
    const size_t most = 3 * fa_cuda_positions(shape);
    const struct fa_cuda_frame size = {frame->w, frame->h, frame->flip.horizontal, frame->flip.vertical};
    const struct fa_cuda_normalize normalize = normalize_of(&frame->normalize);
    const void *size_up;

    FA_TRY(fa_cuda_room_grow(queue, &queue->pixels, most, false));
    size_up = fa_cuda_send_up(queue, &size, sizeof size);
    fa_backend_put(backend, queue->pixels.memory, frame->rgb, n_bytes);
    fa_cuda_note(queue,
                 queue->device->kernels.image(queue->stream, queue->device->type, queue->pixels.memory,
                                              size_up, &normalize, shape.h, shape.w, fa_cuda_padded(shape.c),
                                              activation),
                 "import of pixels");
    return FA_OK;
}
