/*
 * amx.c - is there AMX? Linux keeps the tiles of a process only once it has asked for that.
 */
#include "amx.h"

#ifdef FA_HAVE_AMX

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA  18

static bool processor_has_tiles(void)
{
    const unsigned bf16 = 1u << 22, tile = 1u << 24; /* of leaf 7 */
    unsigned a, b, c, d;

    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & bf16) != 0 && (d & tile) != 0;
}

bool amx_is_there(void)
{
    return processor_has_tiles() && syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

#else

bool amx_is_there(void)
{
    return false;
}

/* So nobody asks for these. */

size_t amx_gradient_bytes(const struct amx_conv *conv)
{
    (void)conv;
    return 0;
}

void amx_gradient(const struct amx_conv *conv, const uint16_t *src, const uint16_t *diff_dst, bool add,
                  float *filters, float *bias, void *work)
{
    (void)conv, (void)src, (void)diff_dst, (void)add, (void)filters, (void)bias, (void)work;
}

#endif
