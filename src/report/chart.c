#include "chart.h"

#include <math.h>
#include <stdlib.h>

#include "axis.h"
#include "fa/memory.h"

/* The drawing, in units that are about a pixel. */
enum { WIDTH = 360, HEIGHT = 212, LEFT = 42, RIGHT = 344, TOP = 24, BOTTOM = 178, TICKS_X = 5, TICKS_Y = 5 };

struct frame {
    struct fa_axis x, y;
    double highest; /* of y */
    bool is_cut;    /* y's highest values lie outside */
};

static double x_of(const struct fa_series *series, size_t i)
{
    return series->x[i * series->stride];
}

static double y_of(const struct fa_series *series, size_t i)
{
    return series->y[i * series->stride];
}

/* ---- the range of the values ---- */

struct values {
    size_t n;
    double *y, x_low, x_high;
};

static double stacked_at(const struct fa_chart *chart, size_t i)
{
    double sum = 0;

    for (size_t s = 0; s < chart->n_series; s++)
        sum +=
            i < chart->series[s].n && isfinite(y_of(&chart->series[s], i)) ? y_of(&chart->series[s], i) : 0;
    return sum;
}

static void take_value(struct values *values, double x, double y)
{
    if (!isfinite(x) || !isfinite(y))
        return;
    values->x_low = fmin(values->x_low, x);
    values->x_high = fmax(values->x_high, x);
    values->y[values->n++] = y;
}

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* y is sorted, and freed with fa_free. */
static fa_status take_values(const struct fa_chart *chart, struct values *values)
{
    size_t n = 0;

    *values = (struct values){.x_low = INFINITY, .x_high = -INFINITY};
    for (size_t s = 0; s < chart->n_series; s++)
        n += chart->series[s].n;
    FA_TRY(fa_alloc(n, sizeof *values->y, &values->y));
    for (size_t s = 0; s < (chart->is_stacked ? 1 : chart->n_series); s++)
        for (size_t i = 0; i < chart->series[s].n; i++)
            take_value(values, x_of(&chart->series[s], i),
                       chart->is_stacked ? stacked_at(chart, i) : y_of(&chart->series[s], i));
    qsort(values->y, values->n, sizeof *values->y, compare_numbers);
    return FA_OK;
}

/* Where the axis of shares ends: at 1, and sooner where all lie far below it. */
static double share_end(double high)
{
    return high > 0.5 ? 1 : high > 0.2 ? 0.5 : high > 0.1 ? 0.2 : high > 0.02 ? 0.1 : 0.02;
}

/* A few values far above the rest would press the rest flat: the axis ends below them. */
static struct frame choose_frame(const struct fa_chart *chart, const struct values *values)
{
    const double low = values->y[0], high = values->y[values->n - 1],
                 usual = values->y[(size_t)(0.95 * (double)(values->n - 1))];
    struct frame frame = {.highest = high};

    frame.x =
        fa_axis_make(chart->is_x_share ? 0 : values->x_low, chart->is_x_share ? 1 : values->x_high, TICKS_X);
    if (!chart->is_x_share)
        fa_axis_trim(&frame.x, values->x_low, values->x_high);
    frame.is_cut = !chart->is_share && low >= 0 && high > 3 * usual && usual > 0;
    if (chart->may_be_log && low > 0 && high > 200 * low) {
        frame.is_cut = false;
        frame.y = fa_axis_make_log(low, high);
    } else {
        frame.y = fa_axis_make(fmin(low, 0),
                               chart->is_share ? share_end(high)
                               : frame.is_cut  ? 1.3 * usual
                                               : high,
                               TICKS_Y);
    }
    return frame;
}

/* ---- axes ---- */

static double to_x(const struct frame *frame, double value)
{
    return LEFT + (RIGHT - LEFT) * fa_axis_place(&frame->x, value);
}

static double to_y(const struct frame *frame, double value)
{
    return BOTTOM - (BOTTOM - TOP) * fa_axis_place(&frame->y, value);
}

static void draw_axes(struct fa_page *page, const struct fa_chart *chart, const struct frame *frame)
{
    char text[FA_TICK_TEXT];

    for (size_t i = 0; i < frame->y.n_ticks; i++) {
        const double y = to_y(frame, frame->y.tick[i]);

        fa_axis_print(&frame->y, i, text);
        fa_page_add(page, "<path class=grid d=\"M%d %.1fH%d\"/><text x=%d y=%.1f class=end>%s</text>", LEFT,
                    y, RIGHT, LEFT - 6, y + 3.5, text);
    }
    for (size_t i = 0; i < frame->x.n_ticks; i++) {
        const double x = to_x(frame, frame->x.tick[i]);

        fa_axis_print(&frame->x, i, text);
        fa_page_add(page, "<path class=axis d=\"M%.1f %dv4\"/><text x=%.1f y=%d class=mid>%s</text>", x,
                    BOTTOM, x, BOTTOM + 15, text);
    }
    fa_page_add(page, "<path class=axis d=\"M%d %dH%d\"/><text x=0 y=11 class=unit>%s</text>", LEFT, BOTTOM,
                RIGHT, chart->y_unit);
    fa_page_add(page, "<text x=%d y=%d class=\"unit end\">%s</text>", RIGHT, HEIGHT - 4, chart->x_unit);
    for (size_t i = 0; i < chart->n_marks; i++)
        fa_page_add(page, "<path class=mark d=\"M%.1f %dV%d\"/>", to_x(frame, chart->marks[i]), TOP, BOTTOM);
}

/* ---- curves ---- */

/* Of a long curve no more than the lowest and the highest point in each column of pixels. */
struct column {
    int at;
    double low, high;
    bool is_low_first;
};

static void end_column(struct fa_page *page, const struct frame *frame, const struct column *column)
{
    const double first = column->is_low_first ? column->low : column->high,
                 last = column->is_low_first ? column->high : column->low;

    if (column->at < 0)
        return;
    fa_page_add(page, "L%d %.1f", column->at, to_y(frame, first));
    if (last != first)
        fa_page_add(page, "L%d %.1f", column->at, to_y(frame, last));
}

static void draw_long(struct fa_page *page, const struct frame *frame, const struct fa_series *series)
{
    struct column column = {.at = -1};

    fa_page_add(page, "<path class=\"line s%d\" d=\"M", series->look);
    fa_page_add(page, "%.1f %.1f", to_x(frame, x_of(series, 0)), to_y(frame, y_of(series, 0)));
    for (size_t i = 0; i < series->n; i++) {
        const int at = (int)to_x(frame, x_of(series, i));
        const double y = y_of(series, i);

        if (!isfinite(y))
            continue;
        if (at != column.at) {
            end_column(page, frame, &column);
            column = (struct column){at, y, y, true};
        }
        column.is_low_first = y > column.high || (y >= column.low && column.is_low_first);
        column.low = fmin(column.low, y);
        column.high = fmax(column.high, y);
    }
    end_column(page, frame, &column);
    fa_page_put(page, "\"/>");
}

static void draw_short(struct fa_page *page, const struct frame *frame, const struct fa_series *series)
{
    bool is_gap = true;

    fa_page_add(page, "<path class=\"line s%d\" d=\"", series->look);
    for (size_t i = 0; i < series->n; i++) {
        const double x = x_of(series, i), y = y_of(series, i);

        if (isfinite(x) && isfinite(y))
            fa_page_add(page, "%c%.1f %.1f", is_gap ? 'M' : 'L', to_x(frame, x), to_y(frame, y));
        is_gap = !isfinite(x) || !isfinite(y);
    }
    fa_page_put(page, "\"/>");
    for (size_t i = 0; i < series->n && (series->has_dots || series->n == 1); i++)
        if (isfinite(x_of(series, i)) && isfinite(y_of(series, i)))
            fa_page_add(page, "<circle class=\"dot s%d\" cx=%.1f cy=%.1f r=2.4 />", series->look,
                        to_x(frame, x_of(series, i)), to_y(frame, y_of(series, i)));
}

static void draw_curve(struct fa_page *page, const struct frame *frame, const struct fa_series *series)
{
    if (series->n > 2 * (RIGHT - LEFT) && isfinite(x_of(series, 0)) && isfinite(y_of(series, 0)))
        draw_long(page, frame, series);
    else
        draw_short(page, frame, series);
}

/* Values above the end of the axis, as arrow heads that point there. */
static void draw_cut(struct fa_page *page, const struct fa_chart *chart, const struct frame *frame)
{
    const struct fa_series *first = &chart->series[0];
    double last = -1e9;

    for (size_t s = 0; s < (chart->is_stacked ? 1 : chart->n_series); s++)
        for (size_t i = 0; i < chart->series[s].n; i++) {
            const double y = chart->is_stacked ? stacked_at(chart, i) : y_of(&chart->series[s], i);
            const double x = to_x(frame, x_of(chart->is_stacked ? first : &chart->series[s], i));

            if (!(y > frame->y.max) || fabs(x - last) < 3)
                continue;
            fa_page_add(page, "<path class=cut d=\"M%.1f %dl3.5 6h-7z\"/>", x, TOP - 7);
            last = x;
        }
}

/* ---- areas ---- */

/* The sum of the first n_parts at the k-th of n_columns points, each the mean of a stretch of the series. */
static double height_at(const struct fa_chart *chart, size_t n_parts, size_t k, size_t n_columns, double *x)
{
    const struct fa_series *first = &chart->series[0];
    const size_t begin = k * first->n / n_columns, end = (k + 1) * first->n / n_columns;
    double sum = 0;

    for (size_t i = begin; i < end; i++)
        for (size_t s = 0; s < n_parts; s++)
            sum += i < chart->series[s].n && isfinite(y_of(&chart->series[s], i)) ? y_of(&chart->series[s], i)
                                                                                  : 0;
    *x = x_of(first, end - 1);
    return sum / (double)(end - begin);
}

static void draw_areas(struct fa_page *page, const struct fa_chart *chart, const struct frame *frame)
{
    const size_t most = RIGHT - LEFT, n = chart->series[0].n < most ? chart->series[0].n : most;

    for (size_t s = chart->n_series; s-- > 0;) {
        double x = 0, y;

        fa_page_add(page, "<path class=\"area s%d\" d=\"", chart->series[s].look);
        for (size_t k = 0; k < n; k++) {
            y = height_at(chart, s + 1, k, n, &x);
            fa_page_add(page, "%c%.1f %.1f", k == 0 ? 'M' : 'L', to_x(frame, x), to_y(frame, y));
        }
        fa_page_add(page, "V%d", BOTTOM);
        height_at(chart, 0, 0, n, &x);
        fa_page_add(page, "H%.1fz\"/>", to_x(frame, x));
    }
}

/* ---- the whole ---- */

static bool has_values(const struct fa_series *series)
{
    for (size_t i = 0; i < series->n; i++)
        if (isfinite(x_of(series, i)) && isfinite(y_of(series, i)))
            return true;
    return false;
}

static void draw_legend(struct fa_page *page, const struct fa_chart *chart)
{
    fa_page_put(page, "<ul class=legend>");
    for (size_t s = 0; s < chart->n_series; s++) {
        const struct fa_series *series = &chart->series[s];

        if (series->name == NULL || !has_values(series))
            continue;
        fa_page_put(page, "<li><svg width=16 height=10 aria-hidden=true>");
        if (chart->is_stacked)
            fa_page_add(page, "<path class=\"area s%d\" d=\"M0 1h16v8h-16z\"/>", series->look);
        else
            fa_page_add(page, "<path class=\"line s%d\" d=\"M0 5h16\"/>", series->look);
        fa_page_put(page, "</svg>");
        fa_page_text(page, series->name);
        fa_page_put(page, "</li>");
    }
    fa_page_put(page, "</ul>");
}

static void draw(struct fa_page *page, const struct fa_chart *chart, const struct values *values)
{
    const struct frame frame = choose_frame(chart, values);

    fa_page_add(page, "<figure class=chart><figcaption><b>%s</b>", chart->title);
    if (frame.is_cut)
        fa_page_add(page, "<small>&#9650; outside, up to %.3g</small>", frame.highest);
    draw_legend(page, chart);
    fa_page_add(page, "</figcaption><svg viewBox=\"0 0 %d %d\" role=img aria-label=\"%s\">", WIDTH, HEIGHT,
                chart->title);
    if (chart->is_stacked)
        draw_areas(page, chart, &frame);
    draw_axes(page, chart, &frame);
    for (size_t s = 0; s < chart->n_series && !chart->is_stacked; s++)
        draw_curve(page, &frame, &chart->series[s]);
    if (frame.is_cut)
        draw_cut(page, chart, &frame);
    fa_page_put(page, "</svg>");
    if (chart->note != NULL)
        fa_page_add(page, "<small>%s</small>", chart->note);
    fa_page_put(page, "</figure>\n");
}

void fa_chart_draw(struct fa_page *page, const struct fa_chart *chart)
{
    struct values values;

    if (page->status == FA_OK)
        page->status = take_values(chart, &values);
    if (page->status != FA_OK)
        return;
    if (values.n > 0)
        draw(page, chart, &values);
    fa_free(values.y);
}
