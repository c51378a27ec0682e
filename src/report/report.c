#include "fa/report.h"

#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "section.h"

static void write_one(struct fa_page *page, const struct fa_report_run *run, const struct fa_found *found)
{
    fa_section_head(page, run->name);
    fa_section_summary(page, run, found);
    fa_section_curves(page, run);
    fa_section_classes(page, found);
    fa_section_confusion(page, found);
    fa_section_errors(page, found);
    fa_section_images(page, run, found);
    fa_section_times(page, run);
    fa_section_ranks(page, run);
    fa_section_configuration(page, run);
    fa_section_foot(page);
}

static fa_status report_one(const struct fa_report_config *config, const struct fa_report_run *run,
                            struct fa_page *page)
{
    struct fa_found found;
    fa_status status = fa_found_open(config, run, &found);

    if (status == FA_OK)
        write_one(page, run, &found);
    fa_found_close(&found);
    return status;
}

static void report_several(const struct fa_report_run *runs, size_t n, struct fa_page *page)
{
    fa_section_head(page, "runs side by side");
    fa_section_comparison(page, runs, n);
    fa_section_foot(page);
}

/* How a report ends, see fa_section_foot. */
static fa_status check_out(const char *path)
{
    static const char mark[] = "made by freeanchor on ";
    char *end;
    size_t n;
    bool may_go;

    if (!fa_file_exists(path))
        return FA_OK;
    FA_TRY(fa_file_read_tail(path, 256, &end, &n));
    may_go = n == 0 || memmem(end, n, mark, sizeof mark - 1) != NULL;
    fa_free(end);
    return may_go
               ? FA_OK
               : fa_fail(
                     FA_EINVAL,
                     "%s: is there already and is not a report of this program; move it, or choose another "
                     "--out",
                     path);
}

static fa_status save(const struct fa_page *page, const char *path)
{
    return page->status == FA_OK ? fa_file_write_atomic(path, page->text, page->n) : page->status;
}

static fa_status report(const struct fa_report_config *config, struct fa_report_run *runs)
{
    struct fa_page page = {0};
    fa_status status = check_out(config->out);

    for (size_t i = 0; i < config->n_runs && status == FA_OK; i++)
        status = fa_report_run_open(config->work_dirs[i], &runs[i]);
    if (status == FA_OK && config->n_runs == 1)
        status = report_one(config, &runs[0], &page);
    else if (status == FA_OK)
        report_several(runs, config->n_runs, &page);
    if (status == FA_OK)
        status = save(&page, config->out);
    fa_free(page.text);
    return status;
}

fa_status fa_report_write(const struct fa_report_config *config)
{
    struct fa_report_run *runs;
    fa_status status;

    FA_TRY(fa_alloc_zero(config->n_runs, sizeof *runs, &runs));
    status = report(config, runs);
    for (size_t i = 0; i < config->n_runs; i++)
        fa_report_run_close(&runs[i]);
    fa_free(runs);
    return status;
}
