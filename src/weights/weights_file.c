#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/weights.h"
#include "weights_meta.h"

void fa_weights_free(struct fa_weights_file *file)
{
    if (file == NULL)
        return;
    for (size_t i = 0; i < file->n; i++) {
        fa_free((char *)(uintptr_t)file->tensors[i].name); /* borrowed in general, the file's own here */
        fa_free(file->tensors[i].data);
    }
    fa_free(file->tensors);
    fa_weights_meta_clear(&file->meta);
    fa_free(file);
}

static int compare_name(const void *name, const void *tensor)
{
    return strcmp(name, ((const struct fa_tensor *)tensor)->name);
}

const struct fa_tensor *fa_weights_find(const struct fa_weights_file *file, const char *name)
{
    if (file->n == 0)
        return NULL;
    return bsearch(name, file->tensors, file->n, sizeof *file->tensors, compare_name);
}
