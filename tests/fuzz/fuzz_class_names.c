/* Names of classes, as YAML and as lines. */
#include "data/annotations/class_names.h"
#include "fuzz.h"

static void read_by(fa_status (*of)(const char *path, struct fa_builder *builder), const char *path)
{
    struct fa_builder builder;

    fuzz_require(fa_builder_open(&builder) == FA_OK, "no memory");
    fuzz_read(of(path, &builder));
    fa_builder_close(&builder);
    fuzz_freed();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const char *path = fuzz_file(bytes, n_bytes);

    read_by(fa_classes_of_yaml, path);
    read_by(fa_classes_of_lines, path);
    return 0;
}
