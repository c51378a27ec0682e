#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fa/memory.h"
#include "fa/weights.h"

void fuzz_require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s: %s\n", what, fa_message());
    abort();
}

static void fill(int fd, const uint8_t *bytes, size_t n_bytes)
{
    fuzz_require(ftruncate(fd, 0) == 0, "cannot empty the file");
    fuzz_require(pwrite(fd, bytes, n_bytes, 0) == (ssize_t)n_bytes, "cannot write the file");
}

const char *fuzz_file(const uint8_t *bytes, size_t n_bytes)
{
    static int fd = -1;
    static char path[64];

    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    fill(fd, bytes, n_bytes);
    return path;
}

static char folder[64] = "", in_folder[128];

static void remove_folder(void)
{
    unlink(in_folder);
    rmdir(folder);
}

const char *fuzz_folder(const char *name, const uint8_t *bytes, size_t n_bytes)
{
    int fd;

    if (folder[0] == '\0') {
        strcpy(folder, "/dev/shm/freeanchor-fuzz-XXXXXX");
        fuzz_require(mkdtemp(folder) != NULL, "cannot make a folder");
        snprintf(in_folder, sizeof in_folder, "%s/%s", folder, name);
        atexit(remove_folder);
    }
    fd = open(in_folder, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    fuzz_require(fd >= 0, "cannot open the file");
    fill(fd, bytes, n_bytes);
    close(fd);
    return folder;
}

void fuzz_read(fa_status status)
{
    fuzz_require(status == FA_OK || status == FA_EFORMAT || status == FA_EINVAL,
                 "wrong content is told as something else");
    if (status != FA_OK)
        fuzz_require(fa_message()[0] != '\0', "a failure says nothing");
}

void fuzz_freed(void)
{
    fuzz_require(fa_memory_balance() == 0, "memory is left");
}

static void touch(const struct fa_weights_file *file)
{
    volatile float sum = 0;

    for (size_t i = 0; i < file->n; i++) {
        fuzz_require(fa_weights_find(file, file->tensors[i].name) == &file->tensors[i],
                     "a tensor is not found");
        for (size_t k = 0; k < file->tensors[i].n_elem; k++)
            sum = sum + file->tensors[i].data[k];
    }
}

void fuzz_weights(const uint8_t *bytes, size_t n_bytes)
{
    struct fa_weights_file *file;
    fa_status status = fa_weights_read(fuzz_file(bytes, n_bytes), &file);

    fuzz_read(status);
    if (status == FA_OK)
        touch(file);
    fa_weights_free(file);
    fuzz_freed();
}

void fuzz_annotations(enum fa_annotation_format format, const char *path)
{
    const struct fa_annotation_source source = {
        .path = path,
        .format = format,
        .image_directory = "tests/data/golden",
    };
    struct fa_coco *coco = NULL;
    const fa_status status = fa_annotations_read(&source, 1, format == FA_ANNOTATIONS_YOLO ? "a,b,c" : NULL, &coco);

    fuzz_read(status);
    for (size_t i = 0; status == FA_OK && i < coco->n_annotations; i++)
        fuzz_require(coco->annotations[i].image < coco->n_images &&
                         (size_t)coco->annotations[i].label < coco->n_categories,
                     "an annotation points nowhere");
    fa_coco_free(coco);
    fuzz_freed();
}
