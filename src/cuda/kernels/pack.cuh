/*
 * pack.cuh - sixteen bytes of elements, the most that one instruction loads or stores, as floats.
 */
#ifndef FA_CUDA_PACK_CUH
#define FA_CUDA_PACK_CUH

#include <string.h>

#include "device.h"

__device__ inline float to_float(float value)
{
    return value;
}

__device__ inline float to_float(__nv_bfloat16 value)
{
    return __bfloat162float(value);
}

/* Rounded to nearest even. */
template <typename T> __device__ inline T from_float(float value);

template <> __device__ inline float from_float<float>(float value)
{
    return value;
}

template <> __device__ inline __nv_bfloat16 from_float<__nv_bfloat16>(float value)
{
    return __float2bfloat16(value);
}

template <typename T> struct pack {
    static constexpr int n = 16 / sizeof(T);
    float of[n];
};

/* Both addresses are multiples of 16. */
template <typename T> __device__ inline pack<T> load_pack(const T *from)
{
    const uint4 raw = *reinterpret_cast<const uint4 *>(from);
    T element[pack<T>::n];
    pack<T> values;

    memcpy(element, &raw, sizeof raw);
    for (int i = 0; i < pack<T>::n; i++)
        values.of[i] = to_float(element[i]);
    return values;
}

template <typename T> __device__ inline void store_pack(T *to, const pack<T> &values)
{
    T element[pack<T>::n];
    uint4 raw;

    for (int i = 0; i < pack<T>::n; i++)
        element[i] = from_float<T>(values.of[i]);
    memcpy(&raw, element, sizeof raw);
    *reinterpret_cast<uint4 *>(to) = raw;
}

template <typename T> __device__ inline pack<T> sum_of(const pack<T> &left, const pack<T> &right)
{
    pack<T> sum;

    for (int i = 0; i < pack<T>::n; i++)
        sum.of[i] = left.of[i] + right.of[i];
    return sum;
}

/* `values` where the output of a ReLU is above zero, else 0. */
template <typename T> __device__ inline pack<T> masked(const pack<T> &values, const pack<T> &relu_output)
{
    pack<T> kept;

    for (int i = 0; i < pack<T>::n; i++)
        kept.of[i] = relu_output.of[i] > 0 ? values.of[i] : 0;
    return kept;
}

#endif
