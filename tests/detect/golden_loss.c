#include "golden_loss.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

static void *read_array(FILE *file, size_t n, size_t size)
{
    void *block = malloc(n * size + 1);

    assert_non_null(block);
    assert_int_equal(fread(block, size, n, file), n);
    return block;
}

static bool read_golden(FILE *file, bool has_k, struct test_golden *golden)
{
    struct fa_pyramid pyramid;
    size_t n;

    if (has_k && fread(&golden->k, sizeof golden->k, 1, file) != 1)
        return false;
    if (fread(&golden->h, sizeof golden->h, 1, file) != 1)
        return false;
    assert_int_equal(fread(&golden->w, sizeof golden->w, 4, file), 4);
    assert_int_equal(fread(&golden->logit_scale, sizeof(float), 3, file), 3);
    assert_int_equal(fread(&golden->gamma, sizeof(double), 2, file), 2);
    n = (size_t)golden->objects;
    golden->boxes = read_array(file, 4 * n, sizeof(float));
    golden->labels = read_array(file, n, sizeof(int32_t));
    assert_int_equal(fread(golden->want, sizeof(double), 4, file), 4);
    fa_pyramid_make(3, golden->h, golden->w, &pyramid);
    golden->grad_cls = read_array(file, pyramid.n_anchors * (size_t)golden->classes, sizeof(float));
    golden->grad_reg = read_array(file, pyramid.n_anchors * 4, sizeof(float));
    return true;
}

static void free_golden(struct test_golden *golden)
{
    free(golden->boxes);
    free(golden->labels);
    free(golden->grad_cls);
    free(golden->grad_reg);
}

static FILE *open_golden(const char *name)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "tests/detect/golden/%s", name);
    file = fopen(fa_test_source(path), "rb");
    assert_non_null(file);
    return file;
}

int test_golden_each(const char *name, bool has_k,
                     void (*check)(const struct test_golden *, struct test_scene *,
                                   const struct fa_objects *))
{
    FILE *file = open_golden(name);
    struct test_golden golden;
    int n = 0;

    for (; read_golden(file, has_k, &golden); n++) {
        struct test_scene scene = test_scene_create(golden.h, golden.w, golden.classes);
        struct fa_objects objects = {(size_t)golden.objects, golden.boxes, golden.labels};

        test_scene_fill(&scene, (unsigned)golden.seed, golden.logit_scale, golden.logit_offset,
                        golden.delta_scale);
        check(&golden, &scene, &objects);
        test_scene_free(&scene);
        free_golden(&golden);
    }
    fclose(file);
    return n;
}

void test_golden_sum(const struct test_golden *golden, const char *what, double got, double want)
{
    if (fabs(got - want) <= 1e-6 * fabs(want) + 1e-30) /* 1e-30: what is clamped or rounds to 0 */
        return;
    print_error("case of seed %d, %s: got %.17g, want %.17g\n", golden->seed, what, got, want);
    fail();
}

static void check_gradient(const char *what, int seed, const fa_real *got, const float *want, size_t n)
{
    double largest = 0;

    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)want[i]));
    for (size_t i = 0; i < n; i++) {
        if (fabs((double)got[i] - (double)want[i]) <= 1e-6 * largest + 1e-25)
            continue;
        print_error("case of seed %d, gradient of %s: got[%zu] %.9g, want %.9g, largest %.9g\n", seed, what,
                    i, (double)got[i], (double)want[i], largest);
        fail();
    }
}

void test_golden_gradients(const struct test_golden *golden, const struct test_scene *scene)
{
    const size_t n = scene->head.n_anchors;

    check_gradient("cls", golden->seed, scene->grad_cls, golden->grad_cls, n * (size_t)golden->classes);
    check_gradient("reg", golden->seed, scene->grad_reg, golden->grad_reg, n * 4);
}
