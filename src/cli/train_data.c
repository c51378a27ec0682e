#include "train_data.h"

#include "fa/activity.h"
#include "fa/census.h"
#include "fa/comm.h"
#include "fa/log.h"

/* ---- one ---- */

/* Says what there is to train on. */
static fa_status take_census(const struct fa_dataset *dataset, const char *path, bool must_have_objects)
{
    struct fa_census census;
    fa_status status;

    FA_TRY(fa_census_take(dataset, &census));
    status = fa_census_tell(&census, path);
    if (status == FA_OK && must_have_objects)
        status = fa_census_require_objects(&census, path);
    fa_census_clear(&census);
    return status;
}

/* stage NULL: the data stay where they are. */
static fa_status open_one(const char *path, const char *stage, const struct fa_team *host,
                          struct fa_train_data *data, struct fa_dataset **dataset)
{
    if (stage != NULL) {
        struct fa_staged_dataset **staged = &data->staged[data->n_staged];

        fa_activity_begin("staging the data");
        FA_TRY(fa_dataset_stage(path, stage, host, data->staged, data->n_staged, staged));
        data->n_staged++;
        path = fa_staged_dataset_path(*staged);
    }
    fa_activity_begin("opening the data");
    return fa_dataset_open_together(path, host, dataset);
}

/* ---- several ---- */

static bool has_objects(const struct fa_dataset *dataset)
{
    for (size_t r = 0; r < dataset->n_records; r++)
        for (size_t a = 0; a < dataset->records[r].n; a++) {
            const struct fa_object object =
                fa_dataset_object(dataset, &dataset->records[r], dataset->records[r].first + a);

            if (fa_object_kind(&object) == FA_OBJECT_TRAINED)
                return true;
        }
    return false;
}

/* One of several may have no objects. */
static fa_status open_parts(const struct fa_paths *paths, const char *stage, const struct fa_team *host,
                            struct fa_train_data *data, struct fa_dataset **parts)
{
    bool any = false;

    for (size_t i = 0; i < paths->n; i++) {
        const bool last_hope = i + 1 == paths->n && !any;

        FA_TRY(open_one(paths->path[i], stage, host, data, &parts[i]));
        FA_TRY(fa_team_agree(host, take_census(parts[i], paths->path[i], last_hope)));
        any = any || has_objects(parts[i]);
    }
    return FA_OK;
}

static fa_status open_training(const struct fa_paths *paths, const char *stage, const struct fa_team *host,
                               struct fa_train_data *data)
{
    struct fa_dataset *parts[FA_DATASETS_MAX] = {NULL};
    fa_status status = open_parts(paths, stage, host, data, parts);

    if (status == FA_OK && paths->n > 1)
        status = fa_team_agree(host, fa_dataset_join(parts, paths->path, paths->n, &data->train));
    if (status == FA_OK && paths->n == 1) {
        data->train = parts[0];
        return FA_OK;
    }
    for (size_t i = 0; i < paths->n; i++)
        fa_dataset_close(parts[i]);
    return status;
}

static fa_status check(const struct fa_settings *settings)
{
    const size_t n = settings->train_data.n, n_weights = (size_t)settings->train.data_weights.n;

    if (n == 0)
        return fa_fail(FA_EINVAL, "no dataset to train on; give --train-data SHARDDIR or set data.train");
    if (n_weights == 0 || n_weights == n)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "data.train_weights has %zu number%s and data.train %zu dataset%s; give one for each",
                   n_weights, fa_plural(n_weights), n, fa_plural(n));
}

fa_status fa_train_data_open(const struct fa_invocation *invocation, const struct fa_settings *settings,
                             struct fa_train_data *data)
{
    const char *stage = fa_arguments_get(&invocation->arguments, "--stage");
    const struct fa_team host = fa_comm_host_team(invocation->comm);

    FA_TRY(check(settings));
    FA_TRY(open_training(&settings->train_data, stage, &host, data));
    if (settings->val_data[0] == '\0')
        return FA_OK;
    FA_TRY(open_one(settings->val_data, stage, &host, data, &data->val));
    return fa_dataset_require_same_classes(data->train, settings->train_data.path[0], data->val,
                                           settings->val_data);
}

void fa_train_data_close(const struct fa_invocation *invocation, struct fa_train_data *data)
{
    const bool keep = fa_arguments_get(&invocation->arguments, "--keep-staged") != NULL;

    fa_dataset_close(data->val);
    fa_dataset_close(data->train);
    while (data->n_staged > 0)
        fa_staged_dataset_leave(data->staged[--data->n_staged], keep);
}
