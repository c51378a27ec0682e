/* golden_file.h - the small files of tests/data/golden. */
#ifndef FA_TESTS_GOLDEN_FILE_H
#define FA_TESTS_GOLDEN_FILE_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t data[16384];
    size_t n;
};

/* The whole file of that name there; a test that meets none, or one too large, fails. */
struct bytes golden_file(const char *name);

#endif
