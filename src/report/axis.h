/*
 * axis.h - where an axis begins and ends, and its ticks at round numbers.
 */
#ifndef FA_REPORT_AXIS_H
#define FA_REPORT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

enum { FA_TICKS_MAX = 12, FA_TICK_TEXT = 16 };

struct fa_axis {
    double min, max; /* min < max */
    bool is_log;     /* then both are powers of ten */
    size_t n_ticks;
    double tick[FA_TICKS_MAX];
};

/* An axis that holds low to high, which may be equal, with about n ticks at multiples of 1, 2 or 5 times a
   power of ten. Not finite: 0 to 1. */
struct fa_axis fa_axis_make(double low, double high, int n);

/* With a tick at every power of ten, or every few; both are above 0. */
struct fa_axis fa_axis_make_log(double low, double high);

/* Ends the axis at low and high, within it; ticks outside go. */
void fa_axis_trim(struct fa_axis *axis, double low, double high);

/* From 0 at min to 1 at max; what lies outside is brought to the end. */
double fa_axis_place(const struct fa_axis *axis, double value);

/* "0.05", "12k", "2e-6". */
void fa_axis_print(const struct fa_axis *axis, size_t tick, char text[FA_TICK_TEXT]);

#endif
