#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fa/memory.h"
#include "fa/weights.h"

static void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s: %s\n", what, fa_message());
    abort();
}

/* The path of a file in memory that holds the bytes. */
static const char *path_of(const uint8_t *bytes, size_t n_bytes)
{
    static int fd = -1;
    static char path[64];

    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    require(ftruncate(fd, 0) == 0, "cannot empty the file");
    require(pwrite(fd, bytes, n_bytes, 0) == (ssize_t)n_bytes, "cannot write the file");
    return path;
}

static void check_tensors(const struct fa_weights_file *file)
{
    volatile float sum = 0;

    for (size_t i = 0; i < file->n; i++) {
        require(fa_weights_find(file, file->tensors[i].name) == &file->tensors[i], "a tensor is not found");
        for (size_t k = 0; k < file->tensors[i].n_elem; k++)
            sum = sum + file->tensors[i].data[k];
    }
}

void fuzz_weights(const uint8_t *bytes, size_t n_bytes)
{
    struct fa_weights_file *file;
    fa_status status = fa_weights_read(path_of(bytes, n_bytes), &file);

    require(status == FA_OK || status == FA_EFORMAT, "a damaged file is told as something else");
    if (status == FA_OK)
        check_tensors(file);
    fa_weights_free(file);
    require(fa_memory_balance() == 0, "memory is left");
}
