#include "manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"
#include "fa/new_file.h"

void fa_shard_name(size_t i, char name[FA_SHARD_NAME_MAX])
{
    snprintf(name, FA_SHARD_NAME_MAX, "shard-%05zu.h5", i);
}

bool fa_manifest_knows_name(const char *name)
{
    size_t n_digits;

    if (strncmp(name, "shard-", 6) != 0)
        return strcmp(name, FA_MANIFEST_NAME) == 0 || strcmp(name, FA_LOCK_NAME) == 0;
    n_digits = strspn(name + 6, "0123456789");
    return n_digits >= 5 && strcmp(name + 6 + n_digits, ".h5") == 0;
}

/* ---- writing ---- */

static bool set_count(struct fa_json *object, const char *key, uint64_t value)
{
    return fa_json_set(object, key, fa_json_new_number((double)value));
}

/* Hashes and checksums are text: JSON numbers are exact to 2^53 only, and people compare them by eye. */
static bool set_hex(struct fa_json *object, const char *key, uint64_t value, int n_digits)
{
    char text[24];

    snprintf(text, sizeof text, "%0*" PRIx64, n_digits, value);
    return fa_json_set(object, key, fa_json_new_string(text));
}

static struct fa_json *shard_to_json(const struct fa_manifest_shard *shard, size_t i)
{
    struct fa_json *object = fa_json_new_object();
    char name[FA_SHARD_NAME_MAX];

    fa_shard_name(i, name);
    if (fa_json_set(object, "name", fa_json_new_string(name)) &&
        set_count(object, "n_bytes", shard->n_bytes) &&
        set_count(object, "jpeg_offset", shard->blob_offset) &&
        set_count(object, "jpeg_bytes", shard->n_blob) &&
        set_hex(object, "frame_crc32c", shard->frame_crc, 8) &&
        set_count(object, "n_records", shard->n_records) &&
        set_count(object, "n_annotations", shard->n_annotations))
        return object;
    fa_json_free(object);
    return NULL;
}

static struct fa_json *shards_to_json(const struct fa_manifest *manifest)
{
    struct fa_json *array = fa_json_new_array();

    for (size_t i = 0; i < manifest->n_shards; i++) {
        if (fa_json_append(array, shard_to_json(&manifest->shards[i], i)))
            continue;
        fa_json_free(array);
        return NULL;
    }
    return array;
}

static struct fa_json *manifest_to_json(const struct fa_manifest *manifest)
{
    struct fa_json *root = fa_json_new_object();

    if (fa_json_set(root, "format", fa_json_new_string(FA_MANIFEST_FORMAT)) &&
        set_count(root, "version", (uint64_t)manifest->version) &&
        set_count(root, "n_records", manifest->n_records) &&
        set_count(root, "n_annotations", manifest->n_annotations) &&
        set_count(root, "n_categories", manifest->n_categories) &&
        set_hex(root, "category_hash", manifest->category_hash, 16) &&
        set_hex(root, "content_hash", manifest->content_hash, 16) &&
        fa_json_set(root, "shards", shards_to_json(manifest)))
        return root;
    fa_json_free(root);
    return NULL;
}

fa_status fa_manifest_write(const struct fa_manifest *manifest, const struct fa_directory *directory)
{
    struct fa_json *root = manifest_to_json(manifest);
    char *text = NULL;
    fa_status st;

    if (root == NULL)
        return fa_fail(FA_ENOMEM, "%s: no memory for the manifest", fa_directory_path(directory));
    st = fa_json_print(root, true, &text);
    if (st == FA_OK)
        st = fa_directory_write(directory, FA_MANIFEST_NAME, text, strlen(text));
    fa_free(text);
    fa_json_free(root);
    return st;
}

/* ---- reading ---- */

static fa_status get_count(const struct fa_json *object, const char *key, uint64_t *value)
{
    int64_t number;

    if (!fa_json_to_int(fa_json_get(object, key), &number) || number < 0)
        return fa_fail(FA_EFORMAT, "`%s` is missing or not a count; pack the data again", key);
    *value = (uint64_t)number;
    return FA_OK;
}

static fa_status get_size(const struct fa_json *object, const char *key, size_t *value)
{
    uint64_t count = 0;

    FA_TRY(get_count(object, key, &count));
    *value = (size_t)count;
    return FA_OK;
}

static fa_status get_hex(const struct fa_json *object, const char *key, size_t n_digits, uint64_t *value)
{
    const char *text;

    if (!fa_json_to_string(fa_json_get(object, key), &text) || strlen(text) != n_digits ||
        strspn(text, "0123456789abcdef") != n_digits)
        return fa_fail(FA_EFORMAT, "`%s` is missing or not %zu hexadecimal digits; pack the data again", key,
                       n_digits);
    *value = strtoull(text, NULL, 16);
    return FA_OK;
}

static fa_status read_shard(const struct fa_json *object, size_t i, struct fa_manifest_shard *shard)
{
    char want[FA_SHARD_NAME_MAX];
    const char *name;
    uint64_t crc = 0;

    fa_shard_name(i, want);
    if (!fa_json_to_string(fa_json_get(object, "name"), &name) || strcmp(name, want) != 0)
        return fa_fail(FA_EFORMAT, "shard %zu is not called %s; pack the data again", i, want);
    FA_TRY(get_count(object, "n_bytes", &shard->n_bytes));
    FA_TRY(get_count(object, "jpeg_offset", &shard->blob_offset));
    FA_TRY(get_count(object, "jpeg_bytes", &shard->n_blob));
    FA_TRY(get_hex(object, "frame_crc32c", 8, &crc));
    shard->frame_crc = (uint32_t)crc;
    if (shard->blob_offset > shard->n_bytes || shard->n_blob > shard->n_bytes - shard->blob_offset)
        return fa_fail(FA_EFORMAT, "the JPEGs of %s reach past its end; pack the data again", want);
    FA_TRY(get_size(object, "n_records", &shard->n_records));
    return get_size(object, "n_annotations", &shard->n_annotations);
}

static fa_status read_shards(const struct fa_json *list, struct fa_manifest *manifest)
{
    size_t n_records = 0, n_annotations = 0;
    const struct fa_json *item = fa_json_first(list);

    manifest->n_shards = fa_json_count(list);
    FA_TRY(fa_alloc_zero(manifest->n_shards, sizeof *manifest->shards, &manifest->shards));
    for (size_t i = 0; i < manifest->n_shards; i++, item = fa_json_next(item)) {
        struct fa_manifest_shard *shard = &manifest->shards[i];

        FA_TRY(read_shard(item, i, shard));
        if (!fa_size_add(n_records, shard->n_records, &n_records) ||
            !fa_size_add(n_annotations, shard->n_annotations, &n_annotations))
            return fa_fail(FA_EFORMAT, "the counts of its shards overflow; pack the data again");
    }
    if (n_records != manifest->n_records || n_annotations != manifest->n_annotations || n_records == 0)
        return fa_fail(FA_EFORMAT,
                       "its shards hold %zu records and %zu annotations, not the %zu and %zu it "
                       "states; pack the data again",
                       n_records, n_annotations, manifest->n_records, manifest->n_annotations);
    return FA_OK;
}

static bool has_our_format(const struct fa_json *root)
{
    const char *format;

    return fa_json_to_string(fa_json_get(root, "format"), &format) && strcmp(format, FA_MANIFEST_FORMAT) == 0;
}

static fa_status read_manifest(const struct fa_json *root, struct fa_manifest *manifest)
{
    uint64_t version = 0;

    if (!has_our_format(root))
        return fa_fail(FA_EFORMAT,
                       "`format` is not \"" FA_MANIFEST_FORMAT "\"; this is not a packed dataset");
    FA_TRY(get_count(root, "version", &version));
    if (version > FA_MANIFEST_VERSION)
        return fa_fail(FA_EFORMAT,
                       "its version is %" PRIu64
                       ", of a newer program; this one reads up to %d: use the newer "
                       "one, or pack the data again",
                       version, FA_MANIFEST_VERSION);
    if (version < FA_MANIFEST_JPEGS)
        return fa_fail(FA_EFORMAT,
                       "its version is %" PRIu64 ", this program reads %d to %d; pack the data again",
                       version, FA_MANIFEST_JPEGS, FA_MANIFEST_VERSION);
    manifest->version = (int)version;
    FA_TRY(get_size(root, "n_records", &manifest->n_records));
    FA_TRY(get_size(root, "n_annotations", &manifest->n_annotations));
    FA_TRY(get_size(root, "n_categories", &manifest->n_categories));
    FA_TRY(get_hex(root, "category_hash", 16, &manifest->category_hash));
    FA_TRY(get_hex(root, "content_hash", 16, &manifest->content_hash));
    return read_shards(fa_json_get(root, "shards"), manifest);
}

fa_status fa_manifest_read(const char *directory, struct fa_manifest *out)
{
    struct fa_json *root;
    fa_status st = fa_json_read_in(directory, FA_MANIFEST_NAME, &root);

    *out = (struct fa_manifest){0};
    if (st == FA_OK)
        st = fa_prefix(read_manifest(root, out), "%s/" FA_MANIFEST_NAME, directory);
    if (st != FA_OK)
        fa_manifest_free(out);
    fa_json_free(root);
    return st;
}

fa_status fa_manifest_is_ours(const char *directory, bool *ours)
{
    struct fa_json *root;
    const fa_status st = fa_json_read_in(directory, FA_MANIFEST_NAME, &root);

    *ours = st == FA_OK && has_our_format(root);
    fa_json_free(root);
    return st == FA_EFORMAT || st == FA_EMISSING ? FA_OK : st;
}

void fa_manifest_free(struct fa_manifest *manifest)
{
    fa_free(manifest->shards);
    *manifest = (struct fa_manifest){0};
}
