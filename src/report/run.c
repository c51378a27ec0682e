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
    char *path;
    fa_status status;

    FA_TRY(fa_path_join(work_dir, "config.json", &path));
    status = fa_json_read_file(path, config);
    fa_free(path);
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
