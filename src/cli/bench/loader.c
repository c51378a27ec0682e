/*
 * loader.c - freeanchor bench loader: from JPEG to the padded, normalised tensor, as training prepares it,
 * augmentation included; with --data the loader's part of it, which ends at the tensor's pixels.
 */
#include <stdio.h>

#include "bench.h"
#include "fa/clock.h"
#include "fa/loader.h"
#include "fa/memory.h"
#include "session.h"
#include "synthetic.h"

enum { SYNTHETIC_W = 640, SYNTHETIC_H = 480, QUALITY = 90 };

struct speed {
    size_t n_images;
    double seconds;      /* that passed */
    double work_seconds; /* of all threads together */
};

/* ---- packed images ---- */

static fa_status drain(struct fa_loader *loader, size_t n, struct speed *speed)
{
    const struct fa_sample *sample;

    for (; speed->n_images < n; speed->n_images++) {
        FA_TRY(fa_loader_next(loader, &sample));
        fa_loader_give_back(loader, sample);
    }
    return FA_OK;
}

/* One image a step, over and over until there are n. A damaged one is told each time, and replaced. */
static fa_status load(const struct fa_dataset *dataset, const struct fa_transform *transform, int threads,
                      size_t n, struct speed *speed)
{
    const double start = fa_clock_seconds();
    const struct fa_loader_config config = {.transform = *transform,
                                            .batch = 1,
                                            .end = 1,
                                            .n_threads = threads,
                                            .n_ahead = (size_t)threads + 1,
                                            .bad_budget = SIZE_MAX};
    struct fa_loader_statistics statistics = {0};
    struct fa_sampler *sampler = NULL;
    struct fa_loader *loader = NULL;
    fa_status status = fa_sampler_create(
        dataset, &(struct fa_sampler_config){.seed = 0, .batch = 1, .keep_empty = true}, &sampler);

    if (status == FA_OK)
        status = fa_loader_open(&config, dataset, sampler, &loader);
    if (status == FA_OK)
        status = drain(loader, n, speed);
    if (status == FA_OK)
        fa_loader_statistics(loader, &statistics);
    fa_loader_close(loader);
    fa_sampler_destroy(sampler);
    speed->seconds = fa_clock_seconds() - start;
    speed->work_seconds = statistics.work_s;
    return status;
}

/* The first round brings the files into memory. */
static fa_status measure_dataset(const char *path, const struct fa_transform *transform, int threads,
                                 size_t n, struct speed *speed)
{
    struct fa_dataset *dataset;
    struct speed first = {0};
    fa_status status;

    FA_TRY(fa_dataset_open(path, &dataset));
    if (dataset->n_records == 0)
        status = fa_fail(FA_EINVAL, "%s has no images", path);
    else
        status = load(dataset, transform, threads, dataset->n_records, &first);
    if (status == FA_OK)
        status = load(dataset, transform, threads, n, speed);
    fa_dataset_close(dataset);
    return status;
}

/* ---- one synthetic image ---- */

struct jpeg {
    uint8_t *data;
    size_t n_bytes;
};

static fa_status make_jpeg(struct jpeg *jpeg)
{
    struct fa_picture picture;
    fa_status status = fa_synthetic_picture(SYNTHETIC_W, SYNTHETIC_H, &picture);

    if (status == FA_OK)
        status = fa_jpeg_encode(&picture, QUALITY, false, NULL, &jpeg->data, &jpeg->n_bytes);
    fa_picture_free(&picture);
    return status;
}

static fa_status normalise(const struct fa_sample *sample)
{
    float *chw;

    FA_TRY(fa_alloc(3 * (size_t)sample->h * (size_t)sample->w, sizeof *chw, &chw));
    fa_frame_to_chw(&sample->frame, sample->h, sample->w, chw);
    fa_free(chw);
    return FA_OK;
}

static fa_status prepare(const struct jpeg *jpeg, const struct fa_transform *transform, size_t position)
{
    struct fa_picture picture;
    struct fa_image_plan plan;
    struct fa_sample sample;
    fa_status status;

    fa_image_plan_draw(transform, SYNTHETIC_W, SYNTHETIC_H, NULL, 0, 0, position, &plan);
    FA_TRY(fa_jpeg_decode("the synthetic JPEG", jpeg->data, jpeg->n_bytes, 1, &picture));
    status = fa_sample_from_picture(&picture, transform, &plan, &sample);
    if (status == FA_OK) {
        status = normalise(&sample);
        fa_sample_clear(&sample);
    }
    fa_picture_free(&picture);
    return status;
}

/* On this thread alone. */
static fa_status measure_synthetic(const struct fa_transform *transform, size_t n, struct speed *speed)
{
    struct jpeg jpeg = {.data = NULL};
    double start;
    fa_status status = make_jpeg(&jpeg);

    if (status == FA_OK)
        status = prepare(&jpeg, transform, 0);
    start = fa_clock_seconds();
    for (; speed->n_images < n && status == FA_OK; speed->n_images++)
        status = prepare(&jpeg, transform, speed->n_images);
    speed->seconds = speed->work_seconds = fa_clock_seconds() - start;
    if (status == FA_OK)
        printf("a synthetic JPEG of %dx%d, %zu bytes, on one thread\n", SYNTHETIC_W, SYNTHETIC_H,
               jpeg.n_bytes);
    fa_free(jpeg.data);
    return status;
}

/* ---- all of it ---- */

static void report(struct fa_invocation *invocation, const struct fa_transform *transform,
                   const struct speed *speed)
{
    const double n = (double)speed->n_images;

    printf("%zu images resized to fit %dx%d: %.1f images/s, %.1f for each thread at work\n", speed->n_images,
           transform->scale[0], transform->scale[1], n / speed->seconds, n / speed->work_seconds);
    fa_report_number(invocation, "images", n);
    fa_report_number(invocation, "images_per_s", n / speed->seconds);
    fa_report_number(invocation, "images_per_s_per_thread", n / speed->work_seconds);
}

static fa_status measure(struct fa_invocation *invocation, const struct fa_settings *settings)
{
    const struct fa_transform *transform = &settings->train.transform;
    const char *data = fa_arguments_get(&invocation->arguments, "--data");
    const size_t n = (size_t)fa_arguments_whole(&invocation->arguments, "--images", 64);
    struct speed speed = {0};

    if (data != NULL)
        FA_TRY(measure_dataset(data, transform, invocation->threads, n, &speed));
    else
        FA_TRY(measure_synthetic(transform, n, &speed));
    report(invocation, transform, &speed);
    return FA_OK;
}

static fa_status run(struct fa_invocation *invocation)
{
    return fa_bench_configured(invocation, measure);
}

const struct fa_bench fa_bench_loader = {.name = "loader",
                                         .summary = "JPEG to normalised tensor, images a second",
                                         .flags = {"--config", "--set", "--data", "--images"},
                                         .run = run};
