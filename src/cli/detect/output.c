#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drawn_file.h"
#include "fa/annotate.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "guard.h"

struct reject {
    size_t image;
    char message[512];
};

/* What one rank has, or all have. */
struct lists {
    struct fa_detect_row *rows;
    struct fa_detect_size *sizes;
    struct reject *rejects;
    size_t n_rows, n_sizes, n_rejects;
};

struct fa_detect_output {
    const char *directory;
    const struct fa_image_list *images;
    const struct fa_weights_meta *meta;
    const struct fa_thresholds *least;
    struct fa_detect_formats formats;
    struct lists own; /* of this rank */
    size_t room_for_rows, room_for_sizes, room_for_rejects;
};

fa_status fa_detect_output_open(const char *directory, const struct fa_image_list *images,
                                const struct fa_weights_meta *meta, const struct fa_thresholds *least,
                                const struct fa_detect_formats *formats, struct fa_detect_output **out)
{
    FA_TRY(fa_detect_guard(directory, images, formats));
    FA_TRY(fa_directory_make(directory));
    FA_TRY(fa_alloc_zero(1, sizeof **out, out));
    (*out)->directory = directory;
    (*out)->images = images;
    (*out)->meta = meta;
    (*out)->least = least;
    (*out)->formats = *formats;
    return FA_OK;
}

static void free_lists(struct lists *lists)
{
    fa_free(lists->rows);
    fa_free(lists->sizes);
    fa_free(lists->rejects);
}

void fa_detect_output_close(struct fa_detect_output *output)
{
    if (output != NULL)
        free_lists(&output->own);
    fa_free(output);
}

/* What is drawn of a detection; the texts are what the annotation points to. */
struct drawn {
    char name[24], note[16];
};

static void annotate(const struct fa_detect_output *output, const struct fa_detection *detection,
                     struct drawn *drawn, struct fa_annotation *annotation)
{
    snprintf(drawn->note, sizeof drawn->note, "%.2f", (double)detection->score);
    *annotation = (struct fa_annotation){
        .name = fa_detect_class_name(output->meta, detection->label, drawn->name), .note = drawn->note};
    memcpy(annotation->box, detection->box, sizeof annotation->box);
    fa_class_color(detection->label, annotation->rgb);
}

static fa_status draw(const struct fa_detect_output *output, struct fa_picture *picture,
                      const struct fa_detection *detections, size_t n)
{
    struct fa_annotation *annotations = NULL;
    struct drawn *drawn = NULL;
    fa_status status = fa_alloc(n, sizeof *annotations, &annotations);

    if (status == FA_OK)
        status = fa_alloc(n, sizeof *drawn, &drawn);
    for (size_t i = 0; i < n && status == FA_OK; i++)
        annotate(output, &detections[i], &drawn[i], &annotations[i]);
    if (status == FA_OK)
        status = fa_picture_annotate(picture, annotations, n);
    fa_free(drawn);
    fa_free(annotations);
    return status;
}

/* How many of each class are drawn, and from which score on; of many classes only those that are there. */
static fa_status draw_counts(const struct fa_detect_output *output, struct fa_picture *picture,
                             const struct fa_detection *detections, size_t n)
{
    enum { MOST = 12, ROOM = 96 };
    struct fa_legend_entry entries[MOST];
    char texts[MOST][ROOM], buffer[24];
    size_t n_entries = 0;

    for (size_t k = 0; k < output->least->n && n_entries < MOST; k++) {
        size_t n_of_class = 0;

        for (size_t i = 0; i < n; i++)
            n_of_class += (size_t)detections[i].label == k;
        if (n_of_class == 0 && output->least->n > MOST)
            continue;
        snprintf(texts[n_entries], ROOM, "%.60s %zu from %.2f",
                 fa_detect_class_name(output->meta, (int32_t)k, buffer), n_of_class,
                 fa_thresholds_of(output->least, k));
        entries[n_entries].text = texts[n_entries];
        fa_class_color((int32_t)k, entries[n_entries++].rgb);
    }
    return fa_picture_legend(picture, entries, n_entries);
}

static fa_status write_picture(const struct fa_detect_output *output, const char *name,
                               const struct fa_picture *picture)
{
    char *path;
    fa_status status;

    FA_TRY(fa_path_join(output->directory, name, &path));
    status = fa_drawn_file_write(path, picture, FA_DETECT_COMMENT);
    fa_free(path);
    return status;
}

static fa_status note_size(struct fa_detect_output *output, size_t image, const struct fa_fingerprint *file,
                           const struct fa_picture *picture)
{
    struct lists *own = &output->own;

    FA_TRY(fa_reserve(&own->sizes, own->n_sizes + 1, sizeof *own->sizes, &output->room_for_sizes));
    own->sizes[own->n_sizes++] =
        (struct fa_detect_size){.image = image, .w = picture->w, .h = picture->h, .file = *file};
    return FA_OK;
}

fa_status fa_detect_output_add(struct fa_detect_output *output, size_t image,
                               const struct fa_fingerprint *file, struct fa_picture *picture,
                               const struct fa_detection *detections, size_t n)
{
    struct lists *own = &output->own;
    char name[FA_DETECT_NAME_MAX];

    FA_TRY(note_size(output, image, file, picture));
    FA_TRY(fa_reserve(&own->rows, own->n_rows + n, sizeof *own->rows, &output->room_for_rows));
    for (size_t i = 0; i < n; i++)
        own->rows[own->n_rows++] = (struct fa_detect_row){.image = image, .detection = detections[i]};
    FA_TRY(draw(output, picture, detections, n));
    FA_TRY(draw_counts(output, picture, detections, n));
    fa_detect_name(output->images->paths[image], name);
    return write_picture(output, name, picture);
}

fa_status fa_detect_output_reject(struct fa_detect_output *output, size_t image, const char *message)
{
    struct lists *own = &output->own;
    struct reject *reject;

    FA_TRY(fa_reserve(&own->rejects, own->n_rejects + 1, sizeof *own->rejects, &output->room_for_rejects));
    reject = &own->rejects[own->n_rejects++];
    memset(reject, 0, sizeof *reject); /* all of it goes over the network */
    reject->image = image;
    snprintf(reject->message, sizeof reject->message, "%s", message);
    return FA_OK;
}

/* NULL where memory is short. */
static struct fa_json *detection_json(const struct fa_detect_output *output,
                                      const struct fa_detection *detection)
{
    const float *box = detection->box;
    const double xywh[4] = {box[0], box[1], (double)box[2] - box[0], (double)box[3] - box[1]};
    struct fa_json *object = fa_json_new_object(), *bbox = fa_json_new_array();
    bool is_whole = true;
    char buffer[24];

    for (int k = 0; k < 4; k++)
        is_whole &= fa_json_append(bbox, fa_json_new_number(xywh[k]));
    is_whole &= fa_json_set(object, "label", fa_json_new_number(detection->label));
    is_whole &= fa_json_set(object, "class",
                            fa_json_new_string(fa_detect_class_name(output->meta, detection->label, buffer)));
    is_whole &= fa_json_set(object, "score", fa_json_new_number(detection->score));
    is_whole &= fa_json_set(object, "score_threshold",
                            fa_json_new_number(fa_thresholds_of(output->least, (size_t)detection->label)));
    is_whole &= fa_json_set(object, "bbox", bbox);
    if (is_whole)
        return object;
    fa_json_free(object);
    return NULL;
}

/* How far the lists, which are in the order of the images, are written. */
struct written {
    size_t rows, rejects;
};

/* NULL where memory is short. */
static struct fa_json *image_json(const struct fa_detect_output *output, size_t image,
                                  const struct lists *all, struct written *w)
{
    struct fa_json *object = fa_json_new_object(), *detections = fa_json_new_array();
    bool is_whole = true;

    for (; w->rows < all->n_rows && all->rows[w->rows].image == image; w->rows++)
        is_whole &= fa_json_append(detections, detection_json(output, &all->rows[w->rows].detection));
    is_whole &= fa_json_set(object, "file", fa_json_new_string(output->images->paths[image]));
    is_whole &= fa_json_set(object, "detections", detections);
    for (; w->rejects < all->n_rejects && all->rejects[w->rejects].image == image; w->rejects++)
        is_whole &= fa_json_set(object, "error", fa_json_new_string(all->rejects[w->rejects].message));
    if (is_whole)
        return object;
    fa_json_free(object);
    return NULL;
}

/* Of sizes and rejects, which begin with their image; of an image there is one at most. */
static int by_image(const void *a, const void *b)
{
    const size_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Ranks come one after another, each with its images in order. Of an image the order stays. */
static fa_status order_by_image(struct lists *all, size_t n_images)
{
    struct fa_detect_row *ordered;
    size_t *place;

    FA_TRY(fa_alloc(all->n_rows, sizeof *ordered, &ordered));
    if (fa_alloc_zero(n_images + 1, sizeof *place, &place) != FA_OK) {
        fa_free(ordered);
        return FA_ENOMEM;
    }
    for (size_t r = 0; r < all->n_rows; r++)
        place[all->rows[r].image + 1]++;
    for (size_t i = 0; i < n_images; i++)
        place[i + 1] += place[i];
    for (size_t r = 0; r < all->n_rows; r++)
        ordered[place[all->rows[r].image]++] = all->rows[r];
    fa_free(place);
    fa_free(all->rows);
    all->rows = ordered;
    qsort(all->sizes, all->n_sizes, sizeof *all->sizes, by_image);
    qsort(all->rejects, all->n_rejects, sizeof *all->rejects, by_image);
    return FA_OK;
}

static fa_status list_json(const struct fa_detect_output *output, const struct lists *all,
                           struct fa_json *root)
{
    struct written written = {0};

    for (size_t i = 0; i < output->images->n; i++)
        if (!fa_json_append(root, image_json(output, i, all, &written)))
            return fa_fail(FA_ENOMEM, "memory is exhausted while detections are listed");
    return FA_OK;
}

static fa_status write_json(const struct fa_detect_output *output, const struct lists *all)
{
    struct fa_json *root = fa_json_new_array();
    char *path = NULL;
    fa_status status = list_json(output, all, root);

    if (status == FA_OK)
        status = fa_path_join(output->directory, FA_DETECT_LIST, &path);
    if (status == FA_OK)
        status = fa_json_save(path, root, true);
    fa_free(path);
    fa_json_free(root);
    return status;
}

/* Collective: what all ranks have, on rank 0. */
static fa_status gather(struct fa_comm *comm, const struct lists *own, struct lists *all)
{
    size_t n_bytes;

    FA_TRY(
        fa_comm_gather(comm, own->rows, own->n_rows * sizeof *own->rows, 0, (void **)&all->rows, &n_bytes));
    all->n_rows = n_bytes / sizeof *own->rows;
    FA_TRY(fa_comm_gather(comm, own->sizes, own->n_sizes * sizeof *own->sizes, 0, (void **)&all->sizes,
                          &n_bytes));
    all->n_sizes = n_bytes / sizeof *own->sizes;
    FA_TRY(fa_comm_gather(comm, own->rejects, own->n_rejects * sizeof *own->rejects, 0,
                          (void **)&all->rejects, &n_bytes));
    all->n_rejects = n_bytes / sizeof *own->rejects;
    return FA_OK;
}

static fa_status tell_rejects(const struct fa_detect_output *output, const struct lists *all)
{
    if (all->n_rejects == 0)
        return FA_OK;
    for (size_t i = 0; i < all->n_rejects; i++)
        fa_warn("left out: %s", all->rejects[i].message);
    return fa_fail(FA_EIO,
                   "%zu of %zu images cannot be used, the first: %s; the others are in %s/" FA_DETECT_LIST,
                   all->n_rejects, output->images->n, all->rejects[0].message, output->directory);
}

static fa_status write_other_formats(const struct fa_detect_output *output, const struct lists *all)
{
    const struct fa_detect_results results = {.images = output->images,
                                              .meta = output->meta,
                                              .rows = all->rows,
                                              .sizes = all->sizes,
                                              .n_rows = all->n_rows,
                                              .n_sizes = all->n_sizes};

    if (output->formats.coco)
        FA_TRY(fa_detect_write_coco(output->directory, &results));
    return output->formats.yolo ? fa_detect_write_yolo(output->directory, &results) : FA_OK;
}

static void report_thresholds(const struct fa_detect_output *output, struct fa_invocation *invocation)
{
    struct fa_json *object = fa_json_new_object();
    char buffer[24];

    for (size_t k = 0; k < output->least->n && object != NULL; k++)
        fa_json_set(object, fa_detect_class_name(output->meta, (int32_t)k, buffer),
                    fa_json_new_number(fa_thresholds_of(output->least, k)));
    fa_json_set(invocation->report, "score_thresholds", object);
}

static fa_status tell_known(const struct lists *all, struct fa_invocation *invocation)
{
    struct fa_fingerprint *files;
    struct fa_known_pictures known;
    fa_status status;

    FA_TRY(fa_alloc(all->n_sizes, sizeof *files, &files));
    for (size_t i = 0; i < all->n_sizes; i++)
        files[i] = all->sizes[i].file;
    status = fa_known_pictures_tell(fa_arguments_get(&invocation->arguments, "--weights"), files,
                                    all->n_sizes, &known);
    fa_free(files);
    if (status == FA_OK && known.n_trained > 0)
        fa_report_number(invocation, "trained_on", (double)known.n_trained);
    if (status == FA_OK && known.n_validated > 0)
        fa_report_number(invocation, "validated_on", (double)known.n_validated);
    return status;
}

/* Rank 0. */
static fa_status publish(const struct fa_detect_output *output, struct lists *all,
                         struct fa_invocation *invocation)
{
    FA_TRY(order_by_image(all, output->images->n));
    FA_TRY(write_json(output, all));
    FA_TRY(write_other_formats(output, all));
    printf("%zu detection%s in %zu image%s: pictures and " FA_DETECT_LIST " in %s\n", all->n_rows,
           fa_plural(all->n_rows), all->n_sizes, fa_plural(all->n_sizes), output->directory);
    fa_report_number(invocation, "detections", (double)all->n_rows);
    fa_report_number(invocation, "rejected", (double)all->n_rejects);
    report_thresholds(output, invocation);
    FA_TRY(tell_known(all, invocation));
    return tell_rejects(output, all);
}

fa_status fa_detect_output_finish(struct fa_detect_output *output, struct fa_invocation *invocation)
{
    struct lists all = {0};
    fa_status status;

    status = gather(invocation->comm, &output->own, &all);
    if (status == FA_OK && fa_invocation_speaks(invocation))
        status = publish(output, &all, invocation);
    free_lists(&all);
    return fa_invocation_agree(invocation, status);
}
