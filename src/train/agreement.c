/*
 * agreement.c - ranks introduce themselves before the first step, and compare what they hold ever after.
 *
 * What makes them train on different things is an error: model, classes, data, seed. What only costs the
 * promise of equal bits, another processor or library or number of threads on some host, is a warning. GPUs
 * that are not alike, or versions of cuDNN, break it for every number: that is an error where it is wanted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fa/activity.h"
#include "fa/crc32c.h"
#include "fa/log.h"
#include "fa/machine.h"
#include "fa/memory.h"
#include "training.h"

/* ---- what must be equal ---- */

enum { N_FACTS = 5, DIGITS = 24 };

/* Everything but the classes, of which one claim each says which differs. */
static void claim_facts(const struct fa_training *t, char digits[N_FACTS][DIGITS], struct fa_claim *claims)
{
    const struct fa_train_run *run = t->run;
    const char *config = run->config_json != NULL ? run->config_json : "";
    const struct {
        const char *what;
        uint64_t value;
    } facts[N_FACTS] = {
        {"the fingerprint of the configuration", fa_crc32c(0, config, strlen(config))},
        {"the fingerprint of the model's parameters", fa_params_fingerprint(t->state.params)},
        {"the seed", t->config->seed},
        {"the fingerprint of the training data", run->train_data->content_hash},
        {"the fingerprint of the validation data", run->val_data != NULL ? run->val_data->content_hash : 0}};

    for (int i = 0; i < N_FACTS; i++) {
        snprintf(digits[i], DIGITS, "%" PRIx64, facts[i].value);
        claims[i] = (struct fa_claim){facts[i].what, digits[i]};
    }
}

/* Collective. */
static fa_status agree_on_task(struct fa_training *t)
{
    const struct fa_dataset *data = t->run->train_data;
    char digits[N_FACTS][DIGITS];
    struct fa_claim *claims;
    fa_status status =
        fa_comm_agree(t->comm, fa_alloc(data->n_categories + N_FACTS, sizeof *claims, &claims));

    if (status == FA_OK) {
        for (size_t i = 0; i < data->n_categories; i++)
            claims[i] = (struct fa_claim){"a class of the training data", data->categories[i].name};
        claim_facts(t, digits, claims + data->n_categories);
        status = fa_comm_same(t->comm, claims, data->n_categories + N_FACTS);
    }
    fa_free(claims);
    return status;
}

/* ---- what should be equal ---- */

/* What the bits of a gradient depend on besides its image and the weights. */
struct makeup {
    char host[64];
    char text[320];
};

/* On a GPU processors have no part in it. */
static struct makeup describe(const struct fa_training *t)
{
    const struct fa_backend *backend = fa_model_backend(t->model);
    struct makeup makeup = {0};
    char cpu[128];
    int n;

    fa_machine_cpu(cpu, sizeof cpu);
    snprintf(makeup.host, sizeof makeup.host, "%s", fa_comm_host(t->comm));
    n = snprintf(makeup.text, sizeof makeup.text, "%s", fa_backend_description(backend));
    if (fa_backend_device(backend) == NULL)
        snprintf(makeup.text + n, sizeof makeup.text - (size_t)n, ", %d thread%s, %s",
                 fa_backend_threads(backend), fa_plural((size_t)fa_backend_threads(backend)), cpu);
    return makeup;
}

static void warn_of_strangers(const struct makeup *makeups, size_t n)
{
    const struct makeup *stranger = NULL;
    char hosts[256] = "";

    for (size_t r = 1; r < n; r++) {
        const size_t length = strlen(hosts);

        if (strcmp(makeups[r].text, makeups[0].text) == 0)
            continue;
        if (stranger == NULL)
            stranger = &makeups[r];
        if (strcmp(makeups[r].host, makeups[r - 1].host) != 0 || stranger == &makeups[r])
            snprintf(hosts + length, sizeof hosts - length, "%s%s", length > 0 ? ", " : "", makeups[r].host);
    }
    if (stranger != NULL)
        fa_warn("%s: %s; %s: %s. Results of unlike ranks differ in their last bits from those of as many "
                "identical ones",
                makeups[0].host, makeups[0].text, hosts, stranger->text);
}

/* Collective. */
static fa_status compare_makeups(struct fa_training *t)
{
    const struct makeup mine = describe(t);
    struct makeup *all;
    size_t n_bytes;

    FA_TRY(fa_comm_gather(t->comm, &mine, sizeof mine, 0, (void **)&all, &n_bytes));
    if (all != NULL)
        warn_of_strangers(all, n_bytes / sizeof *all);
    fa_free(all);
    return FA_OK;
}

fa_status fa_training_agree(struct fa_training *t)
{
    const struct fa_backend *backend = fa_model_backend(t->model);
    const bool is_canonical = t->config->reduction == FA_REDUCTION_CANONICAL;
    const struct fa_claim claim = {"with train.reduction canonical, the GPU of a rank",
                                   fa_backend_description(backend)};

    FA_TRY(agree_on_task(t));
    if (fa_backend_device(backend) == NULL)
        return is_canonical ? compare_makeups(t) : FA_OK;
    return is_canonical ? fa_comm_same(t->comm, &claim, 1) : compare_makeups(t);
}

/* ---- what stays equal ---- */

/* Collective. Of weights, momentum and moving average. */
static fa_status checksum_state(struct fa_training *t, uint64_t *out)
{
    const struct fa_params *params = t->state.params;
    uint32_t weights = 0, momentum = 0, average = 0;
    fa_status status;

    fa_activity_begin("checksum of weights");
    status = fa_flat_checksum(params->value, params->n_elem, &weights);
    if (status == FA_OK)
        status = fa_flat_checksum(t->state.momentum, params->n_trainable, &momentum);
    if (status == FA_OK && t->state.average != NULL)
        status = fa_flat_checksum(t->state.average, params->n_trainable, &average);
    *out = (uint64_t)weights << 32 |
           fa_crc32c(momentum, &average, t->state.average != NULL ? sizeof average : 0);
    return fa_comm_agree(t->comm, status);
}

fa_status fa_training_agree_on_state(struct fa_training *t)
{
    char digits[DIGITS];
    const struct fa_claim claim = {"the fingerprint of the first weights", digits};
    uint64_t state;

    FA_TRY(checksum_state(t, &state));
    snprintf(digits, sizeof digits, "%" PRIx64, state);
    return fa_comm_same(t->comm, &claim, 1);
}

fa_status fa_training_compare(struct fa_training *t)
{
    uint64_t state;
    char what[64];

    FA_TRY(checksum_state(t, &state));
    snprintf(what, sizeof what, "step %lld: weights and momentum", (long long)t->state.progress.step);
    return fa_comm_majority(t->comm, what, state);
}
