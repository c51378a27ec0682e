/*
 * planes.h - windows of planes, turned into vectors of channels, and back.
 */

#if LANES == 16
#define LOW_HALVES  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_HALVES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#else
#define LOW_HALVES  0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_HALVES 4, 12, 5, 13, 6, 14, 7, 15
#endif

#ifdef __clang__
#define ZIP(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define ZIP(a, b, ...) __builtin_shuffle(a, b, (choice){__VA_ARGS__})
#endif

/* Each round moves one bit of a number's row into its column, and one back. */
INLINE void transpose(vector square[LANES])
{
    for (int round = 1; round < LANES; round *= 2) {
        vector next[LANES];

        for (int i = 0; i < LANES / 2; i++) {
            next[2 * i] = ZIP(square[i], square[i + LANES / 2], LOW_HALVES);
            next[2 * i + 1] = ZIP(square[i], square[i + LANES / 2], HIGH_HALVES);
        }
        memcpy(square, next, sizeof next);
    }
}

/* Positions from x to end of the row that begins at position `row`. Whole vectors are read, if need be from
   before x on. */
INLINE void gather_row(const struct winograd_channels *planes, size_t row, int x, int end, float *to)
{
    const size_t plane = (size_t)planes->height * (size_t)planes->width;

    for (int p = x; p < end; p += LANES) {
        const int first = larger(smaller(p, planes->width - LANES), 0);
        const int last = smaller(first + LANES, end);
        vector square[LANES];

        for (int c = 0; c < LANES; c++)
            square[c] = c < planes->n ? read(planes->data, (size_t)c * plane + row + (size_t)first,
                                             smaller(LANES, planes->width - first))
                                      : (vector){0};
        transpose(square);
        for (int i = p; i < last; i++)
            store(square[i - first], to + (size_t)(i - x) * LANES);
    }
}

static void gather_planes(const struct winograd_channels *planes, const struct winograd_window *window,
                          float *to)
{
    const int x = larger(window->x, 0), end = smaller(window->x + window->width, planes->width);
    const size_t row = (size_t)window->width * LANES, before = (size_t)(x - window->x) * LANES;
    const size_t within = (size_t)(end - x) * LANES;

    for (int y = window->y; y < window->y + window->height; y++, to += row) {
        if (y < 0 || y >= planes->height) {
            memset(to, 0, row * sizeof *to);
            continue;
        }
        memset(to, 0, before * sizeof *to);
        gather_row(planes, (size_t)y * (size_t)planes->width, x, end, to + before);
        memset(to + before + within, 0, (row - before - within) * sizeof *to);
    }
}

static void scatter_planes(const float *from, const struct winograd_channels *planes,
                           const struct winograd_window *window, const struct winograd_finish *finish)
{
    const size_t plane = (size_t)planes->height * (size_t)planes->width;
    const int end_y = smaller(window->y + window->height, planes->height);
    const int end_x = smaller(window->x + window->width, planes->width);

    for (int y = window->y; y < end_y; y++, from += (size_t)window->width * LANES)
        for (int x = window->x; x < end_x; x += LANES) {
            const int n = smaller(LANES, end_x - x);
            vector square[LANES];

            for (int i = 0; i < LANES; i++)
                square[i] = i < n ? load(from + (size_t)(x - window->x + i) * LANES) : (vector){0};
            transpose(square);
            for (int c = 0; c < planes->n; c++) {
                const vector bias = (vector){0} + (finish->bias != NULL ? finish->bias[c] : 0);
                const size_t at = (size_t)c * plane + (size_t)y * (size_t)planes->width + (size_t)x;

                write(finished(square[c], finish, bias, at, n), planes->data, at, n);
            }
        }
}
