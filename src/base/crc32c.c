#include "fa/crc32c.h"

#include <pthread.h>
#include <string.h>

#include "crc32c_ways.h"
#include "crc_table.h"

static struct fa_crc_table table;
static pthread_once_t table_made = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    fa_crc_table_make(0x82F63B78u, &table);
}

uint32_t fa_crc32c_by_table(uint32_t crc, const void *data, size_t n_bytes)
{
    pthread_once(&table_made, make_table);
    return fa_crc_by_table(&table, crc, data, n_bytes);
}

#ifdef __x86_64__

bool fa_crc32c_has_instruction(void)
{
    return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) uint32_t fa_crc32c_by_instruction(uint32_t crc, const void *data,
                                                                    size_t n_bytes)
{
    const unsigned char *p = data;
    uint64_t wide = (uint32_t)~crc;

    for (; n_bytes >= 8; p += 8, n_bytes -= 8) {
        uint64_t word;

        memcpy(&word, p, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    for (; n_bytes > 0; p++, n_bytes--)
        wide = __builtin_ia32_crc32qi((uint32_t)wide, *p);
    return ~(uint32_t)wide;
}

#else

bool fa_crc32c_has_instruction(void)
{
    return false;
}

uint32_t fa_crc32c_by_instruction(uint32_t crc, const void *data, size_t n_bytes)
{
    return fa_crc32c_by_table(crc, data, n_bytes);
}

#endif

uint32_t fa_crc32c(uint32_t crc, const void *data, size_t n_bytes)
{
    if (fa_crc32c_has_instruction())
        return fa_crc32c_by_instruction(crc, data, n_bytes);
    return fa_crc32c_by_table(crc, data, n_bytes);
}
