#include "torch_state.h"

#include <string.h>

#include "fa/memory.h"
#include "fa/printable.h"
#include "number_format.h"
#include "pickle/pickle_globals.h"
#include "torch_classes.h"

fa_status fa_torch_storage_bytes(const struct fa_weights_input *input, const struct fa_pickle_value *storage,
                                 uint64_t *n_bytes)
{
    const uint64_t n_elem = (uint64_t)storage->is.storage.n_elem;
    const size_t size = storage->is.storage.type->size;

    if (n_elem > input->n_bytes / size)
        return fa_fail(FA_EFORMAT, "%s: a storage of %llu elements is larger than the file", input->path,
                       (unsigned long long)n_elem);
    *n_bytes = n_elem * size;
    return FA_OK;
}

/* A tensor's place in its storage, in elements. */
struct view {
    uint64_t offset;
    int n_dims;
    int64_t dims[FA_TENSOR_MAX_DIMS], strides[FA_TENSOR_MAX_DIMS];
};

static fa_status fail_tensor(const struct fa_torch_file *file, const char *name, const char *what)
{
    char shown[128];

    return fa_fail(FA_EFORMAT, "%s: %s: %s", file->input->path,
                   fa_printable(name, strlen(name), shown, sizeof shown), what);
}

static bool to_sizes(const struct fa_pickle_value *tuple, int64_t *out)
{
    for (size_t i = 0; i < tuple->is.list.n; i++) {
        const struct fa_pickle_value *item = tuple->is.list.items[i];

        if (item->kind != FA_PICKLE_INT || item->is.integer < 0)
            return false;
        out[i] = item->is.integer;
    }
    return true;
}

static fa_status read_view(const struct fa_torch_file *file, const char *name,
                           const struct fa_pickle_value *tensor, struct view *view)
{
    struct fa_pickle_value *const *arguments = tensor->is.arguments->is.list.items;
    const struct fa_pickle_value *offset = arguments[1], *size = arguments[2], *stride = arguments[3];

    if (offset->kind != FA_PICKLE_INT || offset->is.integer < 0 || size->kind != FA_PICKLE_TUPLE ||
        stride->kind != FA_PICKLE_TUPLE || size->is.list.n != stride->is.list.n)
        return fail_tensor(file, name, "has no offset, size and strides that fit together");
    if (size->is.list.n > FA_TENSOR_MAX_DIMS)
        return fail_tensor(file, name, "has more than 4 dimensions");
    view->offset = (uint64_t)offset->is.integer;
    view->n_dims = (int)size->is.list.n;
    if (!to_sizes(size, view->dims) || !to_sizes(stride, view->strides))
        return fail_tensor(file, name, "has a size or stride that cannot be right");
    return FA_OK;
}

/* Whether every element lies within a storage of n_elem. */
static bool is_inside(const struct view *view, uint64_t n_elem)
{
    size_t last = (size_t)view->offset, step;

    for (int i = 0; i < view->n_dims; i++)
        if (!fa_size_mul((size_t)view->dims[i] - 1, (size_t)view->strides[i], &step) ||
            !fa_size_add(last, step, &last))
            return false;
    return last < n_elem;
}

static bool is_dense(const struct view *view)
{
    int64_t stride = 1;

    for (int i = view->n_dims - 1; i >= 0; i--) {
        if (view->dims[i] != 1 && view->strides[i] != stride)
            return false;
        stride *= view->dims[i];
    }
    return true;
}

static fa_status read_numbers(const struct fa_torch_file *file, const struct fa_pickle_value *storage,
                              const struct view *view, struct fa_tensor *tensor)
{
    const enum fa_number type = (enum fa_number)storage->is.storage.type->number;
    uint64_t position;

    if (tensor->n_elem == 0)
        return FA_OK;
    if (!is_inside(view, (uint64_t)storage->is.storage.n_elem))
        return fail_tensor(file, tensor->name, "reaches beyond its storage");
    FA_TRY(file->locate(file->context, storage, &position));
    position += view->offset * fa_number_size(type);
    if (is_dense(view))
        return fa_numbers_read(file->input, type, position, tensor->n_elem, tensor->data);
    return fa_numbers_gather(file->input, type, position, view->n_dims, view->dims, view->strides,
                             tensor->data);
}

static fa_status read_tensor(const struct fa_torch_file *file, const char *name,
                             const struct fa_pickle_value *value, struct fa_weights_set *set)
{
    const struct fa_pickle_value *storage = value->is.arguments->is.list.items[0];
    struct fa_tensor *tensor;
    struct view view;

    if (storage->kind != FA_PICKLE_STORAGE)
        return fail_tensor(file, name, "has no storage");
    if (storage->is.storage.type->number == FA_PICKLE_LEFT_OUT) {
        set->file->n_left_out++;
        return FA_OK;
    }
    FA_TRY(read_view(file, name, value, &view));
    FA_TRY(fa_weights_set_add(set, name, view.n_dims, view.dims, &tensor));
    return read_numbers(file, storage, &view, tensor);
}

static fa_status read_entry(const struct fa_torch_file *file, const struct fa_pickle_value *key,
                            const struct fa_pickle_value *value, struct fa_weights_set *set)
{
    char what[128], name[128];

    if (key->kind != FA_PICKLE_TEXT || !fa_is_printable(key->is.text.bytes, key->is.text.n))
        return fa_fail(FA_EFORMAT, "%s: the name of tensor %zu is not printable UTF-8", file->input->path,
                       set->file->n + 1);
    if (value->kind != FA_PICKLE_TENSOR)
        return fa_fail(FA_EFORMAT,
                       "%s: %s is %s where a tensor is expected; a state dict is looked for at the top, "
                       "under state_dict and under model",
                       file->input->path, fa_printable(key->is.text.bytes, key->is.text.n, name, sizeof name),
                       fa_pickle_describe(value, what, sizeof what));
    return read_tensor(file, key->is.text.bytes, value, set);
}

static const struct fa_pickle_value *find_state(const struct fa_pickle_value *root)
{
    static const char *const keys[] = {"state_dict", "model"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct fa_pickle_value *state = fa_pickle_get(root, keys[i]);

        if (state != NULL && state->kind == FA_PICKLE_DICT)
            return state;
    }
    return root;
}

fa_status fa_torch_state_read(const struct fa_torch_file *file, struct fa_weights_set *set)
{
    const struct fa_pickle_value *state = find_state(file->root);
    char what[128];

    if (state->kind != FA_PICKLE_DICT)
        return fa_fail(FA_EFORMAT, "%s: holds %s where a state dict is expected", file->input->path,
                       fa_pickle_describe(state, what, sizeof what));
    for (size_t i = 0; i + 1 < state->is.list.n; i += 2)
        FA_TRY(read_entry(file, state->is.list.items[i], state->is.list.items[i + 1], set));
    return fa_torch_classes_read(file->root, &set->file->meta);
}
