#include "score.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

#include "fa/log.h"
#include "fa/memory.h"
#include "fa/number.h"
#include "fa/printable.h"
#include "fa/text.h"
#include "format.h"

#define ORDINARY_SCORE 0.3

enum { MOST_TOLD = 12, NAME_SHOWN = 64 };

static const struct fa_range scores = FA_REAL(0, 1);

/* ---- what the weights say ---- */

static fa_status take_own(const struct fa_weights_meta *meta, size_t n_classes, struct fa_thresholds *out)
{
    FA_TRY(fa_thresholds_make(n_classes, out));
    out->all = meta->thresholds.all > 0 ? meta->thresholds.all : ORDINARY_SCORE;
    for (size_t k = 0; k < n_classes; k++)
        if (fa_thresholds_has_own(&meta->thresholds, k))
            out->of_class[k] = meta->thresholds.of_class[k];
    return FA_OK;
}

/* ---- what is asked for ---- */

static bool begins_with(const char *text, const char *name)
{
    const size_t n = strlen(name);

    return strncmp(text, name, n) == 0 && text[n] == '=';
}

/* The class that "cat=0.5,dog=0.3" begins with, whatever characters its name has; of several the one of the
   longest name; n_classes: none. */
static size_t find_class(const struct fa_weights_meta *meta, size_t n_classes, const char *text,
                         size_t *n_name)
{
    size_t found = n_classes;
    char buffer[24];

    *n_name = 0;
    for (size_t k = 0; k < n_classes; k++) {
        const char *name = fa_detect_class_name(meta, (int32_t)k, buffer);

        if (begins_with(text, name) && (found == n_classes || strlen(name) > *n_name)) {
            *n_name = strlen(name);
            found = k;
        }
    }
    return found;
}

static fa_status fail_class(const struct fa_weights_meta *meta, size_t n_classes, const char *text)
{
    const size_t n = strcspn(text, "=");
    char asked[NAME_SHOWN], name[NAME_SHOWN], buffer[24], known[256] = "";

    for (size_t k = 0; k < n_classes && k < MOST_TOLD; k++) {
        const char *own = fa_detect_class_name(meta, (int32_t)k, buffer);

        fa_text_add(known, sizeof known, "%s%s", k > 0 ? ", " : "",
                    fa_printable(own, strlen(own), name, sizeof name));
    }
    return fa_fail(FA_EINVAL, "--score: these weights have no class '%s'; they have %s%s",
                   fa_printable(text, n, asked, sizeof asked), known,
                   n_classes > MOST_TOLD ? " and others" : "");
}

static fa_status read_number(const char *text, size_t n, double *out)
{
    char number[32];

    snprintf(number, sizeof number, "%.*s", (int)(n < sizeof number ? n : sizeof number - 1), text);
    return fa_number_real("--score", number, &scores, out);
}

static fa_status read_classes(const struct fa_weights_meta *meta, const char *text, struct fa_thresholds *out)
{
    while (*text != '\0') {
        size_t n_name, n_number;
        const size_t k = find_class(meta, out->n, text, &n_name);
        double score;

        if (k == out->n)
            return fail_class(meta, out->n, text);
        text += n_name + 1;
        n_number = strcspn(text, ",");
        FA_TRY(read_number(text, n_number, &score));
        out->of_class[k] = score > 0 ? score : DBL_MIN; /* 0 would be none of its own */
        text += n_number;
        text += *text == ',';
    }
    return FA_OK;
}

static fa_status read_given(const struct fa_weights_meta *meta, const char *text, struct fa_thresholds *out)
{
    if (strchr(text, '=') != NULL)
        return read_classes(meta, text, out);
    FA_TRY(fa_number_real("--score", text, &scores, &out->all));
    memset(out->of_class, 0, out->n * sizeof *out->of_class);
    return FA_OK;
}

/* ---- what is said ---- */

static void tell_list(const struct fa_weights_meta *meta, const struct fa_thresholds *chosen)
{
    char text[FA_MESSAGE_MAX] = "", name[NAME_SHOWN], buffer[24];

    for (size_t k = 0; k < chosen->n; k++) {
        const char *own = fa_detect_class_name(meta, (int32_t)k, buffer);

        fa_text_add(text, sizeof text, "%s%s %.3g%s", k > 0 ? ", " : "",
                    fa_printable(own, strlen(own), name, sizeof name), fa_thresholds_of(chosen, k),
                    fa_thresholds_has_own(chosen, k) ? "" : " (that of all; validation found nothing right)");
    }
    fa_info(
        "detections are kept from these scores on, at which each class has its best F1 in validation: %s; "
        "--score S asks for another, --score CLASS=S for one class",
        text);
}

static void tell_range(const struct fa_thresholds *chosen)
{
    double least = 1, most = 0;
    size_t n_without = 0;

    for (size_t k = 0; k < chosen->n; k++) {
        const double own = fa_thresholds_of(chosen, k);

        least = own < least ? own : least;
        most = own > most ? own : most;
        n_without += !fa_thresholds_has_own(chosen, k);
    }
    fa_info("detections are kept from scores of %.3g to %.3g on, by class, at which each has its best F1 in "
            "validation (%zu classes, of which it found nothing right, by that of all, %.3g); "
            "--score S asks for another, --score CLASS=S for one class",
            least, most, n_without, chosen->all);
}

static void tell_common(const struct fa_weights_meta *meta, const struct fa_thresholds *chosen)
{
    fa_info("detections that score at least %.4g: %s; --score S asks for others", chosen->all,
            meta->thresholds.all > 0 ? "that gave the best F1 when the weights were evaluated"
                                     : "the weights carry no threshold of their own");
}

void fa_detect_score_tell(const struct fa_weights_meta *meta, const struct fa_thresholds *chosen)
{
    if (meta->thresholds.all <= 0 || meta->thresholds.n == 0)
        tell_common(meta, chosen);
    else if (chosen->n <= MOST_TOLD)
        tell_list(meta, chosen);
    else
        tell_range(chosen);
}

/* ---- the whole ---- */

fa_status fa_detect_score_choose(const char *given, const struct fa_weights_meta *meta, size_t n_classes,
                                 struct fa_thresholds *out)
{
    fa_status status;

    FA_TRY(take_own(meta, n_classes, out));
    if (given == NULL)
        return FA_OK;
    status = read_given(meta, given, out);
    if (status != FA_OK)
        fa_thresholds_clear(out);
    return status;
}
