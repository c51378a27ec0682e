/*
 * run_log_classes.c - the AP of each class by evaluation, from the journal's "class_AP".
 */
#include <math.h>
#include <string.h>

#include "fa/memory.h"
#include "run_log_parts.h"

static fa_status add_class(const char *name, struct fa_run_log *log)
{
    struct fa_log_class class = {0};
    fa_status status = fa_strdup(name, &class.name);

    if (status == FA_OK)
        status = fa_log_grow(&log->classes, log->n_classes, sizeof *log->classes);
    if (status == FA_OK)
        log->classes[log->n_classes++] = class;
    else
        fa_free(class.name);
    return status;
}

static void forget(struct fa_log_class *class, double after)
{
    while (class->n > 0 && class->points[class->n - 1].step > after)
        class->n--;
}

static fa_status add_point(struct fa_log_class *class, const struct fa_log_class_ap *point)
{
    forget(class, point->step - 0.5);
    FA_TRY(fa_log_grow(&class->points, class->n, sizeof *class->points));
    class->points[class->n++] = *point;
    return FA_OK;
}

/* A run has the same classes from its beginning to its end; another name in their row is passed over. */
fa_status fa_log_add_class_aps(const struct fa_json *aps, const struct fa_log_evaluation *evaluation,
                               struct fa_run_log *log)
{
    size_t k = 0;

    for (const struct fa_json *ap = fa_json_first(aps); ap != NULL && fa_json_key(ap) != NULL;
         ap = fa_json_next(ap), k++) {
        struct fa_log_class_ap point = {evaluation->step, evaluation->epoch, NAN};

        if (k == log->n_classes)
            FA_TRY(add_class(fa_json_key(ap), log));
        fa_json_to_double(ap, &point.ap);
        if (strcmp(log->classes[k].name, fa_json_key(ap)) == 0)
            FA_TRY(add_point(&log->classes[k], &point));
    }
    return FA_OK;
}

void fa_log_forget_class_aps(struct fa_run_log *log, double after)
{
    for (size_t k = 0; k < log->n_classes; k++)
        forget(&log->classes[k], after);
}

void fa_log_clear_classes(struct fa_run_log *log)
{
    for (size_t k = 0; k < log->n_classes; k++) {
        fa_free(log->classes[k].name);
        fa_free(log->classes[k].points);
    }
    fa_free(log->classes);
}
