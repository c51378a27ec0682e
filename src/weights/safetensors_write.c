#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fa/json.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "safetensors_meta.h"

static struct fa_json *new_offsets(uint64_t begin, uint64_t end)
{
    struct fa_json *offsets = fa_json_new_array();

    if (offsets == NULL || !fa_json_append(offsets, fa_json_new_number((double)begin)) ||
        !fa_json_append(offsets, fa_json_new_number((double)end))) {
        fa_json_free(offsets);
        return NULL;
    }
    return offsets;
}

static struct fa_json *new_shape(const struct fa_tensor *tensor)
{
    struct fa_json *shape = fa_json_new_array();

    for (int i = 0; i < tensor->n_dims && shape != NULL; i++)
        if (!fa_json_append(shape, fa_json_new_number((double)tensor->dims[i]))) {
            fa_json_free(shape);
            return NULL;
        }
    return shape;
}

static struct fa_json *new_entry(const struct fa_tensor *tensor, uint64_t begin)
{
    struct fa_json *entry = fa_json_new_object();

    if (entry == NULL || !fa_json_set(entry, "dtype", fa_json_new_string("F32")) ||
        !fa_json_set(entry, "shape", new_shape(tensor)) ||
        !fa_json_set(entry, "data_offsets",
                     new_offsets(begin, begin + tensor->n_elem * sizeof *tensor->data))) {
        fa_json_free(entry);
        return NULL;
    }
    return entry;
}

static fa_status fill_header(const char *path, struct fa_json *header, const struct fa_tensor *tensors,
                             size_t n, const struct fa_weights_meta *meta)
{
    uint64_t begin = 0;

    FA_TRY(fa_safetensors_meta_write(header, meta));
    for (size_t i = 0; i < n; i++) {
        if (fa_json_get(header, tensors[i].name) != NULL)
            return fa_fail(FA_EINVAL, "%s: %s: cannot be written twice", path, tensors[i].name);
        if (!fa_json_set(header, tensors[i].name, new_entry(&tensors[i], begin)))
            return fa_fail(FA_ENOMEM, "%s: out of memory for the names of %zu tensors", path, n);
        begin += tensors[i].n_elem * sizeof *tensors[i].data;
    }
    return FA_OK;
}

static fa_status print_header(const char *path, const struct fa_tensor *tensors, size_t n,
                              const struct fa_weights_meta *meta, char **text)
{
    struct fa_json *header = fa_json_new_object();
    fa_status status;

    if (header == NULL)
        return fa_fail(FA_ENOMEM, "%s: out of memory for the header", path);
    status = fill_header(path, header, tensors, n, meta);
    if (status == FA_OK)
        status = fa_json_print(header, false, text);
    fa_json_free(header);
    return status;
}

/* Blanks after the header put the tensors at a multiple of eight bytes. */
static bool write_all(FILE *stream, const char *header, const struct fa_tensor *tensors, size_t n)
{
    const size_t n_header = strlen(header);
    const uint64_t length = (n_header + 7) / 8 * 8;

    if (fwrite(&length, sizeof length, 1, stream) != 1 || fwrite(header, 1, n_header, stream) != n_header ||
        fwrite("       ", 1, length - n_header, stream) != length - n_header)
        return false;
    for (size_t i = 0; i < n; i++)
        if (fwrite(tensors[i].data, sizeof *tensors[i].data, tensors[i].n_elem, stream) != tensors[i].n_elem)
            return false;
    return true;
}

static fa_status write_whole(struct fa_new_file *file, const char *header, const struct fa_tensor *tensors,
                             size_t n)
{
    FILE *stream;
    bool written;

    FA_TRY(fa_new_file_stream(file, &stream));
    written = write_all(stream, header, tensors, n);
    if (fclose(stream) != 0 || !written)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot write", fa_new_file_path(file));
    return FA_OK;
}

static fa_status write_durably(const char *path, const char *header, const struct fa_tensor *tensors,
                               size_t n)
{
    struct fa_new_file *file;

    FA_TRY(fa_new_file_open(path, &file));
    return fa_new_file_finish(file, write_whole(file, header, tensors, n));
}

fa_status fa_safetensors_write(const char *path, const struct fa_tensor *tensors, size_t n,
                               const struct fa_weights_meta *meta)
{
    char *header;
    fa_status status;

    FA_TRY(print_header(path, tensors, n, meta, &header));
    status = write_durably(path, header, tensors, n);
    fa_free(header);
    return status;
}
