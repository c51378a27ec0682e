/*
 * section.h - the parts of a report, each of which adds itself to the page.
 */
#ifndef FA_REPORT_SECTION_H
#define FA_REPORT_SECTION_H

#include "found.h"
#include "page.h"
#include "run.h"

/* From "<!doctype html>" to where sections follow, and the end. */
void fa_section_head(struct fa_page *page, const char *title);
void fa_section_foot(struct fa_page *page);

/* Of one run. */
void fa_section_summary(struct fa_page *page, const struct fa_report_run *run, const struct fa_found *found);
void fa_section_verdict(struct fa_page *page, const struct fa_report_run *run, const struct fa_found *found);
void fa_section_curves(struct fa_page *page, const struct fa_report_run *run);
void fa_section_times(struct fa_page *page, const struct fa_report_run *run);
void fa_section_ranks(struct fa_page *page, const struct fa_report_run *run);
void fa_section_configuration(struct fa_page *page, const struct fa_report_run *run);

/* Of its detections, where there are any. */
void fa_section_classes(struct fa_page *page, const struct fa_found *found);
void fa_section_confusion(struct fa_page *page, const struct fa_found *found);
void fa_section_errors(struct fa_page *page, const struct fa_found *found);
void fa_section_images(struct fa_page *page, const struct fa_report_run *run, const struct fa_found *found);

/* Of several runs. */
void fa_section_comparison(struct fa_page *page, const struct fa_report_run *runs, size_t n);

/* ---- what sections share ---- */

/* "all classes" after the last label. */
static inline const char *fa_found_class(const struct fa_found *found, size_t label)
{
    return label < found->dataset->n_categories ? found->dataset->categories[label].name : "all classes";
}

/* "1:02:03" */
void fa_section_duration(struct fa_page *page, double seconds);

#endif
