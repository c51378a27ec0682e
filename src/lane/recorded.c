/*
 * recorded.c - work that is the same for every image of a size: it is asked for call by call for the first
 * image, which makes whatever it needs, recorded with the second, and from then on asked for as it was
 * recorded.
 *
 * A recording is cut into pieces where gradients become final, so that their sum over ranks goes on beside
 * the rest of backward.
 */
#include <string.h>

#include "fa/memory.h"
#include "lane_private.h"

/* Parameters that must have become final for a cut: 16 MiB of gradients. */
enum { LEAST_PIECE = 4 << 20 };

static struct fa_backend *queue_of(const struct fa_lane *lane)
{
    return fa_workspace_queue(lane->workspace);
}

/* ---- what is kept ---- */

static void forget_pieces(struct fa_lane_work *work)
{
    for (size_t i = 0; i < work->n_pieces; i++)
        fa_recording_destroy(work->piece[i].recording);
    work->n_pieces = 0;
}

static void forget_work(struct fa_lane_work *work)
{
    forget_pieces(work);
    fa_free(work->config);
    *work = (struct fa_lane_work){0};
}

void fa_lane_forget_work(struct fa_lane *lane)
{
    for (size_t i = 0; i < FA_LANE_WORKS; i++)
        forget_work(&lane->work[i]);
}

static bool is_of(const struct fa_lane_work *work, const struct fa_lane_key *key)
{
    return work->plan == key->plan && work->config_bytes == key->config_bytes &&
           memcmp(work->config, key->config, key->config_bytes) == 0;
}

/* The least recently used one makes room. */
static fa_status make_work(struct fa_lane *lane, const struct fa_lane_key *key, struct fa_lane_work **out)
{
    struct fa_lane_work *work = &lane->work[0];

    for (size_t i = 1; i < FA_LANE_WORKS; i++)
        if (lane->work[i].last_used < work->last_used)
            work = &lane->work[i];
    forget_work(work);
    FA_TRY(fa_alloc(key->config_bytes, 1, &work->config));
    memcpy(work->config, key->config, key->config_bytes);
    work->config_bytes = key->config_bytes;
    work->plan = key->plan;
    *out = work;
    return FA_OK;
}

static struct fa_lane_work *find_work(struct fa_lane *lane, const struct fa_lane_key *key)
{
    for (size_t i = 0; i < FA_LANE_WORKS; i++)
        if (lane->work[i].config != NULL && is_of(&lane->work[i], key))
            return &lane->work[i];
    return NULL;
}

/* ---- gradients that become final ---- */

static void tell(struct fa_lane *lane, size_t n)
{
    const struct fa_lane_observer *observer = lane->observer;

    if (observer == NULL || observer->ready == NULL)
        return;
    if (n > lane->n_final) {
        lane->n_final = n;
        lane->final = fa_backend_mark(queue_of(lane));
    }
    observer->ready(observer->context, lane->n_final, lane->final);
}

static fa_status end_piece(struct fa_lane *lane, size_t n)
{
    struct fa_lane_work *work = lane->recorded;
    struct fa_lane_piece *piece = &work->piece[work->n_pieces];

    FA_TRY(fa_backend_recorded(queue_of(lane), &piece->recording));
    piece->n_final = n;
    work->n_pieces++;
    return FA_OK;
}

/* The last piece has what no cut was worth, or possible, for. */
static bool is_worth_a_cut(const struct fa_lane_work *work, size_t n)
{
    const size_t before = work->n_pieces > 0 ? work->piece[work->n_pieces - 1].n_final : 0;

    return n - before >= LEAST_PIECE && work->n_pieces + 1 < FA_LANE_PIECES;
}

void fa_lane_ready(void *context, size_t n)
{
    struct fa_lane *lane = context;

    if (lane->recorded == NULL) {
        tell(lane, n);
        return;
    }
    lane->n_final = n;
    if (lane->cut_failed != FA_OK || !is_worth_a_cut(lane->recorded, n))
        return;
    lane->cut_failed = end_piece(lane, n);
    if (lane->cut_failed == FA_OK)
        lane->cut_failed = fa_backend_record(queue_of(lane));
}

/* ---- recording ---- */

static fa_status record(struct fa_lane *lane, struct fa_lane_work *work, fa_lane_body body, void *context)
{
    fa_status status, ended;

    FA_TRY(fa_backend_record(queue_of(lane)));
    lane->recorded = work;
    lane->cut_failed = FA_OK;
    status = body(lane, context);
    ended = lane->cut_failed == FA_OK ? end_piece(lane, lane->n_final) : lane->cut_failed;
    lane->recorded = NULL;
    status = status != FA_OK ? status : ended;
    if (status != FA_OK)
        forget_pieces(work);
    return status;
}

static void replay(struct fa_lane *lane, const struct fa_lane_work *work)
{
    lane->n_final = 0;
    for (size_t i = 0; i < work->n_pieces; i++) {
        fa_recording_ask(work->piece[i].recording);
        tell(lane, work->piece[i].n_final);
    }
}

/* Memory may have moved since: pieces that no longer hold are made anew after one image without them. */
static bool holds(const struct fa_lane_work *work)
{
    for (size_t i = 0; i < work->n_pieces; i++)
        if (!fa_recording_holds(work->piece[i].recording))
            return false;
    return true;
}

static fa_status ask_again(struct fa_lane *lane, struct fa_lane_work *work, fa_lane_body body, void *context)
{
    if (!holds(work)) {
        forget_pieces(work);
        return body(lane, context);
    }
    if (work->n_pieces == 0)
        FA_TRY(record(lane, work, body, context));
    replay(lane, work);
    return FA_OK;
}

fa_status fa_lane_ask(struct fa_lane *lane, const struct fa_lane_key *key, fa_lane_body body, void *context)
{
    struct fa_lane_work *work;

    if (!fa_backend_records(queue_of(lane)))
        return body(lane, context);
    work = find_work(lane, key);
    if (work == NULL) {
        FA_TRY(make_work(lane, key, &work));
        work->last_used = ++lane->clock;
        return body(lane, context);
    }
    work->last_used = ++lane->clock;
    return ask_again(lane, work, body, context);
}
