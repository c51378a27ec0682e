#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/weights.h"

/* The result in the making. */
struct diff {
    struct fa_weights_difference *out;
    double largest; /* of |a - b| so far; negative: none */
};

static void note_first(struct diff *diff, const char *text)
{
    if (diff->out->equal)
        snprintf(diff->out->first, sizeof diff->out->first, "%s", text);
    diff->out->equal = false;
}

static void note_alone(struct diff *diff, const struct fa_tensor *tensor, bool in_a)
{
    char text[sizeof diff->out->first];

    snprintf(text, sizeof text, "%s is only in the %s", tensor->name, in_a ? "first" : "second");
    note_first(diff, text);
    if (in_a)
        diff->out->n_only_a++;
    else
        diff->out->n_only_b++;
}

static void note_shapes(struct diff *diff, const struct fa_tensor *a, const struct fa_tensor *b)
{
    char text[sizeof diff->out->first], shape_a[64], shape_b[64];

    fa_dims_print(a->n_dims, a->dims, shape_a, sizeof shape_a);
    fa_dims_print(b->n_dims, b->dims, shape_b, sizeof shape_b);
    snprintf(text, sizeof text, "%s is %s against %s", a->name, shape_a, shape_b);
    note_first(diff, text);
    diff->out->n_different++;
}

static void print_element(const struct fa_tensor *a, const struct fa_tensor *b, size_t i, char *text,
                          size_t size)
{
    snprintf(text, size, "%s[%zu] is %.9g against %.9g", a->name, i, (double)a->data[i], (double)b->data[i]);
}

/* A NaN on one side differs by more than any number. */
static double distance(float a, float b)
{
    double d = fabs((double)a - (double)b);

    return isnan(d) ? INFINITY : d;
}

/* Tensors of one shape and unequal bits. */
static void note_values(struct diff *diff, const struct fa_tensor *a, const struct fa_tensor *b)
{
    char text[sizeof diff->out->first];

    for (size_t i = 0; i < a->n_elem; i++) {
        if (memcmp(&a->data[i], &b->data[i], sizeof a->data[i]) == 0)
            continue;
        if (diff->out->equal) {
            print_element(a, b, i, text, sizeof text);
            note_first(diff, text);
        }
        if (distance(a->data[i], b->data[i]) > diff->largest) {
            diff->largest = distance(a->data[i], b->data[i]);
            print_element(a, b, i, diff->out->largest, sizeof diff->out->largest);
        }
    }
    diff->out->n_different++;
}

static void compare(struct diff *diff, const struct fa_tensor *a, const struct fa_tensor *b)
{
    diff->out->n_compared++;
    if (!fa_dims_equal(a->n_dims, a->dims, b->n_dims, b->dims))
        note_shapes(diff, a, b);
    else if (a->n_elem > 0 && memcmp(a->data, b->data, a->n_elem * sizeof *a->data) != 0)
        note_values(diff, a, b);
}

void fa_weights_diff(const struct fa_weights_file *a, const struct fa_weights_file *b,
                     struct fa_weights_difference *out)
{
    struct diff diff = {.out = out, .largest = -1};
    size_t i = 0, j = 0;

    *out = (struct fa_weights_difference){.equal = true};
    while (i < a->n || j < b->n) { /* a merge: both are sorted by name */
        int order = i == a->n ? 1 : j == b->n ? -1 : strcmp(a->tensors[i].name, b->tensors[j].name);

        if (order < 0)
            note_alone(&diff, &a->tensors[i++], true);
        else if (order > 0)
            note_alone(&diff, &b->tensors[j++], false);
        else
            compare(&diff, &a->tensors[i++], &b->tensors[j++]);
    }
}
