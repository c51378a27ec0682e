/*
 * loader.c - threads that prepare samples ahead, and a queue that hands them out in order.
 *
 * Samples are numbered in the order of delivery. A thread claims the lowest number not yet claimed, as long
 * as that is less than n_ahead past the last one taken, prepares it without any lock, and puts it into the
 * cell number % n_ahead of a ring; at most n_ahead numbers are under way, so no two share a cell. Buffers are
 * reused: a number in the ring and a sample that the caller holds have one each, the rest are spare.
 */
#include <pthread.h>
#include <stdio.h>

#include "fa/clock.h"
#include "fa/loader.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/thread.h"
#include "sample.h"

/* A sample being prepared, ready, or with the caller. */
struct slot {
    struct fa_sample_buffer buffer; /* first, so that a sample leads back to its slot */
    fa_status status;
    size_t n_bad;                 /* damaged records met on the way */
    char message[FA_MESSAGE_MAX]; /* of the first of them, or of the failure */
    struct slot *next_spare, *next_made;
};

struct fa_loader {
    /* Set at open. */
    struct fa_loader_config config;
    const struct fa_dataset *dataset;
    struct fa_sampler *sampler; /* NULL for a list */
    size_t *list;
    uint64_t n_total; /* numbers there are */
    pthread_t *threads;
    int n_threads;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t may_claim, is_ready;
    bool stop;
    uint64_t n_claimed, n_taken;
    struct slot **ring; /* by number % n_ahead; NULL until ready */
    struct slot *spare, *made;
    fa_status failure;
    char message[FA_MESSAGE_MAX];
    struct fa_loader_statistics statistics;
};

/* ---- which sample ---- */

/* Where in training a number is. */
static void locate(const struct fa_loader *loader, uint64_t number, int64_t *epoch, size_t *position)
{
    const struct fa_loader_config *c = &loader->config;
    const uint64_t per_step = c->end - c->begin;
    const uint64_t step = (uint64_t)c->first_step + number / per_step;
    const uint64_t steps_per_epoch = fa_sampler_epoch_size(loader->sampler) / c->batch;

    *epoch = (int64_t)(step / steps_per_epoch);
    *position = (size_t)(step % steps_per_epoch) * c->batch + c->begin + (size_t)(number % per_step);
}

static void keep_message(char message[FA_MESSAGE_MAX])
{
    snprintf(message, FA_MESSAGE_MAX, "%s", fa_message());
}

static bool is_damage(fa_status status)
{
    return status == FA_EFORMAT || status == FA_EIO;
}

static fa_status prepare_augmented(const struct fa_loader *loader, struct slot *slot, size_t record)
{
    const struct fa_loader_config *c = &loader->config;
    const struct fa_sample *s = &slot->buffer.sample;
    struct fa_image_plan plan;

    FA_TRY(
        fa_sample_plan_draw(loader->dataset, record, &c->transform, c->seed, s->epoch, s->position, &plan));
    return fa_sample_prepare(loader->dataset, record, &c->transform, &plan, &slot->buffer);
}

/* The record at the position or, while records are damaged, the next one of the epoch's order: whoever
   prepares the sample, and however often, finds the same one. */
static fa_status prepare_position(const struct fa_loader *loader, struct slot *slot, int64_t epoch,
                                  size_t position)
{
    const size_t epoch_size = fa_sampler_epoch_size(loader->sampler);
    fa_status st;

    slot->buffer.sample.epoch = epoch;
    slot->buffer.sample.position = position;
    do {
        const size_t at = (position + slot->n_bad) % epoch_size;

        st = prepare_augmented(loader, slot, fa_sampler_record(loader->sampler, epoch, at));
        if (is_damage(st) && slot->n_bad++ == 0)
            keep_message(slot->message);
    } while (is_damage(st) && slot->n_bad <= loader->config.bad_budget && slot->n_bad < epoch_size);
    return st;
}

static fa_status prepare_listed(const struct fa_loader *loader, struct slot *slot, uint64_t number)
{
    const struct fa_transform *transform = &loader->config.transform;
    const uint64_t n_views = (uint64_t)fa_transform_views(transform);
    const size_t record = loader->list[number / n_views];
    const struct fa_record *r = &loader->dataset->records[record];
    struct fa_image_plan plan;

    slot->buffer.sample.epoch = 0;
    slot->buffer.sample.position = (size_t)number;
    fa_image_plan_view(transform, (int)(number % n_views), r->w, r->h, &plan);
    return fa_sample_prepare(loader->dataset, record, transform, &plan, &slot->buffer);
}

static void prepare(const struct fa_loader *loader, struct slot *slot, uint64_t number)
{
    int64_t epoch;
    size_t position;

    slot->n_bad = 0;
    if (loader->sampler != NULL) {
        locate(loader, number, &epoch, &position);
        slot->status = prepare_position(loader, slot, epoch, position);
    } else {
        slot->status = prepare_listed(loader, slot, number);
    }
    if (slot->status != FA_OK && (slot->n_bad == 0 || !is_damage(slot->status)))
        keep_message(slot->message);
}

/* ---- the threads ---- */

static fa_status make_slot(struct fa_loader *loader, struct slot **out)
{
    struct slot *slot = NULL;

    FA_TRY(fa_alloc_zero(1, sizeof *slot, &slot));
    slot->buffer.memory = loader->config.pixels;
    slot->next_made = loader->made;
    loader->made = slot;
    *out = slot;
    return FA_OK;
}

/* A spare slot or, when the caller holds more samples than before, a new one. */
static fa_status take_slot(struct fa_loader *loader, struct slot **out)
{
    if (loader->spare == NULL)
        return make_slot(loader, out);
    *out = loader->spare;
    loader->spare = (*out)->next_spare;
    return FA_OK;
}

static bool may_claim(const struct fa_loader *loader)
{
    return loader->n_claimed < loader->n_total &&
           loader->n_claimed - loader->n_taken < loader->config.n_ahead;
}

static void fail(struct fa_loader *loader, fa_status status, const char *message)
{
    loader->failure = status;
    snprintf(loader->message, sizeof loader->message, "%s", message);
    pthread_cond_signal(&loader->is_ready);
}

/* Prepares one sample; called and left with the lock held. */
static void work_once(struct fa_loader *loader)
{
    const uint64_t number = loader->n_claimed;
    struct slot *slot = NULL;
    const fa_status st = take_slot(loader, &slot);
    double seconds;

    if (st != FA_OK) {
        fail(loader, st, fa_message());
        return;
    }
    loader->n_claimed++;
    pthread_mutex_unlock(&loader->lock);
    seconds = -fa_clock_seconds();
    prepare(loader, slot, number);
    seconds += fa_clock_seconds();
    pthread_mutex_lock(&loader->lock);
    loader->statistics.work_s += seconds;
    loader->ring[number % loader->config.n_ahead] = slot;
    loader->statistics.n_queued++;
    if (number == loader->n_taken)
        pthread_cond_signal(&loader->is_ready);
}

static void *work(void *context)
{
    struct fa_loader *loader = context;

    pthread_mutex_lock(&loader->lock);
    while (!loader->stop && loader->failure == FA_OK) {
        if (may_claim(loader))
            work_once(loader);
        else
            pthread_cond_wait(&loader->may_claim, &loader->lock);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

static fa_status start_threads(struct fa_loader *loader)
{
    int error = 0;

    FA_TRY(fa_alloc((size_t)loader->config.n_threads, sizeof *loader->threads, &loader->threads));
    while (loader->n_threads < loader->config.n_threads && error == 0) {
        error = fa_thread_start(&loader->threads[loader->n_threads], "loader", work, loader);
        loader->n_threads += error == 0;
    }
    if (error != 0)
        return fa_fail_errno(FA_EIO, error,
                             "loader thread %d of %d cannot be started; lower data.loader_threads",
                             loader->n_threads + 1, loader->config.n_threads);
    return FA_OK;
}

/* ---- open and close ---- */

static fa_status check_config(const struct fa_loader_config *c)
{
    if (c->n_threads < 1 || c->n_ahead < 1)
        return fa_fail(FA_EINVAL, "the loader needs at least one thread and one sample ahead, not %d and %zu",
                       c->n_threads, c->n_ahead);
    if (c->transform.scale[0] < 1 || c->transform.scale[1] < 1)
        return fa_fail(FA_EINVAL, "images cannot be scaled to sides of %d and %d pixels",
                       c->transform.scale[0], c->transform.scale[1]);
    return FA_OK;
}

static fa_status start(struct fa_loader *loader)
{
    FA_TRY(fa_alloc_zero(loader->config.n_ahead, sizeof *loader->ring, &loader->ring));
    for (size_t i = 0; i <= loader->config.n_ahead; i++) {
        struct slot *slot = NULL;

        FA_TRY(make_slot(loader, &slot));
        slot->next_spare = loader->spare;
        loader->spare = slot;
    }
    return start_threads(loader);
}

/* Takes list over, also on failure. */
static fa_status open_loader(const struct fa_loader_config *config, const struct fa_dataset *dataset,
                             struct fa_sampler *sampler, size_t *list, uint64_t n_total,
                             struct fa_loader **out)
{
    struct fa_loader *loader = NULL;
    fa_status st = fa_alloc_zero(1, sizeof *loader, &loader);

    if (st != FA_OK) {
        fa_free(list);
        return st;
    }
    loader->config = *config;
    loader->dataset = dataset;
    loader->sampler = sampler;
    loader->list = list;
    loader->n_total = n_total;
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->may_claim, NULL);
    pthread_cond_init(&loader->is_ready, NULL);
    st = start(loader);
    if (st == FA_OK)
        *out = loader;
    else
        fa_loader_close(loader);
    return st;
}

fa_status fa_loader_open(const struct fa_loader_config *config, const struct fa_dataset *dataset,
                         struct fa_sampler *sampler, struct fa_loader **out)
{
    FA_TRY(check_config(config));
    if (config->batch < 1 || config->begin > config->end || config->end > config->batch ||
        config->first_step < 0 || fa_sampler_epoch_size(sampler) % config->batch != 0)
        return fa_fail(FA_EINVAL, "images %zu to %zu of a batch of %zu, epochs of %zu, cannot be loaded",
                       config->begin, config->end, config->batch, fa_sampler_epoch_size(sampler));
    return open_loader(config, dataset, sampler, NULL, config->begin == config->end ? 0 : UINT64_MAX, out);
}

fa_status fa_loader_open_list(const struct fa_transform *transform, const struct fa_dataset *dataset,
                              const size_t *records, size_t n, int n_threads, size_t n_ahead,
                              struct fa_loader **out)
{
    const struct fa_loader_config config = {
        .transform = *transform,
        .n_threads = n_threads,
        .n_ahead = n_ahead,
    };
    size_t *list = NULL;

    FA_TRY(check_config(&config));
    for (size_t i = 0; i < n; i++)
        if (records[i] >= dataset->n_records)
            return fa_fail(FA_EINVAL, "there is no record %zu in a dataset of %zu", records[i],
                           dataset->n_records);
    FA_TRY(fa_alloc(n, sizeof *list, &list));
    for (size_t i = 0; i < n; i++)
        list[i] = records[i];
    return open_loader(&config, dataset, NULL, list, (uint64_t)n * (uint64_t)fa_transform_views(transform),
                       out);
}

static void free_slots(struct fa_loader *loader)
{
    while (loader->made != NULL) {
        struct slot *slot = loader->made;

        loader->made = slot->next_made;
        fa_sample_buffer_free(&slot->buffer);
        fa_free(slot);
    }
}

void fa_loader_close(struct fa_loader *loader)
{
    if (loader == NULL)
        return;
    pthread_mutex_lock(&loader->lock);
    loader->stop = true;
    pthread_cond_broadcast(&loader->may_claim);
    pthread_mutex_unlock(&loader->lock);
    for (int i = 0; i < loader->n_threads; i++)
        pthread_join(loader->threads[i], NULL);
    pthread_cond_destroy(&loader->is_ready);
    pthread_cond_destroy(&loader->may_claim);
    pthread_mutex_destroy(&loader->lock);
    free_slots(loader);
    fa_free(loader->threads);
    fa_free(loader->ring);
    fa_free(loader->list);
    fa_free(loader);
}

/* ---- delivery ---- */

/* The slot whose turn it is, or NULL after the last one or a failure. With the lock held. */
static struct slot *wait_for_next(struct fa_loader *loader)
{
    const size_t cell = (size_t)(loader->n_taken % loader->config.n_ahead);
    const double begin = fa_clock_seconds();
    struct slot *slot;

    if (loader->n_taken == loader->n_total)
        return NULL;
    while (loader->ring[cell] == NULL && loader->failure == FA_OK)
        pthread_cond_wait(&loader->is_ready, &loader->lock);
    loader->statistics.wait_s += fa_clock_seconds() - begin;
    if (loader->failure != FA_OK)
        return NULL;
    slot = loader->ring[cell];
    loader->ring[cell] = NULL;
    loader->n_taken++;
    loader->statistics.n_queued--;
    pthread_cond_signal(&loader->may_claim);
    return slot;
}

/* Damage is told and counted here, in the order of delivery, so that every run tells the same. */
static void account(struct fa_loader *loader, struct slot *slot)
{
    const size_t budget = loader->config.bad_budget;
    char message[FA_MESSAGE_MAX];

    loader->statistics.n_bad += slot->n_bad;
    if (slot->n_bad > 0 && slot->status == FA_OK)
        fa_warn("%s; replaced by %s", slot->message,
                loader->dataset->records[slot->buffer.sample.record].file_name);
    if (slot->status == FA_OK && loader->statistics.n_bad <= budget) {
        loader->statistics.n_delivered++;
        return;
    }
    if (slot->n_bad > 0 && loader->statistics.n_bad > budget) {
        snprintf(message, sizeof message,
                 "%.800s; %zu damaged images, of which data.bad_sample_budget allows %zu", slot->message,
                 loader->statistics.n_bad, budget);
        fail(loader, FA_EFORMAT, message);
    } else {
        fail(loader, slot->status, slot->message);
    }
    pthread_cond_broadcast(&loader->may_claim);
}

fa_status fa_loader_next(struct fa_loader *loader, const struct fa_sample **sample)
{
    struct slot *slot;
    fa_status st;

    *sample = NULL;
    pthread_mutex_lock(&loader->lock);
    slot = wait_for_next(loader);
    if (slot != NULL)
        account(loader, slot);
    st = loader->failure;
    if (st == FA_OK && slot != NULL)
        *sample = &slot->buffer.sample;
    pthread_mutex_unlock(&loader->lock);
    return st == FA_OK ? FA_OK : fa_status_forward(st, loader->message);
}

void fa_loader_give_back(struct fa_loader *loader, const struct fa_sample *sample)
{
    struct slot *slot = (struct slot *)sample; /* the first member's first member */

    if (slot == NULL)
        return;
    pthread_mutex_lock(&loader->lock);
    slot->next_spare = loader->spare;
    loader->spare = slot;
    pthread_mutex_unlock(&loader->lock);
}

void fa_loader_statistics(struct fa_loader *loader, struct fa_loader_statistics *out)
{
    pthread_mutex_lock(&loader->lock);
    *out = loader->statistics;
    pthread_mutex_unlock(&loader->lock);
}
