/*
 * chart.h - curves over one pair of axes, as SVG that is drawn by the page's own styles.
 */
#ifndef FA_REPORT_CHART_H
#define FA_REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "page.h"

/* A look is a colour with a dash, told apart also where colours are not. */
enum { FA_LOOKS = 7, FA_LOOK_FAINT = FA_LOOKS };

/* Points x[i * stride], y[i * stride]; what is no number is a gap. Rows of a struct of doubles are drawn
   where they lie. */
struct fa_series {
    const char *name; /* NULL: not in the legend */
    int look;
    size_t n, stride;
    const double *x, *y;
    bool has_dots; /* few points, each of which counts */
};

struct fa_chart {
    const char *title, *x_unit, *y_unit; /* markup of our own, no text of others */
    size_t n_series;
    const struct fa_series *series;
    const char *note; /* what the words mean, below; markup of our own; may be NULL */
    bool is_share;    /* y lies between 0 and 1 */
    bool is_x_share;  /* of x too */
    bool may_be_log;  /* y goes by powers of ten if its values span many */
    bool is_stacked;  /* areas on top of each other; all have the x of the first */
    size_t n_marks;   /* where the run was resumed */
    const double *marks;
};

/* Nothing where no point has a number. */
void fa_chart_draw(struct fa_page *page, const struct fa_chart *chart);

#endif
