/*
 * checkpoint.c - freeanchor bench checkpoint: what a save in the background costs a training.
 *
 * Every save is made as a run makes it: begun between two steps, brought forward between the layers of the
 * steps that follow. With the time of a step given there are no steps, and nothing else has the cores.
 */
#include <stdio.h>

#include "bench_session.h"
#include "fa/checkpoint_writer.h"
#include "fa/clock.h"
#include "fa/memory.h"
#include "folder.h"

struct measured {
    struct fa_bench_session bench;
    struct fa_checkpoint_writer *writer;
    struct fa_training_state state;
    struct fa_weights_meta meta;
    struct fa_bench_folder folder;
    struct fa_directory *root; /* that folder */
    int64_t step_ms;           /* as given; 0: steps are run */
    uint64_t n_bytes;
    double step_s, *pause_s, *durable_s, *beside_s; /* beside: the step that a save ran beside */
};

/* ---- one save ---- */

static void between_layers(void *context, size_t n, struct fa_ticket ticket)
{
    (void)n, (void)ticket;
    fa_checkpoint_writer_poll(context);
}

/* Until the save is over. *first_s: how long the first step took. */
static fa_status train_on(struct measured *m, double *first_s)
{
    struct fa_step_times times;

    FA_TRY(fa_training_step_run(&m->bench.step, &times));
    *first_s = times.step_s;
    while (!fa_checkpoint_writer_poll(m->writer))
        FA_TRY(fa_training_step_run(&m->bench.step, &times));
    return FA_OK;
}

static fa_status save(struct measured *m, size_t i)
{
    char name[FA_CHECKPOINT_NAME_MAX];
    const struct fa_checkpoint_save what = {.root = m->root, .name = name, .keep = 1};
    struct fa_checkpoint_cost cost;
    const double start = fa_clock_seconds();
    fa_status status = FA_OK;

    snprintf(name, sizeof name, "step_%zu", i + 1);
    m->state.progress.step = m->state.progress.samples = (int64_t)i + 1;
    fa_checkpoint_writer_begin(m->writer, &what, &m->state);
    m->pause_s[i] = fa_clock_seconds() - start;
    if (m->step_ms == 0)
        status = train_on(m, &m->beside_s[i]);
    fa_checkpoint_writer_wait(m->writer);
    FA_TRY(status);
    FA_TRY(fa_checkpoint_writer_outcome(m->writer, &cost));
    m->durable_s[i] = cost.durable_s;
    m->n_bytes = cost.n_bytes;
    return FA_OK;
}

/* ---- many ---- */

static fa_status measure_step(struct measured *m)
{
    struct fa_step_measure measure;
    fa_status status;

    m->step_s = (double)m->step_ms / 1e3;
    if (m->step_ms > 0)
        return FA_OK;
    status = fa_training_step_measure(&m->bench.step, m->bench.n_repeats, &measure);
    m->step_s = measure.median.step_s;
    fa_step_measure_free(&measure);
    m->bench.step.ready = between_layers;
    m->bench.step.ready_context = m->writer;
    return status;
}

static fa_status take_room(struct measured *m)
{
    const size_t n = m->bench.n_repeats;

    FA_TRY(fa_alloc(n, sizeof *m->pause_s, &m->pause_s));
    FA_TRY(fa_alloc(n, sizeof *m->durable_s, &m->durable_s));
    return fa_alloc(n, sizeof *m->beside_s, &m->beside_s);
}

static void report(struct fa_invocation *invocation, struct measured *m)
{
    const size_t n = m->bench.n_repeats;
    const struct fa_params *params = m->state.params;
    const double state_bytes = (double)(params->n_elem + params->n_trainable) * sizeof(float);
    const double pause_s = fa_median(m->pause_s, n), n_bytes = (double)m->n_bytes;

    fa_bench_report_seconds(invocation, "step", m->step_s);
    fa_bench_report_seconds(invocation, "pause", pause_s);
    fa_bench_report_seconds(invocation, "durable", fa_median(m->durable_s, n));
    if (m->step_ms == 0)
        fa_bench_report_seconds(invocation, "step_beside_save", fa_median(m->beside_s, n));
    printf("a save holds a step up for %.2f %% of its time\n", 100 * pause_s / m->step_s);
    printf("%.1f MiB on disk: parameters and momentum, and %.3f %%; %.1f MiB of memory for the copy\n",
           n_bytes / 1048576, 100 * (n_bytes / state_bytes - 1),
           (double)fa_checkpoint_writer_bytes(m->writer) / 1048576);
    fa_report_number(invocation, "pause_share", pause_s / m->step_s);
    fa_report_number(invocation, "bytes", n_bytes);
    fa_report_number(invocation, "state_bytes", state_bytes);
    fa_report_number(invocation, "bytes_share", n_bytes / state_bytes);
    fa_report_number(invocation, "copy_bytes", (double)fa_checkpoint_writer_bytes(m->writer));
}

static fa_status measure_saves(struct fa_invocation *invocation, struct measured *m)
{
    FA_TRY(take_room(m));
    FA_TRY(measure_step(m));
    for (size_t i = 0; i < m->bench.n_repeats; i++)
        FA_TRY(save(m, i));
    report(invocation, m);
    return FA_OK;
}

/* ---- all of it ---- */

static fa_status measure(struct fa_invocation *invocation, struct measured *m)
{
    m->state = (struct fa_training_state){.params = fa_model_params(m->bench.session.model),
                                          .momentum = m->bench.step.momentum,
                                          .meta = &m->meta};
    FA_TRY(fa_run_id_make(m->state.run));
    FA_TRY(fa_checkpoint_writer_open(invocation->comm, &m->state, &m->writer));
    return measure_saves(invocation, m);
}

static fa_status measure_in_folder(struct fa_invocation *invocation, struct measured *m)
{
    const char *out = fa_arguments_get(&invocation->arguments, "--out");
    fa_status status, removed;

    m->step_ms = fa_arguments_whole(&invocation->arguments, "--step-ms", 0);
    status = fa_bench_folder_make(out != NULL ? out : ".", &m->folder);
    if (status == FA_OK)
        status = fa_directory_open(m->folder.path, &m->root);
    if (status == FA_OK)
        status = measure(invocation, m);
    fa_checkpoint_writer_close(m->writer);
    fa_directory_close(m->root);
    removed = fa_bench_folder_remove(&m->folder);
    return status != FA_OK ? status : removed;
}

static fa_status run(struct fa_invocation *invocation)
{
    struct measured m = {.meta = {.std = {1, 1, 1}}};
    fa_status status = fa_bench_session_open(invocation, &m.bench);

    if (status == FA_OK)
        status = measure_in_folder(invocation, &m);
    fa_free(m.beside_s);
    fa_free(m.durable_s);
    fa_free(m.pause_s);
    fa_bench_session_close(&m.bench);
    return status;
}

const struct fa_bench fa_bench_checkpoint = {
    .name = "checkpoint",
    .summary = "how long a save holds a step up, when it is durable, and how large it is",
    .flags = {"--config", "--set", "--backend", "--size", "--classes", "--objects", "--steps", "--out",
              "--step-ms"},
    .run = run};
