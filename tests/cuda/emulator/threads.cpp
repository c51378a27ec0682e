/*
 * threads.cpp - the threads of a block as threads of the host, so that ThreadSanitizer sees every access and
 * the meetings that order them.
 *
 * Nothing else may order them, or a race could hide behind it. A mutex would: who leaves a meeting late would
 * take the lock after someone who is already past it. So meetings are two counters, of which a late one reads
 * only its own round, and a block's memory is found without a lock.
 */
#include <atomic>
#include <linux/futex.h>
#include <memory>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include "run.h"

namespace emulator
{
namespace
{
/* Until the counter has this value. */
void wait_for(std::atomic<unsigned> &counter, unsigned value)
{
    for (unsigned now; (now = counter.load()) != value;)
        syscall(SYS_futex, &counter, FUTEX_WAIT_PRIVATE, now, nullptr, nullptr, 0);
}

void wake(std::atomic<unsigned> &counter)
{
    syscall(SYS_futex, &counter, FUTEX_WAKE_PRIVATE, most_threads, nullptr, nullptr, 0);
}

class meeting
{
  public:
    std::atomic<unsigned> arrived{0};

    /* Until `expected` have come. */
    void wait(unsigned expected)
    {
        const unsigned round = rounds.load();

        if (arrived.fetch_add(1) + 1 == expected)
            complete(round + 1);
        else
            wait_for(rounds, round + 1);
    }

  private:
    std::atomic<unsigned> rounds{0};

    void complete(unsigned next)
    {
        arrived.store(0);
        rounds.store(next);
        wake(rounds);
    }
};

/* What a place in the source has of the block's memory. */
struct slot {
    std::atomic<const void *> place;
    std::atomic<char *> at;
};

struct launch_state {
    emulator::block block;
    size_t left;
    bool goes_on;
    meeting before_block, after_preparation, in_block;
    meeting in_warp[most_threads / warp_size][warp_size]; /* known by the lowest lane */
    std::atomic<unsigned> ended;                          /* threads of the block */
    std::atomic<size_t> used;                             /* of memory */
    slot slots[64];
    alignas(256) char memory[2 * most_shared_bytes];
};

launch_state *run;

void empty_memory(launch_state &launch)
{
    for (slot &slot : launch.slots) {
        slot.place = nullptr;
        slot.at = nullptr;
    }
    launch.used = 0;
    memset(launch.memory, 0xFF, sizeof launch.memory);
}

/* The first thread prepares a block for all. */
bool prepare(launch_state &launch, unsigned i)
{
    launch.before_block.wait(launch.block.n_threads());
    if (i == 0) {
        launch.goes_on = next_block(launch.block, launch.left);
        launch.ended = 0;
        empty_memory(launch);
    }
    launch.after_preparation.wait(launch.block.n_threads());
    return launch.goes_on;
}

void check_ended(launch_state &launch, unsigned ended, unsigned arrived)
{
    if (ended > 0 && arrived > 0 && ended + arrived == launch.block.n_threads())
        fault(launch.block, some_have_ended);
}

void run_thread(launch_state &launch, unsigned i)
{
    const thread own = thread_of(launch.block, i);

    self = &own;
    while (prepare(launch, i)) {
        (*launch.block.kernel)();
        check_ended(launch, ++launch.ended, launch.in_block.arrived);
    }
}

/* A thread of the host, which serves one launch after another: ThreadSanitizer makes a new one dear. */
class worker
{
  public:
    void begin(unsigned i)
    {
        if (asked++ == 0)
            std::thread([this, i] { serve(i); }).detach();
        else
            wake(asked);
    }

    void wait()
    {
        wait_for(done, asked);
    }

  private:
    std::atomic<unsigned> asked{0}, done{0}; /* launches */

    [[noreturn]] void serve(unsigned i)
    {
        for (unsigned next = 1;; next++) {
            wait_for(asked, next);
            run_thread(*run, i);
            done = next;
            wake(done);
        }
    }
};

worker workers[most_threads];

char *take_memory(size_t n_bytes)
{
    const size_t begin = run->used.fetch_add((n_bytes + 255) / 256 * 256);

    if (begin + n_bytes > sizeof run->memory)
        fault(run->block, "too much memory of a block");
    return run->memory + begin;
}
} // namespace

void *shared(const void *place, size_t n_bytes)
{
    for (slot &slot : run->slots) {
        const void *owner = nullptr;

        if (slot.place.compare_exchange_strong(owner, place, std::memory_order_relaxed))
            slot.at.store(take_memory(n_bytes), std::memory_order_relaxed);
        else if (owner != place)
            continue;
        while (slot.at.load(std::memory_order_relaxed) == nullptr)
            std::this_thread::yield();
        return slot.at.load(std::memory_order_relaxed);
    }
    fault(run->block, "too many places of shared memory");
}

void meet_block()
{
    check_ended(*run, run->ended, run->in_block.arrived + 1);
    run->in_block.wait(run->block.n_threads());
}

void meet_warp(unsigned mask)
{
    if ((mask >> self->lane & 1) == 0)
        fault(run->block, outside_its_mask);
    run->in_warp[self->warp][__builtin_ctz(mask)].wait((unsigned)__builtin_popcount(mask));
}

void run_blocks(const block &block)
{
    auto launch = std::make_unique<launch_state>();
    const unsigned n = block.n_threads();

    launch->block = block;
    launch->left = number_of_blocks(block);
    run = launch.get();
    for (unsigned i = 0; i < n; i++)
        workers[i].begin(i);
    for (unsigned i = 0; i < n; i++)
        workers[i].wait();
}
} // namespace emulator
