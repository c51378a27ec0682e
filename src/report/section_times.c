/*
 * section_times.c - where the time of steps went, for each stretch that a run went without a break: with how
 * many ranks, how fast, and how much of it was exchange between them and waiting for the slowest.
 */
#include <math.h>

#include "section.h"

struct stretch {
    const struct fa_log_start *start;
    double until; /* step */
    double seconds, steps, samples, phase[FA_LOG_PHASES];
};

/* Lines are means over the steps since the line before. */
static struct stretch take_stretch(const struct fa_run_log *log, size_t k)
{
    struct stretch stretch = {.start = &log->starts[k],
                              .until = k + 1 < log->n_starts ? log->starts[k + 1].step : INFINITY};
    double before = stretch.start->step, samples_before = NAN;

    for (size_t i = 0; i < log->n_steps; i++) {
        const struct fa_log_step *step = &log->steps[i];

        if (step->step <= stretch.start->step)
            samples_before = step->samples;
        if (step->step <= stretch.start->step || step->step > stretch.until || !isfinite(step->time))
            continue;
        stretch.steps += step->step - before;
        stretch.seconds += step->time * (step->step - before);
        for (int p = 0; p < FA_LOG_PHASES; p++)
            stretch.phase[p] += isfinite(step->phase[p]) ? step->phase[p] * (step->step - before) : 0;
        stretch.samples = step->samples - (isfinite(samples_before) ? samples_before : 0);
        before = step->step;
    }
    return stretch;
}

static void put_share(struct fa_page *page, double share)
{
    fa_page_add(page, "<td class=wide>%.1f%%</td>", 100 * share);
}

static void put_stretch(struct fa_page *page, const struct stretch *stretch)
{
    fa_page_put(page, "<tr><td>");
    fa_page_text(page, stretch->start->at);
    fa_page_put(page, "</td><td>");
    fa_page_count(page, stretch->start->ranks);
    fa_page_put(page, "</td><td>");
    fa_page_count(page, stretch->steps);
    fa_page_put(page, "</td><td>");
    fa_section_duration(page, stretch->seconds);
    fa_page_add(page, "</td><td>%.3g</td><td>%.3g</td>", stretch->seconds / stretch->steps,
                stretch->samples / stretch->seconds);
    for (int p = 0; p < FA_LOG_PHASES; p++)
        put_share(page, stretch->phase[p] / stretch->seconds);
    fa_page_put(page, "</tr>\n");
}

void fa_section_times(struct fa_page *page, const struct fa_report_run *run)
{
    if (run->log.n_steps == 0 || run->log.n_starts == 0)
        return;
    fa_page_put(page,
                "<h2>Time</h2><p class=soft>Each stretch between two starts: seconds are those of rank 0. "
                "Exchange is what backward did not hide, with the wait for slower ranks.</p>"
                "<div class=scroll><table><tr><th>started</th><th>ranks</th><th>steps</th><th>time</th>"
                "<th>s a step</th><th>images/s</th>");
    for (int p = 0; p < FA_LOG_PHASES; p++)
        fa_page_add(page, "<th class=wide>%s</th>", fa_log_phase_names[p]);
    fa_page_put(page, "</tr>\n");
    for (size_t k = 0; k < run->log.n_starts; k++) {
        const struct stretch stretch = take_stretch(&run->log, k);

        if (stretch.steps > 0 && stretch.seconds > 0)
            put_stretch(page, &stretch);
    }
    fa_page_put(page, "</table></div>\n");
}
