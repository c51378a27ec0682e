/*
 * yolo.c - YOLO: beside every image a text file of the same name in another folder, a line an object: its
 * class as a number, then the middle and the sides of its box, or the corners of its outline, as shares of
 * the image's sides. An image without such a file has no objects.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "class_names.h"
#include "fa/file.h"
#include "fa/files_below.h"
#include "fa/image.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "readers.h"

enum { MOST_NUMBERS = 20001 }; /* of a line */

/* ---- classes ---- */

static fa_status try_classes(struct fa_builder *builder, const char *folder, const char *name, bool *found)
{
    char *path;
    fa_status status = FA_OK;

    FA_TRY(fa_path_join(folder, name, &path));
    *found = fa_file_exists(path);
    if (*found)
        status = strstr(name, ".yaml") != NULL ? fa_classes_of_yaml(path, builder)
                                               : fa_classes_of_lines(path, builder);
    fa_free(path);
    return status;
}

/* In the folder of labels, or in that around it. */
static fa_status find_classes(struct fa_annotation_reading *reading)
{
    static const char *const names[] = {"data.yaml", "classes.txt", "obj.names"};
    const char *path = reading->source->path;
    char *around;
    bool found = reading->builder.is_closed;
    fa_status status = FA_OK;

    FA_TRY(fa_path_join(path, "..", &around));
    for (int i = 0; i < 6 && !found && status == FA_OK; i++)
        status = try_classes(&reading->builder, i < 3 ? path : around, names[i % 3], &found);
    fa_free(around);
    FA_TRY(status);
    reading->builder.is_closed = true;
    if (found)
        return FA_OK;
    return fa_fail(FA_EFORMAT,
                   "%s: YOLO's labels do not name their classes: there is no data.yaml, classes.txt or "
                   "obj.names in it or beside it; give --classes",
                   path);
}

/* ---- a line ---- */

static fa_status read_numbers(const char *line, double *numbers, size_t *n)
{
    for (*n = 0;; ++*n) {
        const char *from = line + strspn(line, " \t\r");

        if (*from == '\0')
            return FA_OK;
        if (*n == MOST_NUMBERS)
            return fa_fail(FA_EFORMAT, "it has more than %d numbers", MOST_NUMBERS);
        if (!fa_annotation_take_number(from, &numbers[*n], &line) || strchr(" \t\r", *line) == NULL)
            return fa_fail(FA_EFORMAT, "it is not numbers alone: %.60s", from);
    }
}

/* In shares of the image's sides. */
static fa_status box_of_numbers(const double *numbers, size_t n, double bbox[4])
{
    if (n == 4) {
        bbox[0] = numbers[0] - numbers[2] / 2;
        bbox[1] = numbers[1] - numbers[3] / 2;
        bbox[2] = numbers[2];
        bbox[3] = numbers[3];
        return FA_OK;
    }
    if (n < 6 || n % 2 != 0)
        return fa_fail(
            FA_EFORMAT,
            "it has %zu numbers after its class; a box has 4, an outline two for each of 3 or more corners",
            n);
    fa_box_around((const double(*)[2])numbers, n / 2, bbox);
    return FA_OK;
}

/* A box may reach somewhat over the border, but not by a whole image. */
static fa_status check_shares(const double *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (numbers[i] < -1 || numbers[i] > 2)
            return fa_fail(
                FA_EFORMAT,
                "it has the number %g; YOLO's are shares of the image's sides, from 0 to 1, not pixels",
                numbers[i]);
    return FA_OK;
}

static fa_status read_object(struct fa_builder *builder, const char *line, double *numbers)
{
    const struct fa_coco *coco = builder->coco;
    const struct fa_coco_image *image = &coco->images[coco->n_images - 1];
    double bbox[4];
    size_t n;

    FA_TRY(read_numbers(line, numbers, &n));
    if (n == 0)
        return fa_fail(FA_EFORMAT, "it has no numbers");
    if (numbers[0] < 0 || numbers[0] >= (double)coco->n_categories || numbers[0] != floor(numbers[0]))
        return fa_fail(FA_EFORMAT, "its class is %g, where classes go from 0 to %zu", numbers[0],
                       coco->n_categories - 1);
    FA_TRY(check_shares(numbers + 1, n - 1));
    FA_TRY(box_of_numbers(numbers + 1, n - 1, bbox));
    for (int k = 0; k < 4; k++)
        bbox[k] *= k % 2 == 0 ? image->w : image->h;
    return fa_builder_box(builder, (int32_t)numbers[0], bbox, false);
}

/* ---- the files of labels ---- */

/* And which of them an image has. */
struct labels {
    struct fa_files files;
    bool *is_read;
};

static fa_status open_labels(const char *path, struct labels *labels)
{
    static const char *const suffixes[] = {".txt", NULL};
    fa_status status;

    FA_TRY(fa_files_below(path, suffixes, &labels->files));
    status = fa_alloc_zero(labels->files.n, sizeof *labels->is_read, &labels->is_read);
    if (status != FA_OK)
        fa_files_free(&labels->files);
    return status;
}

static void close_labels(struct labels *labels)
{
    fa_files_free(&labels->files);
    fa_free(labels->is_read);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void note_read(struct labels *labels, const char *file)
{
    char **found = labels->files.n == 0 ? NULL
                                        : bsearch(&file, labels->files.names, labels->files.n,
                                                  sizeof *labels->files.names, compare_names);

    if (found != NULL)
        labels->is_read[found - labels->files.names] = true;
}

static bool is_of_classes(const char *file)
{
    const char *slash = strrchr(file, '/');

    return strcmp(slash != NULL ? slash + 1 : file, "classes.txt") == 0;
}

/* Where none is read, a folder is wrong; the images of some may be of a format that is not read. */
static fa_status judge_left_out(const struct labels *labels, const char *image_directory)
{
    const char *first = NULL;
    size_t n = 0, n_read = 0;

    for (size_t i = 0; i < labels->files.n; i++) {
        n_read += labels->is_read[i];
        if (labels->is_read[i] || is_of_classes(labels->files.names[i]))
            continue;
        first = n++ == 0 ? labels->files.names[i] : first;
    }
    if (n > 0 && n_read == 0)
        return fa_fail(
            FA_EFORMAT,
            "no image in %s has the name of a file of labels, such as %s; give the folders below which "
            "both have the same names",
            image_directory, first);
    if (n > 0)
        fa_warn("%zu label file%s %s left out, as no image in %s has the same name; the first: %s", n,
                fa_plural(n), n == 1 ? "is" : "are", image_directory, first);
    return FA_OK;
}

/* ---- an image ---- */

static fa_status read_lines(struct fa_builder *builder, const char *file, char *text, double *numbers)
{
    size_t number = 0;

    for (char *line = text; line != NULL;) {
        char *end = strchr(line, '\n');

        if (end != NULL)
            *end++ = '\0';
        number++;
        if (line[strspn(line, " \t\r")] != '\0')
            FA_TRY(fa_builder_object_fault(
                builder, fa_prefix(read_object(builder, line, numbers), "%s, line %zu", file, number)));
        line = end;
    }
    return FA_OK;
}

/* "train/0001.jpg" to "train/0001.txt". */
static fa_status label_file(const char *image, char **out)
{
    return fa_asprintf(out, "%.*s.txt", (int)(strrchr(image, '.') - image), image);
}

static fa_status read_labels(struct fa_annotation_reading *reading, const char *file, double *numbers)
{
    char *text = NULL, *begin;
    size_t n_bytes;
    fa_status status = fa_image_folder_read(&reading->annotations, file, &text, &n_bytes);

    if (status == FA_OK)
        status = fa_prefix(fa_annotation_text(text, n_bytes, &begin), "%s", file);
    if (status == FA_OK)
        status = read_lines(&reading->builder, file, begin, numbers);
    fa_free(text);
    return status == FA_EMISSING ? FA_OK : fa_builder_object_fault(&reading->builder, status);
}

static fa_status read_image(struct fa_annotation_reading *reading, const char *image, double *numbers,
                            struct labels *labels)
{
    int w = 0, h = 0;
    char *file;
    fa_status status = fa_annotation_image_size(reading, image, &w, &h);

    if (status == FA_OK)
        status = fa_builder_image(&reading->builder, image, w, h);
    if (status != FA_OK)
        FA_TRY(fa_builder_image_fault(&reading->builder, status));
    FA_TRY(label_file(image, &file));
    note_read(labels, file);
    status = status == FA_OK ? read_labels(reading, file, numbers) : FA_OK;
    fa_free(file);
    return status;
}

static fa_status read_images(struct fa_annotation_reading *reading, struct labels *labels)
{
    static const char *const suffixes[] = FA_IMAGE_SUFFIXES;
    const char *directory = reading->source->image_directory;
    struct fa_files images;
    double *numbers = NULL;
    fa_status status;

    FA_TRY(fa_files_below(directory, suffixes, &images));
    status = fa_alloc(MOST_NUMBERS, sizeof *numbers, &numbers);
    for (size_t i = 0; i < images.n && status == FA_OK; i++)
        status = read_image(reading, images.names[i], numbers, labels);
    if (status == FA_OK)
        status = judge_left_out(labels, directory);
    fa_free(numbers);
    fa_files_free(&images);
    return status;
}

fa_status fa_yolo_read(struct fa_annotation_reading *reading)
{
    struct labels labels;
    fa_status status;

    FA_TRY(find_classes(reading));
    FA_TRY(open_labels(reading->source->path, &labels));
    status = fa_prefix(read_images(reading, &labels), "%s", reading->source->path);
    close_labels(&labels);
    return status;
}
