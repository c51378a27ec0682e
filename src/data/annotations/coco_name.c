#include "coco_name.h"

#include <stdlib.h>
#include <string.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"

bool fa_coco_name_stays_inside(const char *name)
{
    if (name[0] == '/')
        return false;
    for (;;) {
        size_t length = strcspn(name, "/");

        if (length == 2 && name[0] == '.' && name[1] == '.')
            return false;
        if (name[length] == '\0')
            return true;
        name += length + 1;
    }
}

/* ---- the other slash ---- */

static fa_status is_there(const char *directory, const char *name, bool *there)
{
    char *path = NULL;

    FA_TRY(fa_path_join(directory, name, &path));
    *there = fa_file_exists(path);
    fa_free(path);
    return FA_OK;
}

/* The name with / for every \ takes the place of the one given, if a file has it. */
static fa_status mend(char *name, const char *directory, bool *mended)
{
    char *other = NULL;
    fa_status st = fa_strdup(name, &other);

    *mended = false;
    for (char *c = other; st == FA_OK && *c != '\0'; c++)
        if (*c == '\\')
            *c = '/';
    if (st == FA_OK && fa_coco_name_stays_inside(other))
        st = is_there(directory, other, mended);
    if (st == FA_OK && *mended)
        strcpy(name, other);
    fa_free(other);
    return st;
}

fa_status fa_coco_names_mend(struct fa_coco *coco, const char *directory, size_t *n)
{
    const char *first = NULL;

    *n = 0;
    for (size_t i = 0; i < coco->n_images; i++) {
        char *name = coco->images[i].file_name;
        bool fits;

        if (strchr(name, '\\') == NULL)
            continue;
        FA_TRY(is_there(directory, name, &fits));
        if (fits)
            continue;
        FA_TRY(mend(name, directory, &fits));
        *n += fits;
        if (fits && first == NULL)
            first = name;
    }
    if (*n > 0)
        fa_warn("%zu file names carry backslashes, as on Windows; read with slashes instead, the first: %s",
                *n, first);
    return FA_OK;
}

/* ---- one file under two ids ---- */

static int compare_images(const void *a, const void *b)
{
    const struct fa_coco_image *x = *(const struct fa_coco_image *const *)a;
    const struct fa_coco_image *y = *(const struct fa_coco_image *const *)b;
    const int order = strcmp(x->file_name, y->file_name);

    return order != 0 ? order : (x > y) - (x < y);
}

fa_status fa_coco_names_repeated(const struct fa_coco *coco, size_t *n, size_t pair[2])
{
    const struct fa_coco_image **sorted = NULL;

    *n = 0;
    FA_TRY(fa_alloc(coco->n_images, sizeof *sorted, &sorted));
    for (size_t i = 0; i < coco->n_images; i++)
        sorted[i] = &coco->images[i];
    qsort(sorted, coco->n_images, sizeof *sorted, compare_images);
    for (size_t i = 1; i < coco->n_images; i++) {
        if (strcmp(sorted[i - 1]->file_name, sorted[i]->file_name) != 0)
            continue;
        if ((*n)++ == 0) {
            pair[0] = (size_t)(sorted[i - 1] - coco->images);
            pair[1] = (size_t)(sorted[i] - coco->images);
        }
    }
    fa_free(sorted);
    return FA_OK;
}
