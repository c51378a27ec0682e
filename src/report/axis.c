#include "axis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The smallest of 1, 2 and 5 times a power of ten that is not below step. */
static double round_up(double step)
{
    const double power = pow(10, floor(log10(step)));
    const double digit = step / power;

    return (digit <= 1 + 1e-9 ? 1 : digit <= 2 + 1e-9 ? 2 : digit <= 5 + 1e-9 ? 5 : 10) * power;
}

static void widen(double *low, double *high)
{
    if (!isfinite(*low) || !isfinite(*high) || *high - *low > 1e300) {
        *low = 0;
        *high = 1;
    }
    if (!(*high - *low > 1e-9 * fmax(fabs(*low), fabs(*high)))) {
        const double reach = *low == 0 ? 1 : fabs(*low) * 0.5;

        *low -= *low > 0 ? reach : 0;
        *high += reach;
    }
}

struct fa_axis fa_axis_make(double low, double high, int n)
{
    struct fa_axis axis = {0};
    double step;

    widen(&low, &high);
    step = round_up((high - low) / n);
    axis.min = floor(low / step + 1e-9) * step;
    axis.max = ceil(high / step - 1e-9) * step;
    for (double k = 0; axis.n_ticks < FA_TICKS_MAX && axis.min + k * step <= axis.max + step / 2; k++)
        axis.tick[axis.n_ticks++] = round((axis.min + k * step) / step) * step;
    return axis;
}

struct fa_axis fa_axis_make_log(double low, double high)
{
    struct fa_axis axis = {.is_log = true};
    int first = (int)floor(log10(low) + 1e-9), last = (int)ceil(log10(high) - 1e-9), step;

    if (last <= first)
        last = first + 1;
    step = 1 + (last - first) / 6;
    axis.min = pow(10, first);
    axis.max = pow(10, last);
    for (int power = first; power <= last && axis.n_ticks < FA_TICKS_MAX; power += step)
        axis.tick[axis.n_ticks++] = pow(10, power);
    return axis;
}

void fa_axis_trim(struct fa_axis *axis, double low, double high)
{
    const double slack = 1e-9 * (axis->max - axis->min);
    size_t n = 0;

    if (!(high > low))
        return;
    for (size_t i = 0; i < axis->n_ticks; i++)
        if (axis->tick[i] >= low - slack && axis->tick[i] <= high + slack)
            axis->tick[n++] = axis->tick[i];
    axis->n_ticks = n;
    axis->min = low;
    axis->max = high;
}

double fa_axis_place(const struct fa_axis *axis, double value)
{
    const double share = axis->is_log ? log(value / axis->min) / log(axis->max / axis->min)
                                      : (value - axis->min) / (axis->max - axis->min);

    return share > 1 ? 1 : share > 0 ? share : 0; /* also what has no logarithm */
}

/* "1e-05" becomes "1e-5". */
static void shorten_exponent(char *text)
{
    char *zero = strstr(text, "e-0");

    if (zero != NULL)
        memmove(zero + 2, zero + 3, strlen(zero + 3) + 1);
}

void fa_axis_print(const struct fa_axis *axis, size_t tick, char text[FA_TICK_TEXT])
{
    const double value = axis->tick[tick], most = fmax(fabs(axis->min), fabs(axis->max));
    const double shown = fabs(value) < 1e-12 * most ? 0 : value;
    const double unit = axis->is_log || most < 1e4 || most >= 1e9 ? 1 : most < 1e6 ? 1e3 : 1e6;

    snprintf(text, FA_TICK_TEXT, "%.6g%s", shown / unit,
             shown == 0 || unit == 1 ? ""
             : unit == 1e3           ? "k"
                                     : "M");
    shorten_exponent(text);
}
