/*
 * products.h - the product of one point, of which MOST_ROWS pairs of vectors stay in registers.
 */

enum { SOME_LANES = LANES > MOST_ROWS ? LANES / 2 : LANES }; /* rows of a group, of a power of two */

/* Where one vector of a pair is left out, so is its work. */
INLINE void start(const struct winograd_product *product, const float *result, int n_rows, int n_vectors,
                  vector sum[MOST_ROWS][2])
{
    UNROLL
    for (int r = 0; r < n_rows; r++, result += 2 * LANES) {
        sum[r][0] = product->add ? load(result) : (vector){0};
        if (n_vectors == 2)
            sum[r][1] = product->add ? load(result + LANES) : (vector){0};
    }
}

INLINE void add_depth(const float *factor, const float *number, int n_rows, size_t row, int n_vectors,
                      vector sum[MOST_ROWS][2])
{
    const vector f[2] = {load(factor), n_vectors == 2 ? load(factor + LANES) : (vector){0}};

    UNROLL
    for (int r = 0; r < n_rows; r++) {
        sum[r][0] += f[0] * number[(size_t)r * row];
        if (n_vectors == 2)
            sum[r][1] += f[1] * number[(size_t)r * row];
    }
}

INLINE void end(vector sum[MOST_ROWS][2], int n_rows, int n_vectors, float *result)
{
    UNROLL
    for (int r = 0; r < n_rows; r++, result += 2 * LANES) {
        store(sum[r][0], result);
        if (n_vectors == 2)
            store(sum[r][1], result + LANES);
    }
}

INLINE void multiply_some_tiles(const struct winograd_product *product, int first, int n_rows, int n_vectors)
{
    const float *factor = product->factor, *number = product->numbers + (size_t)first * LANES;
    float *result = product->result + (size_t)first * 2 * LANES;
    vector sum[MOST_ROWS][2];

    start(product, result, n_rows, n_vectors, sum);
    for (int b = 0; b < product->n_blocks; b++, number += product->block)
        for (int lane = 0; lane < LANES; lane++, factor += 2 * LANES)
            add_depth(factor, number + lane, n_rows, LANES, n_vectors, sum);
    end(sum, n_rows, n_vectors, result);
}

static void multiply_group(const struct winograd_product *product, int first, int n_rows)
{
#define ROWS(n)                                                                                              \
    case n:                                                                                                  \
        if (product->n_vectors == 2)                                                                         \
            multiply_some_tiles(product, first, n, 2);                                                       \
        else                                                                                                 \
            multiply_some_tiles(product, first, n, 1);                                                       \
        break

    switch (n_rows) {
        ROWS(1);
        ROWS(2);
        ROWS(3);
        ROWS(4);
        ROWS(5);
        ROWS(6);
#if MOST_ROWS >= 8
        ROWS(7);
        ROWS(8);
#endif
#if MOST_ROWS >= 14
        ROWS(9);
        ROWS(10);
        ROWS(11);
        ROWS(12);
        ROWS(13);
        ROWS(14);
#endif
    }
#undef ROWS
}

/* In as few groups of rows as there can be, of nearly the same size. */
static void multiply_tiles(const struct winograd_product *product)
{
    const int n_rows = product->n_rows, n_groups = (n_rows + MOST_ROWS - 1) / MOST_ROWS;

    for (int g = 0; g < n_groups; g++) {
        const int first = n_rows * g / n_groups;

        multiply_group(product, first, n_rows * (g + 1) / n_groups - first);
    }
}

INLINE void multiply_some_lanes(const struct winograd_product *product, int first, int n_vectors)
{
    const float *factor = product->factor, *number = product->numbers + first;
    float *result = product->result + (size_t)first * 2 * LANES;
    vector sum[MOST_ROWS][2];

    start(product, result, SOME_LANES, n_vectors, sum);
    for (int d = 0; d < product->depth; d++, factor += 2 * LANES, number += LANES)
        add_depth(factor, number, SOME_LANES, 1, n_vectors, sum);
    end(sum, SOME_LANES, n_vectors, result);
}

static void multiply_lanes(const struct winograd_product *product)
{
    for (int first = 0; first < LANES; first += SOME_LANES)
        if (product->n_vectors == 2)
            multiply_some_lanes(product, first, 2);
        else
            multiply_some_lanes(product, first, 1);
}
