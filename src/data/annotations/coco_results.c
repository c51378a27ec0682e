/*
 * coco_results.c - detections as COCO wants them: a JSON array of {image_id, category_id, bbox, score}.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "coco_member.h"
#include "fa/coco.h"
#include "fa/json.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"

/* ---- reading ---- */

static fa_status read_result(const struct fa_json *item, struct fa_coco_result *out, size_t *n_text)
{
    FA_TRY(fa_coco_member_id(item, "image_id", &out->image_id, n_text));
    FA_TRY(fa_coco_member_id(item, "category_id", &out->category_id, n_text));
    if (!fa_json_to_double(fa_json_get(item, "score"), &out->score) || !isfinite(out->score))
        return fa_fail(FA_EFORMAT, "`score` is missing or not a finite number");
    return fa_coco_member_box(item, out->bbox);
}

static fa_status read_results(const char *path, const struct fa_json *root, struct fa_coco_result *results)
{
    const struct fa_json *item = fa_json_first(root);
    size_t n_text = 0;

    for (size_t i = 0; item != NULL; i++, item = fa_json_next(item))
        FA_TRY(fa_prefix(read_result(item, &results[i], &n_text), "%s: result %zu", path, i));
    if (n_text > 0)
        fa_warn("%s: %zu ids are text; taken as the whole numbers that they spell", path, n_text);
    return FA_OK;
}

fa_status fa_coco_results_read(const char *path, struct fa_coco_result **results, size_t *n)
{
    struct fa_json *root = NULL;
    struct fa_coco_result *read = NULL;
    fa_status st;

    FA_TRY(fa_json_read_file(path, &root));
    if (fa_json_kind(root) != FA_JSON_ARRAY)
        st = fa_fail(FA_EFORMAT, "%s: not a list; a COCO results file is a list of detections", path);
    else
        st = fa_alloc(fa_json_count(root), sizeof *read, &read);
    if (st == FA_OK)
        st = read_results(path, root, read);
    if (st == FA_OK) {
        *results = read;
        *n = fa_json_count(root);
    } else {
        fa_free(read);
    }
    fa_json_free(root);
    return st;
}

/* ---- writing ---- */

/* The shortest of the usual precisions that reads back as the same double. */
static void write_number(FILE *file, double value)
{
    char text[32];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fputs(text, file);
}

static bool is_finite(const struct fa_coco_result *result)
{
    return isfinite(result->score) && isfinite(result->bbox[0]) && isfinite(result->bbox[1]) &&
           isfinite(result->bbox[2]) && isfinite(result->bbox[3]);
}

static void write_result(FILE *file, const struct fa_coco_result *result)
{
    fprintf(file, "{\"image_id\":%" PRId64 ",\"category_id\":%" PRId64 ",\"bbox\":[", result->image_id,
            result->category_id);
    for (int k = 0; k < 4; k++) {
        if (k > 0)
            fputc(',', file);
        write_number(file, result->bbox[k]);
    }
    fputs("],\"score\":", file);
    write_number(file, result->score);
    fputc('}', file);
}

static fa_status write_results(struct fa_new_file *target, const struct fa_coco_result *results, size_t n)
{
    FILE *file;
    bool written;

    FA_TRY(fa_new_file_stream(target, &file));
    fputc('[', file);
    for (size_t i = 0; i < n && !ferror(file); i++) {
        if (i > 0)
            fputs(",\n", file);
        write_result(file, &results[i]);
    }
    fputs("]\n", file);
    written = !ferror(file);
    if (fclose(file) != 0 || !written)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot write; is the disk full?", fa_new_file_path(target));
    return FA_OK;
}

fa_status fa_coco_results_write(const char *path, const struct fa_coco_result *results, size_t n)
{
    struct fa_new_file *target;

    for (size_t i = 0; i < n; i++)
        if (!is_finite(&results[i]))
            return fa_fail(FA_ENUMERIC,
                           "%s: result %zu, of image %" PRId64 ", has a number that is not finite", path, i,
                           results[i].image_id);
    FA_TRY(fa_new_file_open(path, &target));
    return fa_new_file_finish(target, write_results(target, results, n));
}
