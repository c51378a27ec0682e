#include "twelve.h"

#include <string.h>

void list_numbers(const struct fa_metrics *metrics, double numbers[n_numbers])
{
    const double list[n_numbers] = {
        metrics->ap,        metrics->ap50,     metrics->ap75,      metrics->ap_small,
        metrics->ap_medium, metrics->ap_large, metrics->ar[0],     metrics->ar[1],
        metrics->ar[2],     metrics->ar_small, metrics->ar_medium, metrics->ar_large,
    };

    memcpy(numbers, list, sizeof list);
}
