/*
 * overlap.c - freeanchor bench overlap: what adding up gradients over ranks makes a training step longer,
 * done after backward and done bucket by bucket while it runs.
 */
#include <stdio.h>

#include "bench_session.h"
#include "fa/clock.h"
#include "fa/memory.h"

/* Of a step; they take turns, so that a busy machine slows all of them. */
enum way { ALONE, CANONICAL_AFTER, CANONICAL_DURING, ALLREDUCE_AFTER, ALLREDUCE_DURING, N_WAYS };

static bool overlaps(enum way way)
{
    return way == CANONICAL_DURING || way == ALLREDUCE_DURING;
}

static enum fa_reduction reduction_of(enum way way)
{
    return way == CANONICAL_AFTER || way == CANONICAL_DURING ? FA_REDUCTION_CANONICAL
                                                             : FA_REDUCTION_ALLREDUCE;
}

struct measure {
    struct fa_comm *comm;
    struct fa_bench_session bench;
    struct fa_reducer *reducer[FA_N_REDUCTIONS];
    double *seconds[N_WAYS];     /* of every step */
    double *inside[N_WAYS];      /* of those, in the reducer */
    struct fa_step_times *alone; /* this rank's phases of every step without reduction */
    struct fa_readiness_record readiness;
};

static fa_status open_reducer(struct measure *measure, enum fa_reduction reduction)
{
    const struct fa_params *params = fa_model_params(measure->bench.session.model);
    const struct fa_train_config *train = &measure->bench.session.settings.train;
    const struct fa_reducer_config config = {
        .reduction = reduction,
        .transport = reduction == FA_REDUCTION_CANONICAL ? train->transport : FA_TRANSPORT_MESSAGES,
        .batch = (size_t)fa_comm_size(measure->comm),
        .bucket_bytes = (size_t)train->bucket_mib << 20};

    return fa_reducer_create(measure->comm, &config, params->grad, NULL, &measure->reducer[reduction]);
}

static fa_status make_room(struct measure *measure)
{
    FA_TRY(open_reducer(measure, FA_REDUCTION_CANONICAL));
    FA_TRY(open_reducer(measure, FA_REDUCTION_ALLREDUCE));
    for (int way = 0; way < N_WAYS; way++)
        FA_TRY(fa_alloc(measure->bench.n_repeats, sizeof(double), &measure->seconds[way]));
    for (int way = 0; way < N_WAYS; way++)
        FA_TRY(fa_alloc(measure->bench.n_repeats, sizeof(double), &measure->inside[way]));
    FA_TRY(fa_alloc(measure->bench.n_repeats, sizeof *measure->alone, &measure->alone));
    FA_TRY(fa_readiness_open(measure->bench.n_repeats, &measure->readiness));
    measure->bench.step.record = &measure->readiness;
    return FA_OK;
}

/* ---- steps ---- */

/* Begun together; as long as the slowest rank takes, in the step and in the reducer. */
static fa_status run_step(struct measure *measure, enum way way, struct fa_step_times *times, double *seconds,
                          double *inside)
{
    struct fa_training_step *step = &measure->bench.step;
    double start;
    fa_status status;

    step->reducer = way == ALONE ? NULL : measure->reducer[reduction_of(way)];
    step->overlaps = overlaps(way);
    fa_comm_barrier(measure->comm);
    *inside = step->reducer != NULL ? -fa_reducer_seconds(step->reducer) : 0;
    start = fa_clock_seconds();
    status = fa_training_step_run(step, times);
    *seconds = fa_clock_seconds() - start;
    *inside += step->reducer != NULL ? fa_reducer_seconds(step->reducer) : 0;
    fa_comm_max_double(measure->comm, seconds, 1);
    fa_comm_max_double(measure->comm, inside, 1);
    return fa_comm_agree(measure->comm, status);
}

static fa_status run_round(struct measure *measure, size_t round)
{
    struct fa_step_times times;

    for (int way = 0; way < N_WAYS; way++)
        FA_TRY(run_step(measure, (enum way)way, way == ALONE ? &measure->alone[round] : &times,
                        &measure->seconds[way][round], &measure->inside[way][round]));
    return FA_OK;
}

static fa_status run_steps(struct measure *measure)
{
    FA_TRY(run_round(measure, 0)); /* builds the plan and warms up; the next one takes its place */
    for (size_t i = 0; i < measure->bench.n_repeats; i++) {
        FA_TRY(run_round(measure, i));
        fa_readiness_keep(&measure->readiness);
    }
    fa_readiness_finish(&measure->readiness);
    return FA_OK;
}

/* ---- what they say ---- */

/* What the medians say of the two ways of one reduction. */
static void report_reduction(struct fa_invocation *invocation, const struct measure *measure,
                             enum fa_reduction reduction, enum way after, enum way during)
{
    const size_t n = measure->bench.n_repeats;
    const double alone_s = fa_median(measure->seconds[ALONE], n),
                 after_s = fa_median(measure->seconds[after], n);
    const double during_s = fa_median(measure->seconds[during], n),
                 inside_s = fa_median(measure->inside[during], n);
    const double share = (during_s - alone_s) / (after_s - alone_s);
    struct fa_json *row = fa_json_new_object();

    if (fa_invocation_speaks(invocation))
        printf("%-12s %10.4f %10.4f | %10.4f %10.4f %10.4f | %7.1f %%\n", fa_reduction_names[reduction],
               after_s, after_s - alone_s, during_s, during_s - alone_s, inside_s, 100 * share);
    fa_json_set(row, "after_s", fa_json_new_number(after_s));
    fa_json_set(row, "during_s", fa_json_new_number(during_s));
    fa_json_set(row, "blocking_s", fa_json_new_number(after_s - alone_s));
    fa_json_set(row, "exposed_s", fa_json_new_number(during_s - alone_s));
    fa_json_set(row, "exposed_share", fa_json_new_number(share));
    fa_json_set(row, "inside_s", fa_json_new_number(inside_s));
    fa_json_set(invocation->report, fa_reduction_names[reduction], row);
}

static fa_status report_profile(struct fa_invocation *invocation, const struct measure *measure)
{
    struct fa_step_times median;

    FA_TRY(fa_step_times_median(measure->alone, measure->bench.n_repeats, &median));
    fa_report_number(invocation, "forward_s", median.forward_s);
    fa_report_number(invocation, "loss_s", median.loss_s);
    fa_report_number(invocation, "backward_s", median.backward_s);
    fa_report_number(invocation, "update_s", median.update_s);
    fa_json_set(invocation->report, "readiness", fa_readiness_to_json(&measure->readiness.readiness));
    return FA_OK;
}

static fa_status report(struct fa_invocation *invocation, const struct measure *measure)
{
    const int n_ranks = fa_comm_size(measure->comm);
    const double alone_s = fa_median(measure->seconds[ALONE], measure->bench.n_repeats);
    double peak_rss = (double)fa_memory_peak_rss(); /* of the largest rank */

    fa_comm_max_double(measure->comm, &peak_rss, 1);
    fa_report_number(invocation, "ranks", n_ranks);
    fa_report_number(invocation, "alone_s", alone_s);
    fa_report_number(invocation, "peak_rss_bytes", peak_rss);
    fa_json_set(
        invocation->report, "transport",
        fa_json_new_string(
            fa_transport_names[fa_reducer_transport(measure->reducer[FA_REDUCTION_CANONICAL], NULL)]));
    if (fa_invocation_speaks(invocation)) {
        printf("\n%d ranks; a step without reduction: %.4f s\n\n", n_ranks, alone_s);
        printf("%-12s %10s %10s | %10s %10s %10s | %9s\n", "reduction", "after", "costs", "during", "shows",
               "inside", "of cost");
    }
    report_reduction(invocation, measure, FA_REDUCTION_CANONICAL, CANONICAL_AFTER, CANONICAL_DURING);
    report_reduction(invocation, measure, FA_REDUCTION_ALLREDUCE, ALLREDUCE_AFTER, ALLREDUCE_DURING);
    return report_profile(invocation, measure);
}

static fa_status measure_all(struct fa_invocation *invocation, struct measure *measure)
{
    FA_TRY(fa_comm_agree(measure->comm, fa_bench_session_open(invocation, &measure->bench)));
    FA_TRY(fa_comm_agree(measure->comm, make_room(measure)));
    for (int r = 0; r < FA_N_REDUCTIONS; r++)
        FA_TRY(fa_reducer_connect(measure->reducer[r]));
    FA_TRY(run_steps(measure));
    return report(invocation, measure);
}

static fa_status run(struct fa_invocation *invocation)
{
    struct measure measure = {.comm = invocation->comm};
    fa_status status = fa_bench_several_ranks(invocation);

    if (status == FA_OK)
        status = measure_all(invocation, &measure);
    for (int r = 0; r < FA_N_REDUCTIONS; r++)
        fa_reducer_destroy(measure.reducer[r]);
    for (int way = 0; way < N_WAYS; way++) {
        fa_free(measure.seconds[way]);
        fa_free(measure.inside[way]);
    }
    fa_readiness_free(&measure.readiness);
    fa_free(measure.alone);
    fa_bench_session_close(&measure.bench);
    return status;
}

const struct fa_bench fa_bench_overlap = {
    .name = "overlap",
    .summary = "what the sum of gradients costs a training step, after backward and while it runs",
    .flags = {"--config", "--set", "--backend", "--size", "--classes", "--objects", "--steps"},
    .parallel = true,
    .run = run};
