#include "engines.h"

/* ---- which engines are taken ---- */

#define BIT(note) (1u << (note))

static fa_status read_notes(const struct fa_cudnn *cudnn, fa_cudnn_descriptor engine, int name, int type,
                            unsigned *notes)
{
    int note[32];
    int64_t n = 0;

    FA_TRY(fa_cudnn_get(cudnn, engine, name, type, 32, &n, note));
    *notes = 0;
    for (int64_t i = 0; i < n; i++)
        *notes |= note[i] >= 0 && note[i] < 32 ? BIT(note[i]) : 0;
    return FA_OK;
}

static unsigned unwanted_notes(enum fa_cudnn_precision precision)
{
    const unsigned always = BIT(FA_CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC) |
                            BIT(FA_CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION);

    return precision == FA_CUDNN_FP32 ? always | BIT(FA_CUDNN_NUMERICAL_NOTE_TENSOR_CORE) |
                                            BIT(FA_CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS)
                                      : always;
}

fa_status fa_cudnn_is_taken(const struct fa_cudnn *cudnn, enum fa_cudnn_precision precision,
                            fa_cudnn_descriptor engine, bool *taken)
{
    unsigned numerical, behavior;

    FA_TRY(read_notes(cudnn, engine, FA_CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, FA_CUDNN_TYPE_NUMERICAL_NOTE,
                      &numerical));
    FA_TRY(read_notes(cudnn, engine, FA_CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, FA_CUDNN_TYPE_BEHAVIOR_NOTE,
                      &behavior));
    *taken = (numerical & unwanted_notes(precision)) == 0 &&
             (behavior & BIT(FA_CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION)) == 0;
    return FA_OK;
}

/* ---- what the heuristics say ---- */

/* Reads descriptors of a type out of another: most of them are made, n have come. */
static fa_status get_descriptors(struct fa_cudnn_descriptors *made, fa_cudnn_descriptor from, int name,
                                 int type, int64_t most, fa_cudnn_descriptor *out, int64_t *n)
{
    for (int64_t i = 0; i < most; i++)
        out[i] = fa_cudnn_begin(made, type);
    FA_TRY(made->status);
    FA_TRY(fa_cudnn_get(made->cudnn, from, name, FA_CUDNN_TYPE_BACKEND_DESCRIPTOR, most, n, out));
    *n = *n < most ? *n : most;
    return FA_OK;
}

static fa_status read_knob(const struct fa_cudnn *cudnn, fa_cudnn_descriptor knob,
                           struct fa_cudnn_choice *choice)
{
    const int i = choice->n_knobs++;
    int64_t n;

    FA_TRY(fa_cudnn_get(cudnn, knob, FA_CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, FA_CUDNN_TYPE_KNOB_TYPE, 1, &n,
                        &choice->knob[i].type));
    return fa_cudnn_get(cudnn, knob, FA_CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, FA_CUDNN_TYPE_INT64, 1, &n,
                        &choice->knob[i].value);
}

static fa_status read_knobs(struct fa_cudnn_descriptors *made, fa_cudnn_descriptor config,
                            struct fa_cudnn_choice *choice)
{
    fa_cudnn_descriptor knob[FA_CUDNN_MOST_KNOBS];
    int64_t n = 0;

    FA_TRY(get_descriptors(made, config, FA_CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
                           FA_CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, FA_CUDNN_MOST_KNOBS, knob, &n));
    for (int64_t i = 0; i < n; i++)
        FA_TRY(read_knob(made->cudnn, knob[i], choice));
    return FA_OK;
}

static fa_status read_choice(struct fa_cudnn_descriptors *made, enum fa_cudnn_precision precision,
                             fa_cudnn_descriptor config, struct fa_cudnn_choice *choice, bool *taken)
{
    fa_cudnn_descriptor engine;
    int64_t n;

    *choice = (struct fa_cudnn_choice){0};
    FA_TRY(get_descriptors(made, config, FA_CUDNN_ATTR_ENGINECFG_ENGINE, FA_CUDNN_BACKEND_ENGINE_DESCRIPTOR,
                           1, &engine, &n));
    FA_TRY(fa_cudnn_is_taken(made->cudnn, precision, engine, taken));
    if (!*taken)
        return FA_OK;
    FA_TRY(fa_cudnn_get(made->cudnn, engine, FA_CUDNN_ATTR_ENGINE_GLOBAL_INDEX, FA_CUDNN_TYPE_INT64, 1, &n,
                        &choice->engine));
    return read_knobs(made, config, choice);
}

/* Adds what is taken of the configurations. */
static fa_status read_choices(const struct fa_cudnn_graph *graph, const fa_cudnn_descriptor *config,
                              int64_t n_configs, int most, struct fa_cudnn_choice *choice, int *n)
{
    for (int64_t i = 0; i < n_configs && *n < most; i++) {
        struct fa_cudnn_descriptors made = {.cudnn = graph->descriptors.cudnn};
        bool taken = false;
        const fa_status status = read_choice(&made, graph->conv.precision, config[i], &choice[*n], &taken);

        fa_cudnn_end(&made);
        FA_TRY(status);
        *n += taken;
    }
    return FA_OK;
}

static fa_cudnn_descriptor ask(struct fa_cudnn_descriptors *made, const struct fa_cudnn_device *device,
                               const struct fa_cudnn_graph *graph, int mode)
{
    fa_cudnn_descriptor heuristics = fa_cudnn_begin(made, FA_CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);

    fa_cudnn_put_descriptor(made, heuristics, FA_CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph->operations);
    fa_cudnn_put(made, heuristics, FA_CUDNN_ATTR_ENGINEHEUR_MODE, FA_CUDNN_TYPE_HEUR_MODE, 1, &mode);
    fa_cudnn_put_descriptor(made, heuristics, FA_CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device->properties);
    return fa_cudnn_finish(made, heuristics);
}

/* Reads what the heuristics answered. */
static fa_status read_advice(const struct fa_cudnn_graph *graph, fa_cudnn_descriptor heuristics, int most,
                             struct fa_cudnn_choice *choice, int *n)
{
    struct fa_cudnn_descriptors made = {.cudnn = graph->descriptors.cudnn};
    fa_cudnn_descriptor config[FA_CUDNN_MOST_CHOICES];
    int64_t n_configs = 0;
    fa_status status =
        get_descriptors(&made, heuristics, FA_CUDNN_ATTR_ENGINEHEUR_RESULTS,
                        FA_CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, FA_CUDNN_MOST_CHOICES, config, &n_configs);

    if (status == FA_OK)
        status = read_choices(graph, config, n_configs, most, choice, n);
    fa_cudnn_end(&made);
    return status;
}

fa_status fa_cudnn_choices(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                           enum fa_cudnn_advice advice, int most, struct fa_cudnn_choice *choice, int *n)
{
    static const int modes[] = {
        [FA_CUDNN_FASTEST] = FA_CUDNN_HEUR_MODE_A, [FA_CUDNN_ANY] = FA_CUDNN_HEUR_MODE_FALLBACK};
    struct fa_cudnn_descriptors made = {.cudnn = graph->descriptors.cudnn};
    fa_cudnn_descriptor heuristics = ask(&made, device, graph, modes[advice]);
    fa_status status = made.status;

    *n = 0;
    if (status == FA_OK)
        status = read_advice(graph, heuristics, most, choice, n);
    fa_cudnn_end(&made);
    return status;
}
