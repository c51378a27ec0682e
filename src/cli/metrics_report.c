#include "metrics_report.h"

#include <stdio.h>

#include "fa/memory.h"

static void report_numbers(struct fa_invocation *invocation, const struct fa_metrics *metrics)
{
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"bbox_mAP", metrics->ap},          {"bbox_mAP_50", metrics->ap50},
                   {"bbox_mAP_75", metrics->ap75},     {"bbox_mAP_s", metrics->ap_small},
                   {"bbox_mAP_m", metrics->ap_medium}, {"bbox_mAP_l", metrics->ap_large},
                   {"AR_1", metrics->ar[0]},           {"AR_2", metrics->ar[1]},
                   {"AR_3", metrics->ar[2]},           {"AR_s", metrics->ar_small},
                   {"AR_m", metrics->ar_medium},       {"AR_l", metrics->ar_large}};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        fa_report_number(invocation, numbers[i].key, numbers[i].value);
}

static void report_classes(struct fa_invocation *invocation, const struct fa_metrics *metrics,
                           const char *const *classes)
{
    struct fa_json *object = fa_json_new_object();

    for (size_t i = 0; i < metrics->n_classes && object != NULL; i++)
        fa_json_set(object, classes[i], fa_json_new_number(metrics->class_ap[i]));
    fa_json_set(invocation->report, "class_AP", object);
}

fa_status fa_report_metrics(struct fa_invocation *invocation, const struct fa_metrics *metrics,
                            const char *const *classes, const int max_detections[3])
{
    char *text;

    FA_TRY(fa_metrics_print(metrics, classes, max_detections, &text));
    if (fa_invocation_speaks(invocation))
        fputs(text, stdout);
    fa_free(text);
    report_numbers(invocation, metrics);
    report_classes(invocation, metrics, classes);
    return FA_OK;
}
