#include "format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"

#define ORIGIN       "detections of freeanchor detect"
#define LARGEST_TEXT ((size_t)1 << 26)

fa_status fa_detect_formats_read(const struct fa_arguments *arguments, struct fa_detect_formats *out)
{
    const char *name;

    *out = (struct fa_detect_formats){.coco = false};
    for (size_t k = 0; (name = fa_arguments_nth(arguments, "--format", k)) != NULL; k++)
        if (strcmp(name, "coco") == 0)
            out->coco = true;
        else if (strcmp(name, "yolo") == 0)
            out->yolo = true;
        else if (strcmp(name, "json") != 0)
            return fa_fail(FA_EINVAL, "--format %s: expected json, coco or yolo", name);
    return FA_OK;
}

const char *fa_detect_class_name(const struct fa_weights_meta *meta, int32_t label, char buffer[24])
{
    if ((size_t)label < meta->n_classes)
        return meta->classes[label];
    snprintf(buffer, 24, "class %d", label);
    return buffer;
}

/* ---- COCO ---- */

/* NULL where memory is short, here and below. */
static struct fa_json *whole_or_nothing(struct fa_json *value, bool is_whole)
{
    if (is_whole)
        return value;
    fa_json_free(value);
    return NULL;
}

static struct fa_json *image_json(const struct fa_detect_results *results, const struct fa_detect_size *size)
{
    struct fa_json *object = fa_json_new_object();
    bool is_whole = fa_json_set(object, "id", fa_json_new_number((double)size->image + 1));

    is_whole &= fa_json_set(object, "file_name", fa_json_new_string(results->images->paths[size->image]));
    is_whole &= fa_json_set(object, "width", fa_json_new_number(size->w));
    is_whole &= fa_json_set(object, "height", fa_json_new_number(size->h));
    return whole_or_nothing(object, is_whole);
}

static struct fa_json *images_json(const struct fa_detect_results *results)
{
    struct fa_json *images = fa_json_new_array();
    bool is_whole = images != NULL;

    for (size_t i = 0; i < results->n_sizes; i++)
        is_whole &= fa_json_append(images, image_json(results, &results->sizes[i]));
    return whole_or_nothing(images, is_whole);
}

static struct fa_json *box_json(const struct fa_detect_row *row, size_t id)
{
    const float *box = row->detection.box;
    const double xywh[4] = {box[0], box[1], (double)box[2] - box[0], (double)box[3] - box[1]};
    struct fa_json *object = fa_json_new_object(), *bbox = fa_json_new_array();
    bool is_whole = true;

    for (int k = 0; k < 4; k++)
        is_whole &= fa_json_append(bbox, fa_json_new_number(xywh[k]));
    is_whole &= fa_json_set(object, "id", fa_json_new_number((double)id));
    is_whole &= fa_json_set(object, "image_id", fa_json_new_number((double)row->image + 1));
    is_whole &= fa_json_set(object, "category_id", fa_json_new_number((double)row->detection.label + 1));
    is_whole &= fa_json_set(object, "bbox", bbox);
    is_whole &= fa_json_set(object, "area", fa_json_new_number(xywh[2] * xywh[3]));
    is_whole &= fa_json_set(object, "iscrowd", fa_json_new_number(0));
    is_whole &= fa_json_set(object, "score", fa_json_new_number(row->detection.score));
    return whole_or_nothing(object, is_whole);
}

static struct fa_json *boxes_json(const struct fa_detect_results *results)
{
    struct fa_json *boxes = fa_json_new_array();
    bool is_whole = boxes != NULL;

    for (size_t r = 0; r < results->n_rows; r++)
        is_whole &= fa_json_append(boxes, box_json(&results->rows[r], r + 1));
    return whole_or_nothing(boxes, is_whole);
}

static struct fa_json *category_json(const struct fa_detect_results *results, size_t label)
{
    struct fa_json *category = fa_json_new_object();
    char buffer[24];
    bool is_whole = fa_json_set(category, "id", fa_json_new_number((double)label + 1));

    is_whole &= fa_json_set(category, "name",
                            fa_json_new_string(fa_detect_class_name(results->meta, (int32_t)label, buffer)));
    return whole_or_nothing(category, is_whole);
}

/* Those that the weights name, or else those up to the last that was found. */
static struct fa_json *categories_json(const struct fa_detect_results *results)
{
    struct fa_json *categories = fa_json_new_array();
    bool is_whole = categories != NULL;
    size_t n = results->meta->n_classes;

    for (size_t r = 0; r < results->n_rows; r++)
        if ((size_t)results->rows[r].detection.label >= n)
            n = (size_t)results->rows[r].detection.label + 1;
    for (size_t label = 0; label < n; label++)
        is_whole &= fa_json_append(categories, category_json(results, label));
    return whole_or_nothing(categories, is_whole);
}

static struct fa_json *coco_json(const struct fa_detect_results *results)
{
    struct fa_json *root = fa_json_new_object(), *info = fa_json_new_object();
    bool is_whole = fa_json_set(info, "description", fa_json_new_string(ORIGIN));

    is_whole &= fa_json_set(root, "info", info);
    is_whole &= fa_json_set(root, "images", images_json(results));
    is_whole &= fa_json_set(root, "annotations", boxes_json(results));
    is_whole &= fa_json_set(root, "categories", categories_json(results));
    return whole_or_nothing(root, is_whole);
}

fa_status fa_detect_write_coco(const char *directory, const struct fa_detect_results *results)
{
    struct fa_json *root = coco_json(results);
    char *path = NULL;
    fa_status status = root != NULL ? fa_path_join(directory, FA_DETECT_COCO, &path)
                                    : fa_fail(FA_ENOMEM, "memory is exhausted while detections are listed");

    if (status == FA_OK)
        status = fa_json_save(path, root, true);
    fa_free(path);
    fa_json_free(root);
    return status;
}

bool fa_detect_is_our_coco(const char *path)
{
    struct fa_json *root = NULL;
    const char *origin;
    const bool ours = fa_json_read_file(path, &root) == FA_OK &&
                      fa_json_to_string(fa_json_get(fa_json_get(root, "info"), "description"), &origin) &&
                      strcmp(origin, ORIGIN) == 0;

    fa_json_free(root);
    return ours;
}

/* ---- YOLO ---- */

void fa_detect_labels_name(const char *image, char name[FA_DETECT_LABELS_NAME_MAX])
{
    const char *slash = strrchr(image, '/'), *last = slash != NULL ? slash + 1 : image,
               *dot = strrchr(last, '.');
    const size_t stem = dot != NULL && dot > last ? (size_t)(dot - last) : strlen(last);

    snprintf(name, FA_DETECT_LABELS_NAME_MAX, FA_DETECT_LABELS "/%.*s.txt", (int)(stem < 255 ? stem : 255),
             last);
}

static void print_line(FILE *stream, const struct fa_detection *detection, const struct fa_detect_size *size)
{
    const float *b = detection->box;

    fprintf(stream, "%d %.8f %.8f %.8f %.8f %.6g\n", detection->label, 0.5 * ((double)b[0] + b[2]) / size->w,
            0.5 * ((double)b[1] + b[3]) / size->h, ((double)b[2] - b[0]) / size->w,
            ((double)b[3] - b[1]) / size->h, (double)detection->score);
}

/* *row is the first of the image, and afterwards of the next. */
static fa_status print_text(const struct fa_detect_results *results, const struct fa_detect_size *size,
                            size_t *row, char **text, size_t *n_bytes)
{
    FILE *stream = open_memstream(text, n_bytes);

    if (stream == NULL)
        return fa_fail(FA_ENOMEM, "out of memory for the boxes of an image");
    for (; *row < results->n_rows && results->rows[*row].image == size->image; ++*row)
        print_line(stream, &results->rows[*row].detection, size);
    if (fclose(stream) == 0)
        return FA_OK;
    free(*text);
    return fa_fail(FA_ENOMEM, "out of memory for the boxes of an image");
}

static fa_status write_text(const char *directory, const struct fa_detect_results *results,
                            const struct fa_detect_size *size, size_t *row)
{
    char name[FA_DETECT_LABELS_NAME_MAX], *path = NULL, *text;
    size_t n_bytes;
    fa_status status;

    fa_detect_labels_name(results->images->paths[size->image], name);
    FA_TRY(print_text(results, size, row, &text, &n_bytes));
    status = fa_path_join(directory, name, &path);
    if (status == FA_OK)
        status = fa_file_write_atomic(path, text, n_bytes);
    fa_free(path);
    free(text);
    return status;
}

fa_status fa_detect_write_yolo(const char *directory, const struct fa_detect_results *results)
{
    char *folder;
    size_t row = 0;
    fa_status status;

    FA_TRY(fa_path_join(directory, FA_DETECT_LABELS, &folder));
    status = fa_directory_make(folder);
    fa_free(folder);
    for (size_t i = 0; i < results->n_sizes && status == FA_OK; i++)
        status = write_text(directory, results, &results->sizes[i], &row);
    return status;
}

/* Six numbers, of which labels for training have five. */
static bool is_our_line(const char *line)
{
    int n = 0;

    while (*line != '\0' && *line != '\n') {
        const size_t digits = strspn(line, "+-.0123456789e");

        if (digits == 0)
            return false;
        line += digits;
        line += *line == ' ';
        n++;
    }
    return n == 6;
}

bool fa_detect_is_our_text(const char *path)
{
    char *text;
    size_t n_bytes;
    bool ours;

    if (fa_file_read(path, LARGEST_TEXT, &text, &n_bytes) != FA_OK)
        return false;
    ours = strlen(text) == n_bytes;
    for (const char *line = text; ours && *line != '\0'; line += strcspn(line, "\n") + 1) {
        ours = is_our_line(line);
        if (strchr(line, '\n') == NULL)
            break;
    }
    fa_free(text);
    return ours;
}
