/*
 * safetensors_read.c - a length, a JSON header that says where each tensor lies, and the tensors end to end.
 */
#include <stdlib.h>
#include <string.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"
#include "fa/printable.h"
#include "number_format.h"
#include "safetensors_meta.h"
#include "weights_readers.h"

enum {
    LENGTH_BYTES = 8,
    LARGEST_HEADER = 1 << 24, /* a hundred thousand tensors; its tree in memory is many times that */
    MAX_DIMS = 16,            /* of a tensor that is left out; the rest has fewer */
    OTHER = -1                /* a type that is left out */
};

static const struct {
    const char *name;
    size_t size;
    int number; /* enum fa_number, or OTHER */
} types[] = {
    {"F32", 4, FA_NUMBER_F32},   {"F64", 8, FA_NUMBER_F64}, {"F16", 2, FA_NUMBER_F16},
    {"BF16", 2, FA_NUMBER_BF16}, {"I64", 8, OTHER},         {"I32", 4, OTHER},
    {"I16", 2, OTHER},           {"I8", 1, OTHER},          {"U64", 8, OTHER},
    {"U32", 4, OTHER},           {"U16", 2, OTHER},         {"U8", 1, OTHER},
    {"BOOL", 1, OTHER},
};

/* A tensor as the header has it; offsets count from the end of the header. */
struct entry {
    const char *name; /* the header's */
    int type;         /* its place in types */
    int n_dims;
    int64_t dims[MAX_DIMS];
    uint64_t begin, end;
};

static fa_status fail_entry(const char *path, const char *name, const char *what)
{
    char shown[128];

    return fa_fail(FA_EFORMAT, "%s: %s: %s", path, fa_printable(name, strlen(name), shown, sizeof shown),
                   what);
}

static fa_status read_type(const char *path, const struct fa_json *value, struct entry *entry)
{
    const char *name;

    if (!fa_json_to_string(fa_json_get(value, "dtype"), &name))
        return fail_entry(path, entry->name, "has no dtype");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, name) == 0) {
            entry->type = (int)i;
            return FA_OK;
        }
    return fail_entry(path, entry->name, "has a dtype that is not known here; convert it to F32");
}

static fa_status read_shape(const char *path, const struct fa_json *value, struct entry *entry)
{
    const struct fa_json *shape = fa_json_get(value, "shape");

    if (fa_json_kind(shape) != FA_JSON_ARRAY)
        return fail_entry(path, entry->name, "has no shape");
    for (const struct fa_json *item = fa_json_first(shape); item != NULL; item = fa_json_next(item)) {
        if (entry->n_dims == MAX_DIMS)
            return fail_entry(path, entry->name, "has more than 16 dimensions");
        if (!fa_json_to_int(item, &entry->dims[entry->n_dims]) || entry->dims[entry->n_dims] < 0)
            return fail_entry(path, entry->name, "has a dimension that cannot be right");
        entry->n_dims++;
    }
    return FA_OK;
}

static fa_status read_offsets(const char *path, const struct fa_json *value, uint64_t n_data,
                              struct entry *entry)
{
    const struct fa_json *offsets = fa_json_get(value, "data_offsets"), *first = fa_json_first(offsets);
    int64_t begin, end;

    if (fa_json_kind(offsets) != FA_JSON_ARRAY || fa_json_count(offsets) != 2 ||
        !fa_json_to_int(first, &begin) || !fa_json_to_int(fa_json_next(first), &end))
        return fail_entry(path, entry->name, "has no data_offsets of two whole numbers");
    if (begin < 0 || end < begin || (uint64_t)end > n_data)
        return fail_entry(path, entry->name, "has data_offsets outside the file");
    entry->begin = (uint64_t)begin;
    entry->end = (uint64_t)end;
    return FA_OK;
}

static fa_status read_entry(const char *path, const struct fa_json *value, uint64_t n_data,
                            struct entry *entry)
{
    size_t n_bytes;

    *entry = (struct entry){.name = fa_json_key(value)};
    FA_TRY(read_type(path, value, entry));
    FA_TRY(read_shape(path, value, entry));
    FA_TRY(read_offsets(path, value, n_data, entry));
    if (fa_dims_elements(entry->n_dims, entry->dims, &n_bytes) != FA_OK ||
        !fa_size_mul(n_bytes, types[entry->type].size, &n_bytes) || n_bytes != entry->end - entry->begin)
        return fail_entry(path, entry->name, "has data_offsets that do not fit its shape and dtype");
    return FA_OK;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* The format has the tensors fill the file, in some order, without gap or overlap. */
static fa_status check_layout(const char *path, const struct entry *entries, size_t n, uint64_t n_data)
{
    uint64_t end = 0;

    for (size_t i = 0; i < n; i++) {
        if (entries[i].begin != end)
            return fail_entry(path, entries[i].name,
                              entries[i].begin < end ? "overlaps the tensor before it"
                                                     : "leaves a gap to the tensor before it");
        end = entries[i].end;
    }
    if (end != n_data)
        return fa_fail(FA_EFORMAT, "%s: has %llu bytes of tensors where its header accounts for %llu", path,
                       (unsigned long long)n_data, (unsigned long long)end);
    return FA_OK;
}

static fa_status read_tensors(const struct fa_weights_input *input, uint64_t data,
                              const struct entry *entries, size_t n, struct fa_weights_set *set)
{
    for (size_t i = 0; i < n; i++) {
        const struct entry *entry = &entries[i];
        struct fa_tensor *tensor;

        if (types[entry->type].number == OTHER) {
            set->file->n_left_out++;
            continue;
        }
        FA_TRY(fa_weights_set_add(set, entry->name, entry->n_dims, entry->dims, &tensor));
        FA_TRY(fa_numbers_read(input, (enum fa_number)types[entry->type].number, data + entry->begin,
                               tensor->n_elem, tensor->data));
    }
    return FA_OK;
}

/* data: where the tensors begin in the file. */
static fa_status read_entries(const struct fa_weights_input *input, uint64_t data,
                              const struct fa_json *header, struct entry *entries, struct fa_weights_set *set)
{
    const uint64_t n_data = input->n_bytes - data;
    size_t n = 0;

    for (const struct fa_json *value = fa_json_first(header); value != NULL; value = fa_json_next(value)) {
        if (strcmp(fa_json_key(value), "__metadata__") == 0)
            FA_TRY(fa_safetensors_meta_read(input->path, value, set->file));
        else
            FA_TRY(read_entry(input->path, value, n_data, &entries[n++]));
    }
    if (n > 1)
        qsort(entries, n, sizeof *entries, compare_entries);
    FA_TRY(check_layout(input->path, entries, n, n_data));
    return read_tensors(input, data, entries, n, set);
}

static fa_status read_content(const struct fa_weights_input *input, uint64_t data,
                              const struct fa_json *header, struct fa_weights_set *set)
{
    struct entry *entries;
    fa_status status;

    FA_TRY(fa_alloc(fa_json_count(header), sizeof *entries, &entries));
    status = read_entries(input, data, header, entries, set);
    fa_free(entries);
    return status;
}

static fa_status parse_header(const struct fa_weights_input *input, size_t n_bytes, struct fa_json **out)
{
    char *text;
    fa_status status;

    FA_TRY(fa_alloc(n_bytes, 1, &text));
    status = fa_file_read_at(input->fd, input->path, LENGTH_BYTES, n_bytes, text);
    if (status == FA_OK)
        status = fa_json_parse(input->path, text, n_bytes, out);
    fa_free(text);
    return status;
}

fa_status fa_weights_read_safetensors(const struct fa_weights_input *input, struct fa_weights_set *set)
{
    struct fa_json *header;
    uint64_t n_header;
    fa_status status;

    FA_TRY(fa_file_read_at(input->fd, input->path, 0, sizeof n_header, &n_header));
    if (n_header > input->n_bytes - LENGTH_BYTES)
        return fa_fail(FA_EFORMAT, "%s: ends early: its header of %llu bytes is not all there", input->path,
                       (unsigned long long)n_header);
    if (n_header > LARGEST_HEADER)
        return fa_fail(FA_EFORMAT, "%s: has a header of %llu bytes where at most %d are expected",
                       input->path, (unsigned long long)n_header, LARGEST_HEADER);
    FA_TRY(parse_header(input, (size_t)n_header, &header));
    status = read_content(input, LENGTH_BYTES + n_header, header, set);
    fa_json_free(header);
    return status;
}
