/*
 * vectors.h - LANES floats at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float vector __attribute__((vector_size(LANES * sizeof(float))));
typedef int choice __attribute__((vector_size(LANES * sizeof(int)))); /* of each lane: all bits or none */
typedef float anywhere __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef uint32_t words __attribute__((vector_size(LANES * sizeof(uint32_t))));
typedef uint16_t halves __attribute__((vector_size(LANES * sizeof(uint16_t))));

INLINE vector load(const float *from)
{
    return *(const anywhere *)from;
}

INLINE void store(vector value, float *to)
{
    *(anywhere *)to = value;
}

INLINE vector where(choice chosen, vector value)
{
    return (vector)((choice)value & chosen);
}

INLINE int smaller(int a, int b)
{
    return a < b ? a : b;
}

INLINE int larger(int a, int b)
{
    return a > b ? a : b;
}
