/*
 * check_message.c - what the messages of an object's header say: type, extent, fill value, filters.
 */
#include <string.h>

#include "check.h"

/* ---- types ---- */

enum class { WHOLE = 0, FLOAT = 1, TEXT = 3, ENUMERATION = 8, VARIABLE = 9 };

/* The first words of a type. */
struct type {
    unsigned version, class, bits;
    uint32_t size;
};

static struct type read_type(struct fa_h5_bytes *bytes)
{
    const unsigned first = (unsigned)fa_h5_number(bytes, 1);
    struct type type = {.version = first >> 4, .class = first & 15};

    type.bits = (unsigned)fa_h5_number(bytes, 3);
    type.size = (uint32_t)fa_h5_number(bytes, 4);
    return type;
}

static fa_status refuse_type(const struct fa_h5_check *check)
{
    return fa_h5_refuse(check, "it is of a type that is not a plain number or text",
                        "store it as uint8, int32, int64, uint32, uint64, float32 or float64");
}

static fa_status check_whole(struct fa_h5_check *check, const struct type *type, struct fa_h5_bytes *bytes)
{
    const uint64_t offset = fa_h5_number(bytes, 2), precision = fa_h5_number(bytes, 2);
    const bool is_plain = type->size == 1 || type->size == 2 || type->size == 4 || type->size == 8;

    return is_plain && offset == 0 && precision == 8 * type->size ? FA_OK : refuse_type(check);
}

/* Those of IEEE 754 in either byte order. */
static fa_status check_float(struct fa_h5_check *check, const struct type *type, struct fa_h5_bytes *bytes)
{
    enum { LARGE_ENDIAN_OR_PADDING = 0x0f, LEADING_ONE = 0x20 };
    static const struct {
        unsigned size, sign;
        unsigned char properties[12]; /* bit offset, precision, exponent, mantissa, bias */
    } formats[] = {{2, 15, {0, 0, 16, 0, 10, 5, 0, 10, 15}},
                   {4, 31, {0, 0, 32, 0, 23, 8, 0, 23, 127}},
                   {8, 63, {0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3}}};
    const struct fa_h5_bytes properties = fa_h5_part(bytes, 12);

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (type->size == formats[i].size && type->bits >> 8 == formats[i].sign &&
            (type->bits & 0xff & ~LARGE_ENDIAN_OR_PADDING) == LEADING_ONE && !properties.cut &&
            memcmp(properties.at, formats[i].properties, 12) == 0)
            return FA_OK;
    return refuse_type(check);
}

/* Truth values of h5py: names, each with a number. */
static fa_status check_enumeration(struct fa_h5_check *check, const struct type *type,
                                   struct fa_h5_bytes *bytes)
{
    const unsigned n = type->bits & 0xffff;
    const struct type base = read_type(bytes);

    if (base.class != WHOLE || base.size != type->size)
        return refuse_type(check);
    FA_TRY(check_whole(check, &base, bytes));
    for (unsigned i = 0; i < n; i++) {
        const size_t length = strnlen((const char *)bytes->at, bytes->left);

        fa_h5_part(bytes, type->version < 3 ? (length + 8) / 8 * 8 : length + 1);
    }
    fa_h5_part(bytes, (uint64_t)n * type->size);
    return bytes->cut ? fa_h5_damaged(check, "datatype") : FA_OK;
}

/* Texts, as h5py stores a str. */
static fa_status check_variable(struct fa_h5_check *check, const struct type *type, struct fa_h5_bytes *bytes)
{
    enum { OF_CHARACTERS = 1, POINTER = 16 };
    const struct type base = read_type(bytes);

    if ((type->bits & 15) != OF_CHARACTERS || type->size != POINTER || base.size != 1)
        return refuse_type(check);
    if (base.class == WHOLE)
        return check_whole(check, &base, bytes);
    return base.class == TEXT ? FA_OK : refuse_type(check);
}

static fa_status check_type(struct fa_h5_check *check, const struct type *type, struct fa_h5_bytes *bytes)
{
    switch (type->class) {
    case WHOLE:
        return check_whole(check, type, bytes);
    case FLOAT:
        return check_float(check, type, bytes);
    case TEXT:
        return type->size > 0 ? FA_OK : refuse_type(check);
    case ENUMERATION:
        return check_enumeration(check, type, bytes);
    case VARIABLE:
        return check_variable(check, type, bytes);
    default:
        return refuse_type(check);
    }
}

fa_status fa_h5_check_kind(struct fa_h5_check *check, struct fa_h5_bytes *bytes, struct fa_h5_kind *out)
{
    const struct type type = read_type(bytes);

    if (bytes->cut || type.version < 1 || type.version > 5)
        return fa_h5_damaged(check, "datatype");
    *out = (struct fa_h5_kind){.size = type.size, .is_text = type.class == VARIABLE};
    FA_TRY(check_type(check, &type, bytes));
    return bytes->cut ? fa_h5_damaged(check, "datatype") : FA_OK;
}

/* ---- extents ---- */

static fa_status count_elements(struct fa_h5_check *check, struct fa_h5_extent *extent)
{
    extent->n_elem = 1;
    for (int i = 0; i < extent->n_dims; i++)
        if (__builtin_mul_overflow(extent->n_elem, extent->dims[i], &extent->n_elem) ||
            extent->n_elem > INT64_MAX)
            return fa_h5_refuse(check, "it has more elements than can be counted", "look at its shape");
    return FA_OK;
}

fa_status fa_h5_check_extent(struct fa_h5_check *check, struct fa_h5_bytes *bytes, struct fa_h5_extent *out)
{
    enum { HAS_LIMITS = 1, NO_VALUES = 2 };
    const uint64_t version = fa_h5_number(bytes, 1), n_dims = fa_h5_number(bytes, 1);
    const uint64_t flags = fa_h5_number(bytes, 1), type = fa_h5_number(bytes, version == 1 ? 5 : 1);

    if (bytes->cut || version < 1 || version > 2 || n_dims > 32 || (flags & ~(uint64_t)HAS_LIMITS) != 0)
        return fa_h5_damaged(check, "dataspace");
    *out = (struct fa_h5_extent){.n_dims = (int)n_dims};
    for (int i = 0; i < out->n_dims; i++)
        out->dims[i] = fa_h5_number(bytes, 8);
    fa_h5_part(bytes, flags & HAS_LIMITS ? 8 * n_dims : 0);
    if (bytes->cut)
        return fa_h5_damaged(check, "dataspace");
    if (version == 2 && type == NO_VALUES) {
        *out = (struct fa_h5_extent){0};
        return FA_OK;
    }
    return count_elements(check, out);
}

/* ---- fill values ---- */

/* How many bytes the value has. */
static uint64_t read_fill_size(struct fa_h5_bytes *bytes)
{
    enum { DEFINED = 0x20 };
    const uint64_t version = fa_h5_number(bytes, 1), first = fa_h5_number(bytes, 1);

    if (version == 3)
        return first & DEFINED ? fa_h5_number(bytes, 4) : 0;
    fa_h5_part(bytes, 1);
    if (version > 3 || (fa_h5_number(bytes, 1) == 0 && version == 2))
        return version > 3 ? UINT64_MAX : 0;
    return fa_h5_number(bytes, 4);
}

fa_status fa_h5_check_fill(struct fa_h5_check *check, struct fa_h5_bytes bytes, bool is_old, uint32_t size)
{
    enum { UNDEFINED = 0x80000000 }; /* as a number with a sign it is below 0 */
    const uint64_t n = is_old ? fa_h5_number(&bytes, 4) : read_fill_size(&bytes);

    if (bytes.cut || (n != 0 && n != size && !(n >= UNDEFINED && n <= UINT32_MAX)) ||
        (n == size && n > bytes.left))
        return fa_h5_damaged(check, "fill value");
    return FA_OK;
}

/* ---- filters ---- */

static fa_status refuse_filter(const struct fa_h5_check *check)
{
    return fa_h5_refuse(check, "its values are compressed by something other than gzip",
                        "write them with compression='gzip', or without");
}

static fa_status check_filter(struct fa_h5_check *check, struct fa_h5_bytes *bytes, bool is_old,
                              uint32_t size, int *id)
{
    const uint64_t number = fa_h5_number(bytes, 2);
    const bool has_name = is_old || number >= 256;
    const uint64_t n_name = has_name ? fa_h5_number(bytes, 2) : 0;
    const uint64_t flags = fa_h5_number(bytes, 2), n_values = fa_h5_number(bytes, 2);
    uint64_t value;

    (void)flags;
    fa_h5_part(bytes, is_old ? (n_name + 7) / 8 * 8 : n_name);
    value = n_values > 0 ? fa_h5_number(bytes, 4) : 0;
    if (number < FA_H5_DEFLATE || number > FA_H5_FLETCHER)
        return refuse_filter(check);
    if (n_values != (number == FA_H5_FLETCHER ? 0 : 1) || (number == FA_H5_SHUFFLE && value != size))
        return fa_h5_damaged(check, "list of filters");
    fa_h5_part(bytes, is_old && n_values % 2 == 1 ? 4 : 0);
    *id = (int)number;
    return FA_OK;
}

fa_status fa_h5_check_filters(struct fa_h5_check *check, struct fa_h5_bytes bytes, uint32_t size,
                              struct fa_h5_filters *out)
{
    const uint64_t version = fa_h5_number(&bytes, 1), n = fa_h5_number(&bytes, 1);
    bool has[FA_H5_FLETCHER + 1] = {false};

    if (version < 1 || version > 2)
        return fa_h5_damaged(check, "list of filters");
    fa_h5_part(&bytes, version == 1 ? 6 : 0);
    for (uint64_t i = 0; i < n; i++) {
        int id = 0;

        FA_TRY(check_filter(check, &bytes, version == 1, size, &id));
        if (has[id])
            return fa_h5_damaged(check, "list of filters");
        has[id] = true;
        out->id[out->n++] = id;
    }
    return bytes.cut ? fa_h5_damaged(check, "list of filters") : FA_OK;
}
