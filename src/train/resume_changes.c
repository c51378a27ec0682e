/*
 * resume_changes.c - says in which settings a resumed run differs from the one that made the checkpoint. A
 * changed learning rate may be wanted or a slip; the log shows it either way.
 */
#include <stdio.h>
#include <string.h>

#include "checkpoint/checkpoint_private.h"
#include "fa/json.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/text.h"
#include "training.h"

/* Keys that came into being after the checkpoint, with their values: in one line, since an old checkpoint
   lacks many and what was changed on purpose should stand out. */
struct news {
    char text[FA_MESSAGE_MAX / 2];
    size_t n;
};

static void add_news(struct news *news, const char *key, const char *is)
{
    fa_text_add(news->text, sizeof news->text, "%s%s %s", news->n++ > 0 ? ", " : "", key, is);
}

static fa_status report_value(const char *key, const struct fa_json *before, const struct fa_json *now,
                              struct news *news)
{
    char *was = NULL, *is = NULL;
    fa_status status = fa_json_print(now, false, &is);

    if (status == FA_OK && before != NULL)
        status = fa_json_print(before, false, &was);
    if (status == FA_OK && was == NULL)
        add_news(news, key, is);
    else if (status == FA_OK && strcmp(was, is) != 0)
        fa_warn("resumed with %s %s, which was %s in the checkpoint", key, is, was);
    fa_free(was);
    fa_free(is);
    return status;
}

static fa_status report_members(const char *prefix, const struct fa_json *before, const struct fa_json *now,
                                struct news *news)
{
    for (const struct fa_json *member = fa_json_first(now); member != NULL; member = fa_json_next(member)) {
        const struct fa_json *old = fa_json_get(before, fa_json_key(member));
        char key[256];

        snprintf(key, sizeof key, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", fa_json_key(member));
        if (fa_json_kind(member) == FA_JSON_OBJECT)
            FA_TRY(report_members(key, old, member, news));
        else
            FA_TRY(report_value(key, old, member, news));
    }
    return FA_OK;
}

static fa_status report_against(const struct fa_json *before, const char *config)
{
    struct news news = {.n = 0};
    struct fa_json *now;
    fa_status status;

    FA_TRY(fa_json_parse("configuration", config, strlen(config), &now));
    status = report_members("", before, now, &news);
    if (status == FA_OK && news.n > 0)
        fa_info("resumed with %zu setting%s that the checkpoint does not have: %s", news.n, fa_plural(news.n),
                news.text);
    fa_json_free(now);
    return status;
}

fa_status fa_training_report_changes(const struct fa_training *t, const char *directory)
{
    struct fa_checkpoint_manifest manifest;
    const struct fa_json *before;
    fa_status status = FA_OK;

    if (t->run->config_json == NULL)
        return FA_OK;
    FA_TRY(fa_checkpoint_manifest_read(directory, &manifest));
    before = fa_json_get(manifest.root, "config");
    if (before != NULL)
        status = report_against(before, t->run->config_json);
    fa_checkpoint_manifest_clear(&manifest);
    return status;
}
