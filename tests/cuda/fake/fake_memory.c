/*
 * fake_memory.c - the memory of the fake CUDA runtime, which knows every block, and copies.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_runtime.h"

_Thread_local int fake_n_captures;

struct block {
    struct block *next;
    char *start;
    size_t n_bytes;
    bool device;
    struct fake_lender lender; /* process 0: the block is this process's own */
};

static struct block *blocks;
static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;

enum kind { NO_BLOCK, HOST_BLOCK, DEVICE_BLOCK, CROSSES_A_BLOCK };

static enum kind kind_of(const void *memory, size_t n_bytes)
{
    const char *start = memory;
    enum kind kind = NO_BLOCK;

    pthread_mutex_lock(&blocks_lock);
    for (struct block *b = blocks; b != NULL && kind == NO_BLOCK; b = b->next)
        if (start >= b->start && start < b->start + b->n_bytes)
            kind = n_bytes > b->n_bytes - (size_t)(start - b->start) ? CROSSES_A_BLOCK
                   : b->device                                       ? DEVICE_BLOCK
                                                                     : HOST_BLOCK;
    pthread_mutex_unlock(&blocks_lock);
    return kind;
}

static void add_block(struct block block)
{
    struct block *added = fake_make(sizeof *added);

    *added = block;
    pthread_mutex_lock(&blocks_lock);
    added->next = blocks;
    blocks = added;
    pthread_mutex_unlock(&blocks_lock);
}

/* NULL: there is none that begins there. */
static struct block *take_off(const void *start, bool device, bool borrowed)
{
    struct block *found = NULL;

    pthread_mutex_lock(&blocks_lock);
    for (struct block **at = &blocks; *at != NULL; at = &(*at)->next)
        if ((*at)->start == start && (*at)->device == device && ((*at)->lender.process != 0) == borrowed) {
            found = *at;
            *at = found->next;
            break;
        }
    pthread_mutex_unlock(&blocks_lock);
    return found;
}

bool fake_is_device(const void *memory, size_t n_bytes)
{
    return kind_of(memory, n_bytes) == DEVICE_BLOCK;
}

static size_t free_on_device(void)
{
    size_t n_bytes = fake_memory_bytes();

    pthread_mutex_lock(&blocks_lock);
    for (struct block *b = blocks; b != NULL; b = b->next)
        n_bytes -= !b->device || b->lender.process != 0 ? 0 : b->n_bytes < n_bytes ? b->n_bytes : n_bytes;
    pthread_mutex_unlock(&blocks_lock);
    return n_bytes;
}

static int take(void **memory, size_t n_bytes, bool device)
{
    void *start;

    if (fake_n_captures > 0)
        return CAPTURE_UNSUPPORTED;
    FAKE_TRY(fake_call(FA_CUDA_ErrorMemoryAllocation));
    if ((device && n_bytes > free_on_device()) || posix_memalign(&start, 256, n_bytes > 0 ? n_bytes : 1) != 0)
        return FA_CUDA_ErrorMemoryAllocation;
    memset(start, 0xff, n_bytes);
    add_block((struct block){.start = start, .n_bytes = n_bytes > 0 ? n_bytes : 1, .device = device});
    *memory = start;
    return FA_CUDA_Success;
}

static int give_back(void *memory, bool device)
{
    struct block *found;

    if (memory == NULL)
        return FA_CUDA_Success;
    found = take_off(memory, device, false);
    if (found == NULL)
        return INVALID_VALUE;
    free(found->start);
    fake_destroy(found);
    return fake_is_lost() ? FA_CUDA_ErrorLaunchFailure : FA_CUDA_Success;
}

int cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    *total = fake_memory_bytes();
    *free_bytes = free_on_device();
    return fake_call(FA_CUDA_ErrorUnknown);
}

int cudaMalloc(void **memory, size_t n_bytes)
{
    return take(memory, n_bytes, true);
}

int cudaFree(void *memory)
{
    fake_wait_all();
    return give_back(memory, true);
}

int cudaHostAlloc(void **memory, size_t n_bytes, unsigned flags)
{
    (void)flags;
    return take(memory, n_bytes, false);
}

int cudaFreeHost(void *memory)
{
    fake_wait_all();
    return give_back(memory, false);
}

/* ---- memory of other processes ---- */

bool fake_own_block(const void *start, size_t *n_bytes)
{
    bool found = false;

    pthread_mutex_lock(&blocks_lock);
    for (struct block *b = blocks; b != NULL && !found; b = b->next)
        if (b->start == start && b->device && b->lender.process == 0) {
            found = true;
            *n_bytes = b->n_bytes;
        }
    pthread_mutex_unlock(&blocks_lock);
    return found;
}

void fake_add_loan(void *start, size_t n_bytes, struct fake_lender lender)
{
    add_block((struct block){.start = start, .n_bytes = n_bytes, .device = true, .lender = lender});
}

bool fake_end_loan(void *start, size_t *n_bytes)
{
    struct block *found = take_off(start, true, true);

    if (found == NULL)
        return false;
    *n_bytes = found->n_bytes;
    fake_destroy(found);
    return true;
}

/* Where the lender has what is here at `from`. */
static struct fake_lender lender_of(const char *from)
{
    struct fake_lender lender = {0};

    pthread_mutex_lock(&blocks_lock);
    for (struct block *b = blocks; b != NULL; b = b->next)
        if (b->lender.process != 0 && from >= b->start && from < b->start + b->n_bytes)
            lender = (struct fake_lender){b->lender.process, b->lender.start + (from - b->start)};
    pthread_mutex_unlock(&blocks_lock);
    return lender;
}

/* ---- copies ---- */

struct copy {
    void *to;
    const void *from;
    size_t n_bytes;
};

static void run_copy(void *argument)
{
    const struct copy *copy = argument;
    const struct fake_lender lender = lender_of(copy->from);

    if (lender.process != 0)
        fake_read_loan(lender, copy->to, copy->n_bytes);
    else
        memcpy(copy->to, copy->from, copy->n_bytes);
}

/* An address of the kind that the copy says: the device's, or anything else. */
static bool fits(const void *memory, size_t n_bytes, bool device)
{
    const enum kind kind = kind_of(memory, n_bytes);

    return device ? kind == DEVICE_BLOCK : kind == HOST_BLOCK || kind == NO_BLOCK;
}

int cudaMemcpyAsync(void *to, const void *from, size_t n_bytes, int kind, struct CUstream_st *stream)
{
    const struct copy copy = {to, from, n_bytes};

    FAKE_TRY(fake_call(INVALID_VALUE));
    if (!fits(to, n_bytes, kind != FA_CUDA_MemcpyDeviceToHost) ||
        !fits(from, n_bytes, kind != FA_CUDA_MemcpyHostToDevice))
        return INVALID_VALUE;
    return fake_enqueue(stream, run_copy, &copy, sizeof copy);
}

struct fill {
    void *to;
    int byte;
    size_t n_bytes;
};

static void run_fill(void *argument)
{
    const struct fill *fill = argument;

    memset(fill->to, fill->byte, fill->n_bytes);
}

int cudaMemsetAsync(void *memory, int byte, size_t n_bytes, struct CUstream_st *stream)
{
    const struct fill fill = {memory, byte, n_bytes};

    FAKE_TRY(fake_call(INVALID_VALUE));
    if (!fits(memory, n_bytes, true))
        return INVALID_VALUE;
    return fake_enqueue(stream, run_fill, &fill, sizeof fill);
}
