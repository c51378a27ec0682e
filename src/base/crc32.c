#include "fa/crc32.h"

#include <pthread.h>

#include "crc_table.h"

static struct fa_crc_table table;
static pthread_once_t table_made = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    fa_crc_table_make(0xEDB88320u, &table);
}

uint32_t fa_crc32(uint32_t crc, const void *data, size_t n_bytes)
{
    pthread_once(&table_made, make_table);
    return fa_crc_by_table(&table, crc, data, n_bytes);
}
