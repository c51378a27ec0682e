#include "guard.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "drawn_file.h"
#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"

static bool ends(const char *text, const char *suffix)
{
    const size_t n = strlen(text), n_suffix = strlen(suffix);

    return n >= n_suffix && strcasecmp(text + n - n_suffix, suffix) == 0;
}

void fa_detect_name(const char *image, char name[FA_DETECT_NAME_MAX])
{
    const char *slash = strrchr(image, '/'), *last = slash != NULL ? slash + 1 : image;

    snprintf(name, FA_DETECT_NAME_MAX, "%.255s%s", last,
             ends(last, ".jpg") || ends(last, ".jpeg") ? "" : ".jpg");
}

static fa_status check_length(const char *image)
{
    char name[FA_DETECT_NAME_MAX];

    fa_detect_name(image, name);
    if (strlen(name) <= NAME_MAX)
        return FA_OK;
    return fa_fail(FA_EINVAL, "%s: with .jpg added its name is longer than the %d bytes allowed; rename it",
                   image, NAME_MAX);
}

/* What an image gets in the output directory, and what it is called. */
typedef void (*name_fn)(const char *image, char *name);

enum { NAME_MAX_OF_ALL = FA_DETECT_LABELS_NAME_MAX };
_Static_assert(FA_DETECT_NAME_MAX <= NAME_MAX_OF_ALL, "names of all kinds fit");

struct named {
    char name[NAME_MAX_OF_ALL];
    const char *image;
};

static int compare_names(const void *a, const void *b)
{
    const struct named *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static fa_status collide(const struct named *a, const struct named *b, const char *directory)
{
    if (strcmp(a->image, b->image) == 0)
        return fa_fail(FA_EINVAL, "%s is given twice", a->image);
    return fa_fail(FA_EINVAL, "%s and %s would both be written to %s/%s; detect them in two runs", a->image,
                   b->image, directory, a->name);
}

static fa_status require_distinct(const struct fa_image_list *images, const char *directory, name_fn name_of)
{
    struct named *named;
    fa_status status = FA_OK;

    FA_TRY(fa_alloc(images->n, sizeof *named, &named));
    for (size_t i = 0; i < images->n; i++) {
        named[i].image = images->paths[i];
        name_of(images->paths[i], named[i].name);
    }
    qsort(named, images->n, sizeof *named, compare_names);
    for (size_t i = 1; i < images->n && status == FA_OK; i++)
        if (compare_names(&named[i - 1], &named[i]) == 0)
            status = collide(&named[i - 1], &named[i], directory);
    fa_free(named);
    return status;
}

/* A list of objects that have detections. */
static bool is_our_list(const char *path)
{
    struct fa_json *root = NULL;
    bool ours = fa_json_read_file(path, &root) == FA_OK && fa_json_first(root) != NULL;

    for (const struct fa_json *item = fa_json_first(root); ours && item != NULL; item = fa_json_next(item))
        ours = fa_json_kind(fa_json_get(item, "detections")) == FA_JSON_ARRAY;
    fa_json_free(root);
    return ours;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat of_a, of_b;

    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

/* target: what image's picture is about to be called. */
static fa_status check_picture(const char *image, const char *target)
{
    if (!fa_file_exists(target))
        return FA_OK;
    if (is_same_file(image, target))
        return fa_fail(FA_EINVAL, "%s: its picture would replace the image itself; choose another --out",
                       image);
    return fa_drawn_file_check(target, FA_DETECT_COMMENT);
}

static fa_status check_ours(const char *path, bool (*is_ours)(const char *path))
{
    if (!fa_file_exists(path) || (is_ours != NULL && is_ours(path)))
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "%s: is there already and does not hold detections of this program; choose "
                   "another --out",
                   path);
}

/* The place of name in the directory, checked; image NULL: that of what is_ours knows, or of nothing if it is
   NULL too. */
static fa_status check_place(const char *directory, const char *name, const char *image,
                             bool (*is_ours)(const char *path))
{
    char *target;
    fa_status status;

    FA_TRY(fa_path_join(directory, name, &target));
    status = image != NULL ? check_picture(image, target) : check_ours(target, is_ours);
    fa_free(target);
    return status;
}

static fa_status check_pictures(const char *directory, const struct fa_image_list *images)
{
    char name[FA_DETECT_NAME_MAX];

    for (size_t i = 0; i < images->n; i++)
        FA_TRY(check_length(images->paths[i]));
    FA_TRY(require_distinct(images, directory, fa_detect_name));
    for (size_t i = 0; i < images->n; i++) {
        fa_detect_name(images->paths[i], name);
        FA_TRY(check_place(directory, name, images->paths[i], NULL));
    }
    return FA_OK;
}

static fa_status check_labels_folder(const char *directory)
{
    char *folder;
    struct stat st;
    bool is_link;

    FA_TRY(fa_path_join(directory, FA_DETECT_LABELS, &folder));
    is_link = lstat(folder, &st) == 0 && S_ISLNK(st.st_mode);
    fa_free(folder);
    if (!is_link)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "%s/" FA_DETECT_LABELS ": is a link, and is not written through; choose another --out",
                   directory);
}

/* Other tools write six columns as well, so a text is ours beside our list alone, which is checked by now. */
static fa_status check_labels(const char *directory, const struct fa_image_list *images)
{
    char name[FA_DETECT_LABELS_NAME_MAX], *list;
    bool have_list;

    FA_TRY(check_labels_folder(directory));
    FA_TRY(require_distinct(images, directory, fa_detect_labels_name));
    FA_TRY(fa_path_join(directory, FA_DETECT_LIST, &list));
    have_list = fa_file_exists(list);
    fa_free(list);
    for (size_t i = 0; i < images->n; i++) {
        fa_detect_labels_name(images->paths[i], name);
        FA_TRY(check_place(directory, name, NULL, have_list ? fa_detect_is_our_text : NULL));
    }
    return FA_OK;
}

fa_status fa_detect_guard(const char *directory, const struct fa_image_list *images,
                          const struct fa_detect_formats *formats)
{
    FA_TRY(check_pictures(directory, images));
    FA_TRY(check_place(directory, FA_DETECT_LIST, NULL, is_our_list));
    if (formats->coco)
        FA_TRY(check_place(directory, FA_DETECT_COCO, NULL, fa_detect_is_our_coco));
    return formats->yolo ? check_labels(directory, images) : FA_OK;
}
