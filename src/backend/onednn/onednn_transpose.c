/*
 * onednn_transpose.c - a square of floats as wide as the widest vector register, turned within registers.
 */
#include "onednn.h"

enum { N = ONEDNN_TRANSPOSE };

typedef float vector __attribute__((vector_size(N * sizeof(float))));
typedef float anywhere __attribute__((vector_size(N * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef int lanes __attribute__((vector_size(N * sizeof(int))));

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (lanes){__VA_ARGS__})
#endif

/* Rows i and i + d trade the halves of every 2d lanes that lie on the wrong side of the diagonal. */
#define TRADE(d, low, high)                                                                                  \
    for (int i = 0; i < N; i++)                                                                              \
        if ((i & d) == 0) {                                                                                  \
            const vector a = row[i], b = row[i + d];                                                         \
                                                                                                             \
            row[i] = low;                                                                                    \
            row[i + d] = high;                                                                               \
        }

FA_VECTOR_CLONES void onednn_transpose(const float *const from[N], const float *factor, float *const to[N])
{
    vector row[N];

    for (int i = 0; i < N; i++) {
        row[i] = *(const anywhere *)from[i];
        if (factor != NULL)
            row[i] *= factor[i];
    }
    TRADE(8, SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
          SHUFFLE(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
    TRADE(4, SHUFFLE(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
          SHUFFLE(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
    TRADE(2, SHUFFLE(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
          SHUFFLE(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
    TRADE(1, SHUFFLE(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
          SHUFFLE(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
    for (int i = 0; i < N; i++)
        *(anywhere *)to[i] = row[i];
}
