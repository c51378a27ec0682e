/* weights_read.c - which format a weights file has, by its content. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "name_hash.h"
#include "weights_readers.h"

/* A few shared tensors and half precision make more float32 than the file has bytes; more than this is a
 * trap. */
static const uint64_t bytes_per_byte = 16;

enum { N_HEAD = 16 };

static bool is_h5(const unsigned char *head)
{
    return memcmp(head, "\x89HDF\r\n\x1a\n", 8) == 0;
}

/* The length of a header, which is a JSON object. */
static bool is_safetensors(const unsigned char *head)
{
    return head[8] == '{' && head[7] == 0 && head[6] == 0 && head[5] == 0;
}

static bool is_zip(const unsigned char *head)
{
    return memcmp(head, "PK\3\4", 4) == 0;
}

/* A pickle says its protocol first. */
static bool is_pickle(const unsigned char *head)
{
    return head[0] == 0x80 && head[1] >= 2 && head[1] <= 5;
}

static const struct {
    bool (*is)(const unsigned char *head);
    fa_status (*read)(const struct fa_weights_input *input, struct fa_weights_set *set);
} formats[] = {
    {is_h5, fa_weights_read_h5},
    {is_zip, fa_weights_read_torch_zip},
    {is_pickle, fa_weights_read_torch_legacy},
    {is_safetensors, fa_weights_read_safetensors},
};

static fa_status read_set(const struct fa_weights_input *input, struct fa_weights_set *set)
{
    unsigned char head[N_HEAD] = {0};

    FA_TRY(fa_file_read_at(input->fd, input->path, 0,
                           input->n_bytes < N_HEAD ? (size_t)input->n_bytes : N_HEAD, head));
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i].is(head)) {
            FA_TRY(fa_name_hash_check(input));
            FA_TRY(formats[i].read(input, set));
            return fa_weights_set_sort(set);
        }
    return fa_fail(FA_EFORMAT,
                   "%s: is not a weights file: neither HDF5, nor from torch.save, nor safetensors",
                   input->path);
}

static fa_status read_open(const char *path, int fd, struct fa_weights_file *file)
{
    struct fa_weights_input input = {.path = path, .fd = fd};
    struct fa_weights_set set = {.path = path, .file = file};
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot find out its size", path);
    if (!S_ISREG(st.st_mode))
        return fa_fail(FA_EFORMAT, "%s: is %s", path,
                       S_ISDIR(st.st_mode) ? "a directory" : "not a plain file");
    input.n_bytes = (uint64_t)st.st_size;
    set.budget = bytes_per_byte * input.n_bytes;
    return read_set(&input, &set);
}

fa_status fa_weights_read(const char *path, struct fa_weights_file **out)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would else wait for its writer */
    struct fa_weights_file *file = NULL;
    fa_status status;

    *out = NULL;
    if (fd < 0)
        return fa_fail_errno(fa_open_failure(errno), errno, "%s: cannot open", path);
    status = fa_alloc_zero(1, sizeof *file, &file);
    if (status == FA_OK)
        status = read_open(path, fd, file);
    close(fd);
    if (status == FA_OK)
        *out = file;
    else
        fa_weights_free(file);
    return status;
}
