/*
 * filters.h - filters to their points, and sums at points to gradients of filters.
 */

/* Past the caches, which do not hold the filters of a network. */
INLINE void stream(vector value, float *to)
{
#if defined(__AVX512F__) && LANES == 16
    _mm512_stream_ps(to, (__m512)value);
#elif defined(__AVX__) && LANES == 8
    _mm256_stream_ps(to, (__m256)value);
#else
    store(value, to);
#endif
}

/* Other threads see what was streamed before what this one does next. */
INLINE void end_stream(void)
{
#ifdef __x86_64__
    _mm_sfence();
#endif
}

INLINE void pack_taps(const float *taps, float *to, size_t point)
{
    vector half[3][PATCH];

    for (int i = 0; i < 3; i++) {
        const float *from = taps + (size_t)(3 * i) * LANES;
        const vector row[3] = {load(from), load(from + LANES), load(from + 2 * LANES)};

        filters_to_points(row, half[i]);
    }
    for (int j = 0; j < PATCH; j++) {
        const vector column[3] = {half[0][j], half[1][j], half[2][j]};
        vector points[PATCH];

        filters_to_points(column, points);
        for (int i = 0; i < PATCH; i++)
            stream(points[i], to + (size_t)(i * PATCH + j) * point);
    }
}

static void pack(const float *taps, float *to, size_t point)
{
    for (int row = 0; row < LANES; row++)
        pack_taps(taps + (size_t)row * WINOGRAD_TAPS * LANES, to + (size_t)row * 2 * LANES, point);
    end_stream();
}

static void unpack(const float *from, size_t point, bool add, float *taps, size_t tap)
{
    vector half[3][PATCH];

    for (int j = 0; j < PATCH; j++) {
        vector column[PATCH], row[3];

        for (int i = 0; i < PATCH; i++)
            column[i] = load(from + (size_t)(i * PATCH + j) * point);
        points_to_filters(column, row);
        for (int i = 0; i < 3; i++)
            half[i][j] = row[i];
    }
    for (int i = 0; i < 3; i++) {
        vector row[3];

        points_to_filters(half[i], row);
        for (int j = 0; j < 3; j++) {
            float *to = taps + (size_t)(3 * i + j) * tap;

            store(add ? load(to) + row[j] : row[j], to);
        }
    }
}
