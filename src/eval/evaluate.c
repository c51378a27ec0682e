/*
 * evaluate.c - inference spread over the ranks, and one set of numbers for all of them.
 *
 * Record i belongs to rank i % size. A rank that fails stops looking, the others finish their share, and then
 * all agree; nothing is communicated before that.
 */
#include "fa/evaluate.h"

#include <string.h>

#include "evaluate_private.h"
#include "fa/activity.h"
#include "fa/memory.h"

/* One rank's share. */
struct share {
    size_t n_own, n_seen, n, size; /* size: findings that there is room for */
    size_t *own;                   /* records of this rank */
    uint64_t *seen;
    struct fa_finding *finding;
    struct fa_detection *image;  /* of one image, before they are kept */
    struct fa_candidates *views; /* collected of one image, where there are several */
};

static fa_status open_share(const struct fa_comm *comm, size_t n_records, int max_per_image,
                            struct share *share)
{
    size_t rank = (size_t)fa_comm_rank(comm), size = (size_t)fa_comm_size(comm);

    FA_TRY(fa_alloc(n_records / size + 1, sizeof *share->own, &share->own));
    FA_TRY(fa_alloc(n_records / size + 1, sizeof *share->seen, &share->seen));
    FA_TRY(fa_alloc((size_t)max_per_image, sizeof *share->image, &share->image));
    FA_TRY(fa_candidates_create(&share->views));
    for (size_t r = rank; r < n_records; r += size)
        share->own[share->n_own++] = r;
    return FA_OK;
}

static void close_share(struct share *share)
{
    fa_candidates_destroy(share->views);
    fa_free(share->image);
    fa_free(share->finding);
    fa_free(share->seen);
    fa_free(share->own);
}

static fa_status keep(struct share *share, size_t record, size_t n)
{
    FA_TRY(fa_reserve(&share->finding, share->n + n, sizeof *share->finding, &share->size));
    for (size_t i = 0; i < n; i++) {
        struct fa_finding *finding = &share->finding[share->n++];

        memset(finding, 0, sizeof *finding); /* padding goes over the network too */
        finding->record = record;
        finding->rank_in_image = i;
        finding->detection = share->image[i];
    }
    share->seen[share->n_seen++] = record;
    return FA_OK;
}

/* An image whose head somebody wants to see. */
struct sight {
    const struct fa_evaluate_config *config;
    const struct fa_sample *sample;
};

static fa_status show(void *context, const struct fa_head *head)
{
    const struct sight *sight = context;

    return sight->config->saw(sight->config->saw_context, sight->sample, head);
}

/* Whether the sample is the last view of its image, so that *n detections of it are in share->image. */
static fa_status detect(const struct fa_evaluate_config *config, struct fa_lane *lane,
                        const struct fa_sample *sample, struct share *share, bool *last, size_t *n)
{
    const size_t n_views = (size_t)fa_transform_views(&config->transform);
    const size_t view = sample->position % n_views;
    struct sight sight = {config, sample};
    const struct fa_lane_observer observer = {.saw = show, .context = &sight};
    const struct fa_lane_observer *watching = config->saw != NULL && view == 0 ? &observer : NULL;

    *last = view + 1 == n_views;
    if (n_views == 1)
        return fa_detect_observed(&config->detect, lane, sample, watching, share->image, n);
    FA_TRY(fa_collect_observed(&config->detect, lane, sample, watching, share->views));
    return *last ? fa_detect_collected(&config->detect, share->views, share->image, n) : FA_OK;
}

/* The loader's next; NULL after the last. */
static fa_status detect_next(const struct fa_evaluate_config *config, struct fa_lane *lane,
                             struct fa_loader *loader, struct share *share, bool *any)
{
    const struct fa_sample *sample;
    size_t n, record;
    bool last;
    fa_status status;

    fa_activity_begin("detection");
    FA_TRY(fa_loader_next(loader, &sample));
    *any = sample != NULL;
    if (sample == NULL)
        return FA_OK;
    record = sample->record;
    status = detect(config, lane, sample, share, &last, &n);
    if (status != FA_OK)
        status = fa_prefix(status, "image %lld", (long long)sample->image_id);
    fa_loader_give_back(loader, sample);
    FA_TRY(status);
    if (!last)
        return FA_OK;
    FA_TRY(keep(share, record, n));
    if (config->between_images != NULL)
        config->between_images(config->between_context);
    return FA_OK;
}

static fa_status detect_all(const struct fa_evaluate_config *config, struct fa_lane *lane,
                            struct fa_loader *loader, struct share *share)
{
    bool any = true;

    while (any)
        FA_TRY(detect_next(config, lane, loader, share, &any));
    return FA_OK;
}

/* Not collective. */
static fa_status look(const struct fa_evaluate_config *config, struct fa_lane *lane,
                      const struct fa_dataset *dataset, struct share *share)
{
    struct fa_loader *loader = NULL;
    fa_status status =
        fa_loader_open_list(&config->transform, dataset, share->own, share->n_own, config->loader_threads,
                            2 * (size_t)config->loader_threads, &loader);

    if (status == FA_OK)
        status = detect_all(config, lane, loader, share);
    fa_loader_close(loader);
    return status;
}

/* Collective. On rank 0, what everybody found. */
static fa_status gather(struct fa_comm *comm, const struct share *share, struct fa_findings *all)
{
    size_t n_bytes;

    FA_TRY(fa_comm_gather(comm, share->seen, share->n_seen * sizeof *share->seen, 0, (void **)&all->seen,
                          &n_bytes));
    all->n_seen = n_bytes / sizeof *all->seen;
    FA_TRY(fa_comm_gather(comm, share->finding, share->n * sizeof *share->finding, 0, (void **)&all->finding,
                          &n_bytes));
    all->n = n_bytes / sizeof *all->finding;
    return FA_OK;
}

/* Rank 0. */
static fa_status judge(const struct fa_evaluate_config *config, const struct fa_dataset *dataset,
                       struct fa_findings *all, struct fa_metrics *metrics, struct fa_coco_result **results)
{
    fa_activity_begin("scoring");
    FA_TRY(fa_findings_check(all, dataset));
    fa_findings_sort(all);
    FA_TRY(fa_findings_score(all, dataset, config->max_detections, metrics));
    return results == NULL ? FA_OK : fa_findings_results(all, dataset, results);
}

static fa_status make_room_for_classes(struct fa_metrics *metrics)
{
    FA_TRY(fa_alloc(metrics->n_classes, sizeof *metrics->class_ap, &metrics->class_ap));
    return fa_alloc(metrics->n_classes, sizeof *metrics->class_f1, &metrics->class_f1);
}

/* Collective: rank 0's metrics to all. */
static fa_status broadcast_metrics(struct fa_comm *comm, struct fa_metrics *metrics)
{
    const struct fa_metrics own = *metrics;
    fa_status status = FA_OK;

    fa_comm_broadcast(comm, metrics, sizeof *metrics, 0);
    metrics->class_ap = own.class_ap;
    metrics->class_f1 = own.class_f1;
    if (fa_comm_rank(comm) != 0)
        status = make_room_for_classes(metrics);
    FA_TRY(fa_comm_agree(comm, status));
    fa_comm_broadcast(comm, metrics->class_ap, metrics->n_classes * sizeof *metrics->class_ap, 0);
    fa_comm_broadcast(comm, metrics->class_f1, metrics->n_classes * sizeof *metrics->class_f1, 0);
    return FA_OK;
}

static fa_status evaluate_share(const struct fa_evaluate_config *config, struct fa_comm *comm,
                                struct fa_lane *lane, const struct fa_dataset *dataset, struct share *share,
                                struct fa_findings *all, struct fa_metrics *metrics,
                                struct fa_coco_result **results)
{
    fa_status status = open_share(comm, all->n_records, config->detect.max_per_image, share);

    if (status == FA_OK)
        status = look(config, lane, dataset, share);
    FA_TRY(fa_comm_agree(comm, status));
    FA_TRY(gather(comm, share, all));
    FA_TRY(
        fa_comm_agree(comm, fa_comm_rank(comm) == 0 ? judge(config, dataset, all, metrics, results) : FA_OK));
    return broadcast_metrics(comm, metrics);
}

fa_status fa_evaluate(const struct fa_evaluate_config *config, struct fa_comm *comm, struct fa_lane *lane,
                      const struct fa_dataset *dataset, struct fa_metrics *metrics,
                      struct fa_coco_result **results, size_t *n_results)
{
    size_t n = dataset->n_records;
    struct share share = {0};
    struct fa_findings all = {.n_records =
                                  config->max_images > 0 && config->max_images < n ? config->max_images : n};
    fa_status status;

    *metrics = (struct fa_metrics){0};
    if (results != NULL)
        *results = NULL;
    status = evaluate_share(config, comm, lane, dataset, &share, &all, metrics, results);
    if (status == FA_OK && results != NULL)
        *n_results = all.n;
    if (status != FA_OK) {
        fa_metrics_clear(metrics);
        if (results != NULL) {
            fa_free(*results);
            *results = NULL;
        }
    }
    fa_free(all.finding);
    fa_free(all.seen);
    close_share(&share);
    return status;
}
