#include "bench_session.h"

#include <stdio.h>

#include "fa/architecture.h"

static void introduce(struct fa_invocation *invocation, const struct fa_bench_session *bench)
{
    const struct fa_model_config *model = fa_model_config(bench->session.model);
    const struct fa_architecture architecture = fa_session_architecture(model);
    const struct fa_training_step *step = &bench->step;
    const char *backend = fa_backend_description(bench->session.backend);
    char name[32], size[32];

    fa_architecture_print_model(&architecture, name, sizeof name);
    snprintf(size, sizeof size, "%dx%d", step->h, step->w);
    if (fa_invocation_speaks(invocation))
        printf("%s, %d classes, one image of %s, %zu objects; %s, %d thread%s; median of %zu\n", name,
               model->num_classes, size, step->objects.n, backend, invocation->threads,
               invocation->threads == 1 ? "" : "s", bench->n_repeats);
    fa_report_string(invocation, "model", name);
    fa_report_string(invocation, "backend", fa_backend_name(bench->session.backend));
    fa_report_string(invocation, "library", backend);
    fa_report_string(invocation, "size", size);
    fa_report_number(invocation, "classes", model->num_classes);
    fa_report_number(invocation, "objects", (double)step->objects.n);
    fa_report_number(invocation, "steps", (double)bench->n_repeats);
}

fa_status fa_bench_session_open(struct fa_invocation *invocation, struct fa_bench_session *bench)
{
    const struct fa_train_config *config = &bench->session.settings.train;
    int h, w;

    *bench = (struct fa_bench_session){.n_repeats = fa_bench_repeats(invocation)};
    FA_TRY(fa_session_open(invocation, NULL, &bench->session));
    FA_TRY(fa_session_size(invocation, &bench->session.settings, &h, &w));
    FA_TRY(fa_session_make_model(invocation, &bench->session, fa_bench_classes(invocation)));
    FA_TRY(fa_training_step_open(config, bench->session.model, NULL, h, w, fa_bench_objects(invocation, 8),
                                 &bench->step));
    introduce(invocation, bench);
    return FA_OK;
}

void fa_bench_session_close(struct fa_bench_session *bench)
{
    fa_training_step_close(&bench->step);
    fa_session_close(&bench->session);
}
