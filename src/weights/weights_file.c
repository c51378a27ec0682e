#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/file.h"
#include "fa/h5.h"
#include "fa/memory.h"
#include "fa/weights.h"
#include "weights_meta.h"

static fa_status write_content(struct fa_h5 *file, const struct fa_tensor *tensors, size_t n,
                               const struct fa_weights_meta *meta)
{
    for (size_t i = 0; i < n; i++) {
        const struct fa_tensor *tensor = &tensors[i];

        FA_TRY(fa_h5_write(file, tensor->name, FA_H5_F32, tensor->n_dims, tensor->dims, tensor->data));
    }
    return meta != NULL ? fa_weights_meta_write(file, meta) : FA_OK;
}

static fa_status write_whole(const char *path, const struct fa_tensor *tensors, size_t n,
                             const struct fa_weights_meta *meta)
{
    struct fa_h5 *file;

    FA_TRY(fa_h5_create(path, &file));
    return fa_h5_finish(file, write_content(file, tensors, n, meta));
}

fa_status fa_weights_write(const char *path, const struct fa_tensor *tensors, size_t n,
                           const struct fa_weights_meta *meta)
{
    char *temporary;
    fa_status status;

    FA_TRY(fa_file_temporary_name(path, &temporary));
    status = write_whole(temporary, tensors, n, meta);
    if (status == FA_OK)
        status = fa_file_commit(temporary, path);
    else
        remove(temporary);
    fa_free(temporary);
    return status;
}

/* What reading needs at each dataset. */
struct reader {
    const char *path;
    struct fa_h5 *h5;
    struct fa_weights_file *file;
    size_t size; /* tensors that file->tensors has room for */
};

static fa_status check_dataset(const char *path, const char *name, const struct fa_h5_info *info)
{
    if (info->type != FA_H5_F32)
        return fa_fail(FA_EFORMAT, "%s: %s: is not float32; weights files hold nothing else", path, name);
    if (info->n_dims > FA_TENSOR_MAX_DIMS)
        return fa_fail(FA_EFORMAT, "%s: %s: has %d dimensions where at most %d are expected", path, name,
                       info->n_dims, FA_TENSOR_MAX_DIMS);
    return FA_OK;
}

/* The next tensor of the file, with room for it; it counts, and is freed with the file, from here on. */
static fa_status next_tensor(struct reader *reader, struct fa_tensor **tensor)
{
    struct fa_weights_file *file = reader->file;

    if (file->n == reader->size) {
        size_t size = 2 * reader->size + 64;

        FA_TRY(fa_realloc(&file->tensors, size, sizeof *file->tensors));
        reader->size = size;
    }
    *tensor = &file->tensors[file->n++];
    **tensor = (struct fa_tensor){.name = NULL};
    return FA_OK;
}

static fa_status read_tensor(void *context, const char *name, const struct fa_h5_info *info)
{
    struct reader *reader = context;
    struct fa_tensor *tensor;
    char *own_name;

    FA_TRY(check_dataset(reader->path, name, info));
    FA_TRY(next_tensor(reader, &tensor));
    FA_TRY(fa_strdup(name, &own_name));
    tensor->name = own_name;
    tensor->n_dims = info->n_dims;
    memcpy(tensor->dims, info->dims, sizeof tensor->dims);
    tensor->n_elem = (size_t)info->n_elem;
    FA_TRY(fa_alloc(tensor->n_elem, sizeof *tensor->data, &tensor->data));
    return fa_h5_read(reader->h5, name, FA_H5_F32, info->n_elem, tensor->data);
}

static fa_status read_content(const char *path, struct fa_h5 *h5, struct fa_weights_file *file)
{
    struct reader reader = {.path = path, .h5 = h5, .file = file};

    FA_TRY(fa_h5_visit(h5, read_tensor, &reader)); /* in name order, as tensors are to be */
    return fa_weights_meta_read(h5, path, &file->meta, &file->has_meta);
}

static fa_status read_whole(const char *path, struct fa_weights_file *file)
{
    struct fa_h5 *h5;

    FA_TRY(fa_h5_open(path, &h5));
    return fa_h5_finish(h5, read_content(path, h5, file));
}

fa_status fa_weights_read(const char *path, struct fa_weights_file **out)
{
    struct fa_weights_file *file;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_alloc_zero(1, sizeof *file, &file));
    status = read_whole(path, file);
    if (status == FA_OK)
        *out = file;
    else
        fa_weights_free(file);
    return status;
}

void fa_weights_free(struct fa_weights_file *file)
{
    if (file == NULL)
        return;
    for (size_t i = 0; i < file->n; i++) {
        fa_free((char *)(uintptr_t)file->tensors[i].name); /* borrowed in general, the file's own here */
        fa_free(file->tensors[i].data);
    }
    fa_free(file->tensors);
    fa_weights_meta_clear(&file->meta);
    fa_free(file);
}

static int compare_name(const void *name, const void *tensor)
{
    return strcmp(name, ((const struct fa_tensor *)tensor)->name);
}

const struct fa_tensor *fa_weights_find(const struct fa_weights_file *file, const char *name)
{
    if (file->n == 0)
        return NULL;
    return bsearch(name, file->tensors, file->n, sizeof *file->tensors, compare_name);
}
