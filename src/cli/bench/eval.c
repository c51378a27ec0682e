/*
 * eval.c - freeanchor bench eval: the metrics of a whole validation set, and the post-processing of one
 * image.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "fa/memory.h"
#include "fa/metrics.h"
#include "fa/philox.h"
#include "postprocess.h"
#include "session.h"

/* As COCO's validation set has them, of 5,000 images: 36,000 objects, 500,000 detections. */
#define OBJECTS_PER_IMAGE    7.2
#define DETECTIONS_PER_IMAGE 100

enum { IMAGE_SIDE = 640 };

static const int max_detections[3] = {1, 10, 100};

/* ---- a synthetic set ---- */

struct set {
    struct fa_metrics_input input;
    struct fa_metrics_gt *gt;
    struct fa_metrics_detection *detections;
};

static void random_box(struct fa_random *random, double bbox[4])
{
    for (int i = 0; i < 2; i++) {
        bbox[2 + i] = 8 * pow(IMAGE_SIDE / 8.0, fa_random_double(random));
        bbox[i] = (IMAGE_SIDE - bbox[2 + i]) * fa_random_double(random);
    }
}

static void make_objects(struct fa_random *random, struct set *set)
{
    for (size_t i = 0; i < set->input.n_gt; i++) {
        struct fa_metrics_gt *gt = &set->gt[i];

        *gt =
            (struct fa_metrics_gt){.image = i * set->input.n_images / set->input.n_gt,
                                   .label = (int32_t)fa_random_below(random, (uint32_t)set->input.n_classes)};
        random_box(random, gt->bbox);
        gt->area = gt->bbox[2] * gt->bbox[3];
        gt->crowd = fa_random_below(random, 100) == 0;
    }
}

/* Every eighth detection is near an object of its image, where there is one; the others are anywhere. */
static void make_detections(struct fa_random *random, struct set *set)
{
    for (size_t i = 0; i < set->input.n_detections; i++) {
        const size_t image = i / DETECTIONS_PER_IMAGE;
        const struct fa_metrics_gt *near =
            &set->gt[i % DETECTIONS_PER_IMAGE / 8 % 7 + image * set->input.n_gt / set->input.n_images];
        struct fa_metrics_detection *detection = &set->detections[i];

        *detection = (struct fa_metrics_detection){
            .image = image,
            .label = (int32_t)fa_random_below(random, (uint32_t)set->input.n_classes),
            .score = fa_random_double(random)};
        random_box(random, detection->bbox);
        if (i % 8 == 0 && near < set->gt + set->input.n_gt && near->image == image) {
            detection->label = near->label;
            for (int k = 0; k < 4; k++)
                detection->bbox[k] = near->bbox[k] * (0.9 + 0.2 * fa_random_double(random));
        }
    }
}

static fa_status make_set(size_t n_images, int n_classes, struct set *set)
{
    struct fa_random random;

    set->input = (struct fa_metrics_input){.n_images = n_images,
                                           .n_gt = (size_t)(OBJECTS_PER_IMAGE * (double)n_images),
                                           .n_detections = DETECTIONS_PER_IMAGE * n_images,
                                           .n_classes = n_classes};
    memcpy(set->input.max_detections, max_detections, sizeof max_detections);
    FA_TRY(fa_alloc(set->input.n_gt, sizeof *set->gt, &set->gt));
    FA_TRY(fa_alloc(set->input.n_detections, sizeof *set->detections, &set->detections));
    fa_random_init(&random, 0, FA_RANDOM_BENCH, n_images, 0);
    make_objects(&random, set);
    make_detections(&random, set);
    set->input.gt = set->gt;
    set->input.detections = set->detections;
    return FA_OK;
}

static fa_status compute_synthetic(void *context)
{
    const struct set *set = context;
    struct fa_metrics metrics = {0};
    fa_status status = fa_metrics_compute(&set->input, &metrics);

    fa_metrics_clear(&metrics);
    return status;
}

static fa_status measure_synthetic(struct fa_invocation *invocation, int classes, size_t n_repeats,
                                   double *seconds)
{
    struct set set = {.gt = NULL};
    fa_status status =
        make_set((size_t)fa_arguments_whole(&invocation->arguments, "--images", 5000), classes, &set);

    if (status == FA_OK) {
        printf("%zu synthetic images, %zu objects, %zu detections, %d classes; median of %zu\n",
               set.input.n_images, set.input.n_gt, set.input.n_detections, classes, n_repeats);
        status = fa_bench_time(compute_synthetic, &set, n_repeats, seconds);
    }
    fa_free(set.detections);
    fa_free(set.gt);
    return status;
}

/* ---- files ---- */

struct files {
    struct fa_coco *coco;
    struct fa_coco_result *results;
    size_t n_results;
};

static fa_status score_files(void *context)
{
    const struct files *files = context;
    struct fa_metrics metrics = {0};
    fa_status status =
        fa_metrics_score(files->coco, files->results, files->n_results, max_detections, &metrics);

    fa_metrics_clear(&metrics);
    return status;
}

static fa_status measure_files(const char *coco, const char *results, size_t n_repeats, double *seconds)
{
    struct files files = {.coco = NULL};
    fa_status status;

    if (coco == NULL || results == NULL)
        return fa_fail(FA_EINVAL, "--coco and --results belong together");
    status = fa_coco_read(coco, &files.coco);
    if (status == FA_OK)
        status = fa_coco_results_read(results, &files.results, &files.n_results);
    if (status == FA_OK) {
        printf("%zu images, %zu objects, %zu detections, %zu classes; median of %zu\n", files.coco->n_images,
               files.coco->n_annotations, files.n_results, files.coco->n_categories, n_repeats);
        status = fa_bench_time(score_files, &files, n_repeats, seconds);
    }
    fa_free(files.results);
    fa_coco_free(files.coco);
    return status;
}

/* ---- both ---- */

static fa_status measure(struct fa_invocation *invocation, const struct fa_settings *settings)
{
    const char *coco = fa_arguments_get(&invocation->arguments, "--coco");
    const char *results = fa_arguments_get(&invocation->arguments, "--results");
    const size_t n_repeats = fa_bench_repeats(invocation);
    const int classes = fa_bench_classes(invocation);
    double metrics_s, postprocess_s;
    int h, w;

    FA_TRY(fa_session_size(invocation, settings, &h, &w));
    if (coco != NULL || results != NULL)
        FA_TRY(measure_files(coco, results, n_repeats, &metrics_s));
    else
        FA_TRY(measure_synthetic(invocation, classes, n_repeats, &metrics_s));
    FA_TRY(fa_bench_postprocess(&settings->train.eval.detect, h, w, classes, n_repeats, &postprocess_s));
    fa_bench_report_seconds(invocation, "metrics", metrics_s);
    fa_bench_report_seconds(invocation, "postprocess", postprocess_s);
    return FA_OK;
}

static fa_status run(struct fa_invocation *invocation)
{
    return fa_bench_configured(invocation, measure);
}

const struct fa_bench fa_bench_eval = {
    .name = "eval",
    .summary = "COCO metrics of a whole validation set; post-processing and NMS of one image",
    .flags = {"--config", "--set", "--size", "--classes", "--steps", "--images", "--coco", "--results"},
    .run = run};
