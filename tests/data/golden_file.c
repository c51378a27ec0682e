#include "golden_file.h"

#include <stdio.h>

#include "support.h"

struct bytes golden_file(const char *name)
{
    struct bytes bytes;
    char relative[128];
    FILE *file;

    snprintf(relative, sizeof relative, "tests/data/golden/%s", name);
    file = fopen(fa_test_source(relative), "rb");
    assert_non_null(file);
    bytes.n = fread(bytes.data, 1, sizeof bytes.data, file);
    assert_true(bytes.n < sizeof bytes.data);
    fclose(file);
    return bytes;
}
