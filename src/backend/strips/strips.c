/*
 * strips.c - which products this processor has.
 */
#include "strips.h"

#ifdef FA_HAVE_AVX512_BF16

#include "product.h"

static bool has_vectors(void)
{
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
}

const struct strips_product *strips_by_vectors(void)
{
    return has_vectors() ? &strips_avx512_bf16 : NULL;
}

const char *strips_name(const struct strips_product *product)
{
    return product->name;
}

#else

const struct strips_product *strips_by_vectors(void)
{
    return NULL;
}

/* So nobody asks for these. */

const char *strips_name(const struct strips_product *product)
{
    (void)product;
    return "";
}

size_t strips_gradient_bytes(const struct strips_conv *conv)
{
    (void)conv;
    return 0;
}

void strips_gradient(const struct strips_conv *conv, const uint16_t *src, const uint16_t *diff_dst, bool add,
                     float *filters, float *bias, void *work)
{
    (void)conv, (void)src, (void)diff_dst, (void)add, (void)filters, (void)bias, (void)work;
}

#endif

#ifdef FA_HAVE_AMX

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA  18

static bool has_tiles(void)
{
    const unsigned bf16 = 1u << 22, tile = 1u << 24; /* of leaf 7 */
    unsigned a, b, c, d;

    return has_vectors() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & bf16) != 0 && (d & tile) != 0;
}

/* Linux keeps the tiles of a process only once it has asked for that. */
const struct strips_product *strips_by_tiles(void)
{
    const bool are_ours =
        has_tiles() && syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;

    return are_ours ? &strips_amx : NULL;
}

#else

const struct strips_product *strips_by_tiles(void)
{
    return NULL;
}

#endif
