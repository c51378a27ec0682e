/* weights_h5.c - weights files as HDF5 has them: one dataset a tensor. */
#include "fa/h5.h"
#include "fa/memory.h"
#include "fa/weights.h"
#include "weights_meta.h"
#include "weights_readers.h"

struct content {
    const struct fa_tensor *tensors;
    size_t n;
    const struct fa_weights_meta *meta;
};

static fa_status write_content(void *context, struct fa_h5 *file)
{
    const struct content *content = context;

    for (size_t i = 0; i < content->n; i++) {
        const struct fa_tensor *tensor = &content->tensors[i];

        FA_TRY(fa_h5_write(file, tensor->name, FA_H5_F32, tensor->n_dims, tensor->dims, tensor->data));
    }
    return content->meta != NULL ? fa_weights_meta_write(file, content->meta) : FA_OK;
}

fa_status fa_weights_write(const char *path, const struct fa_tensor *tensors, size_t n,
                           const struct fa_weights_meta *meta)
{
    struct content content = {tensors, n, meta};

    return fa_h5_save(path, write_content, &content);
}

/* What reading needs at each dataset. */
struct reader {
    struct fa_h5 *h5;
    struct fa_weights_set *set;
};

static fa_status read_tensor(void *context, const char *name, const struct fa_h5_info *info)
{
    struct reader *reader = context;
    struct fa_tensor *tensor;

    if (info->type != FA_H5_F32)
        return fa_fail(FA_EFORMAT, "%s: %s: is not float32; weights files hold nothing else",
                       reader->set->path, name);
    FA_TRY(fa_weights_set_add(reader->set, name, info->n_dims, info->dims, &tensor));
    return fa_h5_read(reader->h5, name, FA_H5_F32, info->n_elem, tensor->data);
}

static fa_status read_content(struct fa_h5 *h5, struct fa_weights_set *set)
{
    struct reader reader = {.h5 = h5, .set = set};

    FA_TRY(fa_h5_check_version(h5, "freeanchor-weights", 1));
    FA_TRY(fa_h5_visit(h5, read_tensor, &reader));
    return fa_weights_meta_read(h5, set->path, &set->file->meta, &set->file->has_meta);
}

fa_status fa_weights_read_h5(const struct fa_weights_input *input, struct fa_weights_set *set)
{
    struct fa_h5 *h5;

    FA_TRY(fa_h5_open(input->path, &h5));
    return fa_h5_finish(h5, read_content(h5, set));
}
