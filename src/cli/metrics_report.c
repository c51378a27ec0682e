#include "metrics_report.h"

#include <math.h>
#include <stdio.h>

#include "fa/memory.h"

/* Not a number, which JSON has as null, where there is no ground truth. */
static double known(double value)
{
    return value < 0 ? (double)NAN : value;
}

void fa_report_ap(struct fa_invocation *invocation, const char *key, double value)
{
    fa_report_number(invocation, key, known(value));
}

/* Recall is named by its limit of detections, "AR_100". */
static void report_recall(struct fa_invocation *invocation, const struct fa_metrics *metrics,
                          const int max_detections[3])
{
    char key[32];

    for (int i = 0; i < 3; i++) {
        snprintf(key, sizeof key, "AR_%d", max_detections[i]);
        fa_report_ap(invocation, key, metrics->ar[i]);
    }
}

static void report_numbers(struct fa_invocation *invocation, const struct fa_metrics *metrics,
                           const int max_detections[3])
{
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"bbox_mAP", metrics->ap},          {"bbox_mAP_50", metrics->ap50},
                   {"bbox_mAP_75", metrics->ap75},     {"bbox_mAP_s", metrics->ap_small},
                   {"bbox_mAP_m", metrics->ap_medium}, {"bbox_mAP_l", metrics->ap_large},
                   {"AR_s", metrics->ar_small},        {"AR_m", metrics->ar_medium},
                   {"AR_l", metrics->ar_large}};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        fa_report_ap(invocation, numbers[i].key, numbers[i].value);
    report_recall(invocation, metrics, max_detections);
    fa_report_ap(invocation, "F1", metrics->best_f1.score < 0 ? -1 : metrics->best_f1.f1);
    fa_report_ap(invocation, "score_threshold", metrics->best_f1.score);
}

static void report_classes(struct fa_invocation *invocation, const struct fa_metrics *metrics,
                           char *const *names)
{
    struct fa_json *object = fa_json_new_object();

    for (size_t i = 0; i < metrics->n_classes && object != NULL; i++)
        fa_json_set(object, names[i], fa_json_new_number(known(metrics->class_ap[i])));
    fa_json_set(invocation->report, "class_AP", object);
}

/* null for a class of which nothing right was found. */
static void report_class_f1(struct fa_invocation *invocation, const struct fa_metrics *metrics,
                            char *const *names)
{
    struct fa_json *f1 = fa_json_new_object(), *scores = fa_json_new_object();

    for (size_t i = 0; i < metrics->n_classes && f1 != NULL && scores != NULL; i++) {
        const struct fa_operating_point *best = &metrics->class_f1[i];

        fa_json_set(f1, names[i], fa_json_new_number(best->score < 0 ? (double)NAN : best->f1));
        fa_json_set(scores, names[i], fa_json_new_number(known(best->score)));
    }
    fa_json_set(invocation->report, "class_F1", f1);
    fa_json_set(invocation->report, "class_score_thresholds", scores);
}

/* ---- the whole ---- */

static void print_best_f1(const struct fa_operating_point *best)
{
    if (best->score >= 0)
        printf(
            "\n best F1 %.3f at IoU 0.50, one threshold for all classes: at scores from %.4g on, precision "
            "%.3f, recall %.3f\n",
            best->f1, best->score, best->precision, best->recall);
}

static fa_status print(const struct fa_invocation *invocation, const struct fa_metrics *metrics,
                       char *const *names, const int max_detections[3])
{
    char *text;

    FA_TRY(fa_metrics_print(metrics, (const char *const *)names, max_detections, &text));
    if (fa_invocation_speaks(invocation)) {
        fputs(text, stdout);
        print_best_f1(&metrics->best_f1);
    }
    fa_free(text);
    return FA_OK;
}

fa_status fa_report_metrics(struct fa_invocation *invocation, const struct fa_metrics *metrics,
                            const struct fa_category *classes, const int max_detections[3])
{
    char **names = NULL;
    fa_status status;

    FA_TRY(fa_category_titles(classes, metrics->n_classes, &names));
    status = print(invocation, metrics, names, max_detections);
    report_numbers(invocation, metrics, max_detections);
    report_classes(invocation, metrics, names);
    report_class_f1(invocation, metrics, names);
    fa_category_titles_free(names, metrics->n_classes);
    return status;
}

/* ---- NMS recall ---- */

static void print_nms_recall(const struct fa_nms_recall *recall)
{
    printf("\n NMS recall (NR) @[ IoU=0.50:0.90 ] = %.3f\n", fa_nms_recall_mean(recall));
    for (int i = 0; i < FA_NMS_RECALL_IOUS; i += 2)
        printf(" NMS recall (NR) @[ IoU=%.2f      ] = %.3f\n", fa_nms_recall_iou(i),
               fa_nms_recall_at(recall, i));
}

void fa_report_nms_recall(struct fa_invocation *invocation, const struct fa_nms_recall *recall)
{
    char key[16];

    if (fa_invocation_speaks(invocation))
        print_nms_recall(recall);
    fa_report_number(invocation, "NR", fa_nms_recall_mean(recall));
    for (int i = 0; i < FA_NMS_RECALL_IOUS; i++) {
        snprintf(key, sizeof key, "NR_%d", 50 + 5 * i);
        fa_report_number(invocation, key, fa_nms_recall_at(recall, i));
    }
}
