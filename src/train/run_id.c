/*
 * run_id.c - the id of a run, by which it knows its own checkpoints: made when it begins, kept in
 * config.json.
 *
 * A checkpoint that was copied in from another run must not pass for one of this, so the id is never taken
 * from a checkpoint. A run whose config.json has none, or is lost, gets a new one, and then removes nothing
 * that was there before.
 */
#include <stdio.h>
#include <string.h>

#include "fa/json.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "training.h"

#define CONFIG_NAME "config.json"
#define ID_KEY      "run_id"

static void take_id(const struct fa_json *config, char id[FA_RUN_ID_SIZE])
{
    const char *text;

    if (fa_json_to_string(fa_json_get(config, ID_KEY), &text) && strlen(text) == FA_RUN_ID_SIZE - 1 &&
        strspn(text, "0123456789abcdef") == FA_RUN_ID_SIZE - 1)
        snprintf(id, FA_RUN_ID_SIZE, "%s", text);
}

fa_status fa_training_read_id(const char *work_dir, char id[FA_RUN_ID_SIZE])
{
    struct fa_json *config;
    char *path;
    fa_status status;

    id[0] = '\0';
    FA_TRY(fa_path_join(work_dir, CONFIG_NAME, &path));
    status = fa_file_exists(path) ? fa_json_read_commented(path, &config) : FA_EMISSING;
    fa_free(path);
    if (status == FA_OK) {
        take_id(config, id);
        fa_json_free(config);
    }
    return status == FA_EMISSING || status == FA_EFORMAT ? FA_OK : status;
}

/* Rank 0. */
static fa_status choose_id(struct fa_training *t, bool resumed)
{
    char *id = t->state.run;

    if (resumed)
        FA_TRY(fa_training_read_id(t->run->work_dir->path, id));
    return id[0] != '\0' ? FA_OK : fa_run_id_make(id);
}

fa_status fa_training_identify(struct fa_training *t, bool resumed)
{
    FA_TRY(fa_comm_agree(t->comm, fa_comm_rank(t->comm) == 0 ? choose_id(t, resumed) : FA_OK));
    fa_comm_broadcast(t->comm, t->state.run, sizeof t->state.run, 0);
    return FA_OK;
}

static fa_status write_text(const struct fa_training *t, const struct fa_json *config)
{
    char *text;
    fa_status status;

    FA_TRY(fa_json_print(config, true, &text));
    status = fa_directory_write(t->run->work_dir->directory, CONFIG_NAME, text, strlen(text));
    fa_free(text);
    return status;
}

fa_status fa_training_write_config(const struct fa_training *t)
{
    const char *text = t->run->config_json;
    struct fa_json *config;
    fa_status status;

    if (text == NULL)
        return FA_OK;
    FA_TRY(fa_json_parse("configuration", text, strlen(text), &config));
    if (fa_json_set(config, ID_KEY, fa_json_new_string(t->state.run)))
        status = write_text(t, config);
    else
        status = fa_fail(FA_ENOMEM, "no memory for " CONFIG_NAME);
    fa_json_free(config);
    return status;
}
