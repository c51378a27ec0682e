#include "run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"

/* "." has a name too. */
static fa_status take_name(const char *path, char **name)
{
    char *real = realpath(path, NULL);
    const char *slash = real != NULL ? strrchr(real, '/') : NULL;
    const fa_status status = fa_strdup(slash != NULL && slash[1] != '\0' ? slash + 1 : path, name);

    free(real);
    return status;
}

/* A configuration is told of, not needed. */
static fa_status read_config(const char *work_dir, struct fa_json **config)
{
    const fa_status status = fa_json_read_in(work_dir, "config.json", config);

    if (status == FA_OK || status == FA_ENOMEM)
        return status;
    fa_warn("the report leaves out the configuration: %s", fa_message());
    *config = NULL;
    return FA_OK;
}

fa_status fa_report_run_open(const char *work_dir, struct fa_report_run *run)
{
    char *log;
    fa_status status;

    *run = (struct fa_report_run){.path = work_dir};
    FA_TRY(take_name(work_dir, &run->name));
    FA_TRY(fa_path_join(work_dir, "log.jsonl", &log));
    status = fa_run_log_read(log, &run->log);
    fa_free(log);
    FA_TRY(status);
    return read_config(work_dir, &run->config);
}

void fa_report_run_close(struct fa_report_run *run)
{
    fa_run_log_clear(&run->log);
    fa_json_free(run->config);
    fa_free(run->name);
    *run = (struct fa_report_run){0};
}

static const struct fa_json *find(const struct fa_report_run *run, const char *group, const char *key)
{
    return fa_json_get(fa_json_get(run->config, group), key);
}

double fa_report_run_number(const struct fa_report_run *run, const char *group, const char *key)
{
    double value = NAN;

    fa_json_to_double(find(run, group, key), &value);
    return value;
}

const char *fa_report_run_text(const struct fa_report_run *run, const char *group, const char *key)
{
    const char *text = NULL;

    fa_json_to_string(find(run, group, key), &text);
    return text;
}

/* The list as it is, if all of it is within bounds. */
static void take_whole(const struct fa_json *list, size_t n, int64_t most, int *out)
{
    const struct fa_json *item = fa_json_first(list);
    int64_t values[3];

    if (fa_json_count(list) != n)
        return;
    for (size_t i = 0; i < n; i++, item = fa_json_next(item))
        if (!fa_json_to_int(item, &values[i]) || values[i] < 0 || values[i] > most)
            return;
    for (size_t i = 0; i < n; i++)
        out[i] = (int)values[i];
}

struct fa_rendering fa_report_run_rendering(const struct fa_report_run *run)
{
    static const struct fa_rendering usual = FA_RENDERING_USUAL;
    struct fa_rendering own = usual;

    take_whole(find(run, "data", "range"), 2, 65535, own.range);
    take_whole(find(run, "data", "ground"), 3, 255, own.ground);
    if (own.range[0] >= own.range[1])
        memcpy(own.range, usual.range, sizeof own.range);
    return own;
}
