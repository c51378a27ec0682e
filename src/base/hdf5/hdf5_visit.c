#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "hdf5_room.h"

/* Names are gathered first: what visits them is free to read, which takes the lock. */
struct list {
    char **names;
    size_t n, size;
    fa_status status;
};

static herr_t add_dataset(hid_t group, const char *name, const H5O_info_t *info, void *context)
{
    struct list *list = context;

    (void)group;
    if (info->type != H5O_TYPE_DATASET)
        return 0;
    if (list->n == list->size) {
        list->status = fa_realloc(&list->names, 2 * list->size + 64, sizeof *list->names);
        if (list->status != FA_OK)
            return -1;
        list->size = 2 * list->size + 64;
    }
    list->status = fa_strdup(name, &list->names[list->n]);
    if (list->status != FA_OK)
        return -1;
    list->n++;
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static fa_status gather(struct fa_h5 *file, struct list *list)
{
    fa_status status = FA_OK;

    fa_h5_lock();
    if (H5Ovisit2(file->id, H5_INDEX_NAME, H5_ITER_NATIVE, add_dataset, list, H5O_INFO_BASIC) < 0)
        status = list->status != FA_OK ? list->status
                                       : fa_h5_fail(FA_EFORMAT, file, NULL, "cannot list the datasets");
    fa_h5_unlock();
    if (status == FA_OK && list->n > 0)
        qsort(list->names, list->n, sizeof *list->names, compare_names);
    return status;
}

fa_status fa_h5_visit(struct fa_h5 *file, fa_h5_visit_fn visit, void *context)
{
    struct list list = {.status = FA_OK};
    fa_status status = gather(file, &list);

    for (size_t i = 0; i < list.n && status == FA_OK; i++) {
        struct fa_h5_info info;

        status = fa_h5_inspect(file, list.names[i], &info);
        if (status == FA_OK)
            status = visit(context, list.names[i], &info);
    }
    for (size_t i = 0; i < list.n; i++)
        fa_free(list.names[i]);
    fa_free(list.names);
    return status;
}
