/*
 * vector.h - hot loops compiled once for each vector width, chosen when the program starts.
 *
 * Every clone gives the same bits: multiplications and additions are never fused, and sums have a fixed order
 * of their own.
 */
#ifndef FA_VECTOR_H
#define FA_VECTOR_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define FA_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FA_VECTOR_CLONES
#endif

#endif
