/*
 * section_ranks.c - what each rank did with its seconds since the run's last start, so that a slow one, or a
 * slow host, is seen: all others wait for it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/reducer.h"
#include "section.h"

#define SLOW 1.1 /* times the median */

enum { MOST_ROWS = 16, FEW_HOSTS = 2 };

/* A rank, or all ranks of a host as their mean. */
struct row {
    const char *host;
    size_t rank, n_ranks;
    double n_images; /* of a step, over the ranks' mean: what a rank may take longer for */
    double data, compute, exchange;
};

static double busy(const struct row *row)
{
    return row->data + row->compute;
}

/* As if it held as many images as the others. */
static double slowness(const struct row *row)
{
    return row->data + row->compute / row->n_images;
}

static int slowest_first(const void *x, const void *y)
{
    const struct row *a = x, *b = y;

    if (slowness(a) != slowness(b))
        return slowness(a) > slowness(b) ? -1 : 1;
    return a->rank < b->rank ? -1 : 1;
}

static int by_host(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    const int order = strcmp(a->host, b->host);

    return order != 0 ? order : a->rank < b->rank ? -1 : 1;
}

/* ---- rows ---- */

/* 1 where all ranks hold as many, or the configuration does not tell. */
static double images_of(const struct fa_report_run *run, size_t rank)
{
    const double batch = fa_report_run_number(run, "train", "batch"), n = (double)run->log.n_ranks;
    struct fa_batch_slice slice;

    if (!(batch >= n && batch <= INT32_MAX))
        return 1;
    slice = fa_batch_slice_of((size_t)batch, (int)n, (int)rank);
    return (double)(slice.end - slice.begin) * n / batch;
}

static void list_ranks(const struct fa_report_run *run, struct row *rows)
{
    const struct fa_run_log *log = &run->log;

    for (size_t r = 0; r < log->n_ranks; r++)
        rows[r] = (struct row){.host = log->ranks[r].host,
                               .rank = r,
                               .n_ranks = 1,
                               .n_images = images_of(run, r),
                               .data = log->ranks[r].data,
                               .compute = log->ranks[r].compute,
                               .exchange = log->ranks[r].exchange};
}

static void add(struct row *sum, const struct row *row)
{
    sum->n_ranks++;
    sum->n_images += (row->n_images - sum->n_images) / (double)sum->n_ranks;
    sum->data += (row->data - sum->data) / (double)sum->n_ranks;
    sum->compute += (row->compute - sum->compute) / (double)sum->n_ranks;
    sum->exchange += (row->exchange - sum->exchange) / (double)sum->n_ranks;
}

/* From rows of ranks to rows of hosts, in place; how many there are. */
static size_t join_hosts(struct row *rows, size_t n)
{
    size_t n_hosts = 0;

    qsort(rows, n, sizeof *rows, by_host);
    for (size_t i = 0; i < n; i++)
        if (n_hosts > 0 && strcmp(rows[n_hosts - 1].host, rows[i].host) == 0)
            add(&rows[n_hosts - 1], &rows[i]);
        else
            rows[n_hosts++] = rows[i];
    return n_hosts;
}

/* ---- the table ---- */

static void put_share(struct fa_page *page, const char *look, double share)
{
    if (share > 0)
        fa_page_add(page, "<i class=%s style=\"width:%.2f%%\"></i>", look, 100 * share);
}

static void put_row(struct fa_page *page, const struct row *row, double longest, bool is_host)
{
    fa_page_put(page, "<tr><td>");
    if (is_host)
        fa_page_text(page, row->host);
    else
        fa_page_add(page, "rank %zu", row->rank);
    fa_page_put(page, "</td><td class=words>");
    if (is_host)
        fa_page_add(page, "%zu rank%s", row->n_ranks, row->n_ranks == 1 ? "" : "s");
    else
        fa_page_text(page, row->host);
    fa_page_add(
        page,
        "</td><td class=wide>%.3f</td><td>%.3f</td><td class=wide>%.3f</td><td class=times><div class=stack>",
        row->data, row->compute, row->exchange);
    put_share(page, "e3", row->data / longest);
    put_share(page, "e1", row->compute / longest);
    fa_page_put(page, "</div></td></tr>\n");
}

static void put_table(struct fa_page *page, const struct row *rows, size_t n, double longest, bool is_host)
{
    fa_page_put(page, "<div class=scroll><table class=ranks><tr><th></th><th class=words></th>"
                      "<th class=wide>data</th><th>computing</th><th class=wide>exchange, waiting</th>"
                      "<th class=times></th></tr>\n");
    for (size_t i = 0; i < n && i < MOST_ROWS; i++)
        put_row(page, &rows[i], longest, is_host);
    fa_page_put(page, "</table></div>\n");
    if (n > MOST_ROWS)
        fa_page_add(page, "<p class=soft>The slowest %d of %zu.</p>\n", MOST_ROWS, n);
}

/* ---- the whole ---- */

/* rows: the slowest first. */
static void put_verdict(struct fa_page *page, const struct row *rows, size_t n)
{
    const double median = slowness(&rows[n / 2]), times = slowness(&rows[0]) / median;

    fa_page_put(page, "<p>");
    if (median > 0 && times > SLOW) {
        fa_page_add(page, "<b>Rank %zu on ", rows[0].rank);
        fa_page_text(page, rows[0].host);
        fa_page_add(
            page,
            " takes %.2f times as long as the rank in the middle</b>, and all others wait for it: look "
            "at what else runs on its host. ",
            times);
    } else {
        fa_page_add(page, "The slowest rank takes %.0f%% longer than the rank in the middle. ",
                    median > 0 ? 100 * (times - 1) : 0);
    }
    fa_page_put(page, "</p>\n");
}

static double longest_of(const struct row *rows, size_t n)
{
    double longest = 0;

    for (size_t i = 0; i < n; i++)
        longest = fmax(longest, busy(&rows[i]));
    return longest;
}

static void put(struct fa_page *page, const struct fa_report_run *run, struct row *rows)
{
    const struct fa_run_log *log = &run->log;
    size_t n = log->n_ranks;
    double longest;

    list_ranks(run, rows);
    qsort(rows, n, sizeof *rows, slowest_first);
    longest = longest_of(rows, n);
    fa_page_add(page, "<h3>Ranks since the last start</h3><p class=soft>Seconds a step, means over ");
    fa_page_count(page, log->rank_steps);
    fa_page_put(page, " steps. A bar is what the rank itself needs: <span class=key><i class=e3></i>waiting "
                      "for data</span>, <span class=key><i class=e1></i>computing</span>.</p>\n");
    put_verdict(page, rows, n);
    put_table(page, rows, n, longest, false);
    n = join_hosts(rows, n);
    if (n < FEW_HOSTS)
        return;
    qsort(rows, n, sizeof *rows, slowest_first);
    fa_page_put(page, "<h3>Hosts, means over their ranks</h3>\n");
    put_table(page, rows, n, longest, true);
}

void fa_section_ranks(struct fa_page *page, const struct fa_report_run *run)
{
    const struct fa_run_log *log = &run->log;
    struct row *rows = NULL;

    if (log->n_ranks < 2 || log->rank_steps <= 0 || page->status != FA_OK)
        return;
    page->status = fa_alloc(log->n_ranks, sizeof *rows, &rows);
    if (page->status == FA_OK)
        put(page, run, rows);
    fa_free(rows);
}
