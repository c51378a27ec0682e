#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/printable.h"
#include "metrics_parts.h"

enum { n_lines = 12, line_room = 128, LONGEST_NAME = 1024 };

struct line {
    const char *title, *kind, *iou, *area;
    int limit;
    double value;
};

/* Where text goes, and how much room is left there. */
struct writer {
    char *at;
    size_t room;
};

static void advance(struct writer *writer, int written)
{
    size_t n = written < 0 ? 0 : (size_t)written;

    n = n < writer->room ? n : writer->room - 1;
    writer->at += n;
    writer->room -= n;
}

static void make_lines(const struct fa_metrics *m, const int limit[3], struct line lines[n_lines])
{
    const char *ap = "Average Precision", *ar = "Average Recall", *all = "0.50:0.95";
    const struct line made[n_lines] = {
        {ap, "(AP)", all, "all", limit[fa_metrics_first_limit(limit)], m->ap},
        {ap, "(AP)", "0.50", "all", limit[2], m->ap50},
        {ap, "(AP)", "0.75", "all", limit[2], m->ap75},
        {ap, "(AP)", all, "small", limit[2], m->ap_small},
        {ap, "(AP)", all, "medium", limit[2], m->ap_medium},
        {ap, "(AP)", all, "large", limit[2], m->ap_large},
        {ar, "(AR)", all, "all", limit[0], m->ar[0]},
        {ar, "(AR)", all, "all", limit[1], m->ar[1]},
        {ar, "(AR)", all, "all", limit[2], m->ar[2]},
        {ar, "(AR)", all, "small", limit[2], m->ar_small},
        {ar, "(AR)", all, "medium", limit[2], m->ar_medium},
        {ar, "(AR)", all, "large", limit[2], m->ar_large},
    };

    memcpy(lines, made, sizeof made);
}

/* "0.387"; pycocotools has -1.000 where nothing could be averaged, which reads like a result. */
static const char *print_value(double value, char text[16])
{
    if (value < 0)
        return "no ground truth";
    snprintf(text, 16, "%0.3f", value);
    return text;
}

static void write_lines(const struct fa_metrics *metrics, const int max_detections[3], struct writer *writer)
{
    struct line lines[n_lines];
    char value[16];

    make_lines(metrics, max_detections, lines);
    for (int i = 0; i < n_lines; i++)
        advance(writer,
                snprintf(writer->at, writer->room, " %-18s %s @[ IoU=%-9s | area=%6s | maxDets=%3d ] = %s\n",
                         lines[i].title, lines[i].kind, lines[i].iou, lines[i].area, lines[i].limit,
                         print_value(lines[i].value, value)));
}

/* F1, and the score that detections must have for it. */
static const char *print_f1(const struct fa_operating_point *best, char text[32])
{
    text[0] = '\0';
    if (best->score >= 0)
        snprintf(text, 32, "   %0.3f      %0.3f", best->f1, best->score);
    return text;
}

static void write_class(const char *name, int width, double ap, const struct fa_operating_point *best,
                        struct writer *writer)
{
    char value[16], f1[32], shown[LONGEST_NAME];

    name = fa_printable(name, strlen(name), shown, sizeof shown);
    advance(writer, snprintf(writer->at, writer->room, " %-*s %s%s\n", width, name, print_value(ap, value),
                             print_f1(best, f1)));
}

static size_t longest_name(size_t n, const char *const *names)
{
    size_t longest = strlen("class");
    char shown[LONGEST_NAME];

    for (size_t k = 0; k < n; k++) {
        const size_t length = strlen(fa_printable(names[k], strlen(names[k]), shown, sizeof shown));

        longest = length > longest ? length : longest;
    }
    return longest;
}

fa_status fa_metrics_print(const struct fa_metrics *metrics, const char *const *class_names,
                           const int max_detections[3], char **text)
{
    const size_t width = longest_name(metrics->n_classes, class_names);
    struct writer writer;
    fa_status status;

    writer.room = n_lines * line_room + (metrics->n_classes + 1) * (width + 56) + 1;
    status = fa_alloc(writer.room, 1, text);
    if (status != FA_OK)
        return status;
    writer.at = *text;
    write_lines(metrics, max_detections, &writer);
    advance(&writer,
            snprintf(writer.at, writer.room, "\n %-*s    AP best F1   at score\n", (int)width, "class"));
    for (size_t k = 0; k < metrics->n_classes; k++)
        write_class(class_names[k], (int)width, metrics->class_ap[k], &metrics->class_f1[k], &writer);
    return FA_OK;
}
