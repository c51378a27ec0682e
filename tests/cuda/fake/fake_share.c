/*
 * fake_share.c - interprocess communication of the fake CUDA runtime: what another process lends is an
 * address that nothing can follow but copies, which read it there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fake_runtime.h"

enum { PEER_ACCESS_UNSUPPORTED = 217 };

struct loan {
    struct fake_lender lender;
    size_t n_bytes;
};

static bool can_read(struct fake_lender lender, void *to, size_t n_bytes)
{
    const struct iovec here = {to, n_bytes}, there = {lender.start, n_bytes};

    return process_vm_readv((pid_t)lender.process, &here, 1, &there, 1, 0) == (ssize_t)n_bytes;
}

/* The lender must not have freed it. */
void fake_read_loan(struct fake_lender lender, void *to, size_t n_bytes)
{
    enum { PIECE = 1 << 30 };

    for (size_t done = 0; done < n_bytes; done += PIECE) {
        const struct fake_lender from = {lender.process, lender.start + done};

        if (!can_read(from, (char *)to + done, n_bytes - done < PIECE ? n_bytes - done : PIECE)) {
            fprintf(stderr, "fake CUDA: memory that process %ld lent is not there any more\n",
                    lender.process);
            abort();
        }
    }
}

int cudaIpcGetMemHandle(struct fa_cuda_ipc_handle *handle, void *memory)
{
    struct loan loan = {.lender = {getpid(), memory}};

    FAKE_TRY(fake_call(INVALID_VALUE));
    if (!fake_own_block(memory, &loan.n_bytes))
        return INVALID_VALUE;
    memset(handle, 0, sizeof *handle);
    memcpy(handle, &loan, sizeof loan);
    return FA_CUDA_Success;
}

/* A process cannot borrow from itself, nor where the system does not let it look. */
int cudaIpcOpenMemHandle(void **memory, struct fa_cuda_ipc_handle handle, unsigned flags)
{
    struct loan loan;
    char first;
    void *start;

    FAKE_TRY(fake_call(INVALID_VALUE));
    memcpy(&loan, &handle, sizeof loan);
    if (flags != FA_CUDA_IpcMemLazyEnablePeerAccess || loan.lender.process == getpid())
        return INVALID_VALUE;
    if (fake_environment("FAKE_APART", 0) != 0 || !can_read(loan.lender, &first, 1))
        return PEER_ACCESS_UNSUPPORTED;
    start = mmap(NULL, loan.n_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return FA_CUDA_ErrorMemoryAllocation;
    fake_add_loan(start, loan.n_bytes, loan.lender);
    *memory = start;
    return FA_CUDA_Success;
}

int cudaIpcCloseMemHandle(void *memory)
{
    size_t n_bytes;

    fake_wait_all();
    if (!fake_end_loan(memory, &n_bytes))
        return INVALID_VALUE;
    munmap(memory, n_bytes);
    return fake_is_lost() ? FA_CUDA_ErrorLaunchFailure : FA_CUDA_Success;
}
