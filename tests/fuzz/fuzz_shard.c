/* A shard of a dataset: all but its JPEGs. How many rows it has is taken from itself: in truth a manifest
 * says it, with the file's checksum. */
#include "data/shards/shard_index.h"
#include "fuzz.h"

static size_t count(struct fa_h5 *file, const char *name)
{
    struct fa_h5_info info;

    return fa_h5_inspect(file, name, &info) == FA_OK ? (size_t)info.n_elem : 0;
}

static fa_status read_index(struct fa_h5 *file, struct fa_shard_index *index)
{
    index->n_records = count(file, "offset");
    index->n_annotations = count(file, "label");
    index->n_categories = count(file, "category_id");
    return fa_shard_index_read(index, file, "shard");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct fa_shard_index index = {0};
    struct fa_h5 *file;
    fa_status status = fa_h5_open(fuzz_file(bytes, n_bytes), &file);

    if (status == FA_OK)
        status = fa_h5_finish(file, read_index(file, &index));
    if (status == FA_OK)
        status = fa_shard_index_check(&index, "shard", n_bytes);
    fuzz_read(status);
    if (status == FA_OK) {
        volatile uint64_t hash = fa_shard_index_category_hash(&index);

        hash = fa_shard_index_content_hash(&index, hash);
    }
    fa_shard_index_free(&index);
    fuzz_freed();
    return 0;
}
