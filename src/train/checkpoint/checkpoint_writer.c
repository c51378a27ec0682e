/*
 * checkpoint_writer.c - who does what when, from the copy of the state to the checkpoint.
 *
 *   stage        rank 0                                          others
 *   writing      a thread writes the slice                       the same
 *   voting       gathers from all how that went                  say so
 *   publishing   a thread makes the checkpoint exist and         -
 *                removes older ones; or what was begun
 *   announcing   tells all how it ended                          hear it
 *
 * A rank goes through the stages at its own pace: it begins its part of the gather when its slice is durable,
 * and of the broadcast right after. So rank 0 publishes only when everything is durable, and a rank is at
 * rest only when nobody writes any more.
 */
#include "fa/checkpoint_writer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint_vote.h"
#include "errand.h"
#include "fa/activity.h"
#include "fa/aside.h"
#include "fa/clock.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"

struct fa_checkpoint_writer {
    struct fa_comm *comm;
    struct fa_aside *aside;
    uint64_t token;                    /* of the save, the same on all ranks */
    size_t n_shards, own;              /* own: this rank's shard; n_shards: it has none */
    struct fa_checkpoint_shard slice;  /* this rank's ranges of the flat buffers */
    struct fa_checkpoint_buffers copy; /* of what they hold */

    enum { AT_REST, WRITING, VOTING, PUBLISHING, ANNOUNCING } stage;
    struct fa_training_state state; /* its progress is a copy too */
    struct fa_checkpoint_save save;
    struct fa_checkpoint_place place;
    double began;
    struct fa_errand errand;
    struct fa_checkpoint_vote vote, *votes; /* votes: rank 0's, of all */
    struct fa_checkpoint_verdict verdict;
};

/* ---- who writes which shard ---- */

static size_t count_shards(const struct fa_comm *comm, size_t n_state_bytes)
{
    size_t wanted = (n_state_bytes + fa_checkpoint_shard_bytes - 1) / fa_checkpoint_shard_bytes;
    size_t ranks = (size_t)fa_comm_size(comm);

    return wanted < 1 ? 1 : wanted < ranks ? wanted : ranks;
}

/* Writers are spread over the ranks, and so over the hosts. Rank 0 has shard 0. */
static int writer_of(const struct fa_comm *comm, size_t shard, size_t n_shards)
{
    return (int)(shard * (size_t)fa_comm_size(comm) / n_shards);
}

static size_t shard_of(const struct fa_comm *comm, size_t n_shards)
{
    for (size_t s = 0; s < n_shards; s++)
        if (writer_of(comm, s, n_shards) == fa_comm_rank(comm))
            return s;
    return n_shards;
}

static bool is_first(const struct fa_checkpoint_writer *w)
{
    return fa_comm_rank(w->comm) == 0;
}

/* ---- writing ---- */

static fa_status copy_slice(float *to, const struct fa_flat *from, struct fa_range range)
{
    return from != NULL ? fa_flat_read(from, range.begin, range.end - range.begin, to) : FA_OK;
}

static fa_status copy_slices(struct fa_checkpoint_writer *w, const struct fa_training_state *state)
{
    FA_TRY(copy_slice(w->copy.value, state->params->value, w->slice.value));
    FA_TRY(copy_slice(w->copy.momentum, state->momentum, w->slice.momentum));
    return copy_slice(w->copy.average, state->average, w->slice.average);
}

static fa_status write_own_shard(void *context)
{
    struct fa_checkpoint_writer *w = context;

    fa_activity_beside("writing a checkpoint's shard");
    return fa_checkpoint_write_shard(&w->place, w->own, &w->copy, &w->vote.shard);
}

/* ---- voting ---- */

static void cast_vote(struct fa_checkpoint_writer *w, fa_status status)
{
    fa_checkpoint_vote(&w->vote, w->comm, status);
    fa_aside_gather(w->aside, &w->vote, sizeof w->vote, w->votes);
    w->stage = VOTING;
}

/* ---- publishing ---- */

/* Shards in their order; writers are in the order of ranks. Returns the bytes of all. */
static uint64_t collect_shards(const struct fa_checkpoint_writer *w, struct fa_checkpoint_shard *shards)
{
    uint64_t n_bytes = 0;

    for (size_t s = 0; s < w->n_shards; s++) {
        shards[s] = w->votes[writer_of(w->comm, s, w->n_shards)].shard;
        n_bytes += shards[s].n_bytes;
    }
    return n_bytes;
}

static fa_status publish(struct fa_checkpoint_writer *w)
{
    struct fa_checkpoint_shard *shards;
    size_t n_manifest = 0;
    fa_status status;

    FA_TRY(fa_alloc(w->n_shards, sizeof *shards, &shards));
    w->verdict.cost.n_bytes = collect_shards(w, shards);
    status = fa_checkpoint_publish(&w->place, &w->state, shards, w->n_shards, &n_manifest);
    w->verdict.cost.n_bytes += n_manifest;
    w->verdict.cost.durable_s = fa_clock_seconds() - w->began;
    fa_free(shards);
    return status;
}

/* A checkpoint that cannot be removed takes room and does no other harm. */
static void prune(const struct fa_checkpoint_writer *w)
{
    if (fa_checkpoint_prune(w->place.root, w->state.run, w->save.keep, w->save.protected_name) != FA_OK)
        fa_warn("not all old checkpoints could be removed: %s", fa_message());
}

static fa_status bring_to_an_end(void *context)
{
    struct fa_checkpoint_writer *w = context;
    fa_status status = fa_status_forward(w->verdict.status, w->verdict.message);

    fa_activity_beside("completing a checkpoint");
    if (status == FA_OK)
        status = publish(w);
    if (status != FA_OK)
        return fa_checkpoint_discard(&w->place, status);
    fa_activity_beside("pointing `latest` at a checkpoint");
    fa_checkpoint_tidy_up(&w->place);
    fa_activity_beside("removing old checkpoints");
    prune(w);
    return FA_OK;
}

/* ---- announcing ---- */

static void announce(struct fa_checkpoint_writer *w)
{
    fa_aside_broadcast(w->aside, &w->verdict, sizeof w->verdict);
    w->stage = ANNOUNCING;
}

static void count_votes(struct fa_checkpoint_writer *w)
{
    fa_checkpoint_count_votes(w->votes, fa_comm_size(w->comm), &w->verdict);
}

/* Rank 0, whose failure to publish is as one to write; an earlier failure stays what it was. */
static void conclude(struct fa_checkpoint_writer *w, fa_status status)
{
    if (status != FA_OK && w->verdict.status == FA_OK) {
        fa_checkpoint_vote(&w->votes[0], w->comm, status);
        count_votes(w);
    }
    announce(w);
}

static void rest(struct fa_checkpoint_writer *w)
{
    fa_checkpoint_place_clear(&w->place);
    w->stage = AT_REST;
}

/* ---- from stage to stage ---- */

/* All votes are cast. */
static void go_on(struct fa_checkpoint_writer *w)
{
    if (!is_first(w)) {
        announce(w);
        return;
    }
    count_votes(w);
    fa_errand_start(&w->errand, bring_to_an_end, w);
    w->stage = PUBLISHING;
}

static bool can_advance(struct fa_checkpoint_writer *w)
{
    switch (w->stage) {
    case WRITING:
    case PUBLISHING:
        return fa_errand_is_over(&w->errand);
    case VOTING:
    case ANNOUNCING:
        return fa_aside_done(w->aside);
    case AT_REST:
        break;
    }
    return false;
}

static void advance(struct fa_checkpoint_writer *w)
{
    switch (w->stage) {
    case WRITING:
        cast_vote(w, fa_errand_end(&w->errand));
        break;
    case VOTING:
        go_on(w);
        break;
    case PUBLISHING:
        conclude(w, fa_errand_end(&w->errand));
        break;
    case ANNOUNCING:
        rest(w);
        break;
    case AT_REST:
        break;
    }
}

void fa_checkpoint_writer_begin(struct fa_checkpoint_writer *w, const struct fa_checkpoint_save *save,
                                const struct fa_training_state *state)
{
    fa_status status;

    assert(w->stage == AT_REST);
    w->began = fa_clock_seconds();
    w->state = *state;
    w->save = *save;
    w->vote = (struct fa_checkpoint_vote){.shard = w->slice};
    status = fa_checkpoint_place_make(save->root, save->name, ++w->token, &w->place);
    if (status == FA_OK)
        status = copy_slices(w, state);
    if (status != FA_OK || w->own == w->n_shards) {
        cast_vote(w, status);
        return;
    }
    fa_errand_start(&w->errand, write_own_shard, w);
    w->stage = WRITING;
}

bool fa_checkpoint_writer_poll(struct fa_checkpoint_writer *w)
{
    while (can_advance(w))
        advance(w);
    return w->stage == AT_REST;
}

void fa_checkpoint_writer_wait(struct fa_checkpoint_writer *w)
{
    while (!fa_checkpoint_writer_poll(w)) {
        if (w->stage == VOTING || w->stage == ANNOUNCING) {
            fa_aside_wait(w->aside, "checkpoint");
        } else {
            fa_activity_begin("checkpoint");
            advance(w); /* ends the errand, and so waits for it */
        }
    }
}

bool fa_checkpoint_writer_lacks_room(const struct fa_checkpoint_writer *w)
{
    return w->verdict.status == FA_EFULL;
}

fa_status fa_checkpoint_writer_outcome(const struct fa_checkpoint_writer *w, struct fa_checkpoint_cost *cost)
{
    *cost = w->verdict.cost;
    return fa_checkpoint_hear(&w->verdict, fa_comm_rank(w->comm));
}

/* ---- life ---- */

static fa_status take_touched(struct fa_range range, float **out)
{
    const size_t n = range.end - range.begin;

    FA_TRY(fa_alloc(n, sizeof **out, out));
    memset(*out, 0, n * sizeof **out);
    return FA_OK;
}

static fa_status take_room(struct fa_checkpoint_writer *w)
{
    if (is_first(w))
        FA_TRY(fa_alloc((size_t)fa_comm_size(w->comm), sizeof *w->votes, &w->votes));
    FA_TRY(take_touched(w->slice.value, &w->copy.value));
    FA_TRY(take_touched(w->slice.momentum, &w->copy.momentum));
    return take_touched(w->slice.average, &w->copy.average);
}

static size_t state_bytes(const struct fa_training_state *state)
{
    const struct fa_checkpoint_shard whole = fa_checkpoint_slice(state, 0, 1);

    return fa_checkpoint_shard_elements(&whole) * sizeof(float);
}

static fa_status create(struct fa_comm *comm, const struct fa_training_state *state,
                        struct fa_checkpoint_writer **out)
{
    struct fa_checkpoint_writer *w;

    FA_TRY(fa_alloc_zero(1, sizeof *w, &w));
    *out = w;
    w->comm = comm;
    w->n_shards = count_shards(comm, state_bytes(state));
    w->own = shard_of(comm, w->n_shards);
    if (w->own < w->n_shards)
        w->slice = fa_checkpoint_slice(state, w->own, w->n_shards);
    return take_room(w);
}

/* Collective. Nobody can foresee it, so nothing can be planted where a save will write. */
static fa_status agree_on_token(struct fa_checkpoint_writer *w)
{
    char digits[FA_TOKEN_SIZE] = "0";

    FA_TRY(fa_comm_agree(w->comm, is_first(w) ? fa_token_make(digits) : FA_OK));
    w->token = strtoull(digits, NULL, 16);
    fa_comm_broadcast(w->comm, &w->token, sizeof w->token, 0);
    return FA_OK;
}

fa_status fa_checkpoint_writer_open(struct fa_comm *comm, const struct fa_training_state *state,
                                    struct fa_checkpoint_writer **out)
{
    struct fa_checkpoint_writer *w = NULL;
    fa_status status = fa_comm_agree(comm, create(comm, state, &w));

    *out = NULL;
    if (status == FA_OK)
        status = agree_on_token(w);
    if (status == FA_OK)
        status = fa_aside_open(comm, &w->aside);
    if (status == FA_OK)
        *out = w;
    else
        fa_checkpoint_writer_close(w);
    return status;
}

void fa_checkpoint_writer_close(struct fa_checkpoint_writer *w)
{
    if (w == NULL)
        return;
    fa_checkpoint_writer_wait(w);
    fa_aside_close(w->aside);
    fa_free(w->votes);
    fa_free(w->copy.average);
    fa_free(w->copy.momentum);
    fa_free(w->copy.value);
    fa_free(w);
}

size_t fa_checkpoint_writer_bytes(const struct fa_checkpoint_writer *w)
{
    return fa_checkpoint_shard_elements(&w->slice) * sizeof(float);
}

/* ---- in the foreground ---- */

fa_status fa_checkpoint_write(struct fa_comm *comm, const struct fa_directory *root, const char *name,
                              const struct fa_training_state *state)
{
    const struct fa_checkpoint_save save = {.root = root, .name = name};
    struct fa_checkpoint_cost cost;
    struct fa_checkpoint_writer *writer;
    fa_status status;

    FA_TRY(fa_checkpoint_writer_open(comm, state, &writer));
    fa_checkpoint_writer_begin(writer, &save, state);
    fa_checkpoint_writer_wait(writer);
    status = fa_checkpoint_writer_outcome(writer, &cost);
    fa_checkpoint_writer_close(writer);
    return status;
}
