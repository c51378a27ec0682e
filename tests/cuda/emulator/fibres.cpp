/*
 * fibres.cpp - the threads of a block as fibres: each runs until it must wait or ends.
 *
 * A fibre takes threads one after another, so that threads which never wait need only one; a thread that
 * waits keeps its fibre, and the next thread gets another. Fibres outlive their blocks, as to begin one is
 * dear.
 */
#undef _FORTIFY_SOURCE /* it takes a jump to another stack for an error */
#include <map>
#include <memory>
#include <vector>

#include "run.h"
#include "stacks.h"

namespace emulator
{
namespace
{
enum class state { running, waits_for_block, waits_for_warp, idle };

struct fibre {
    place where;
    std::unique_ptr<char[]> stack{new char[stack_bytes]};
    emulator::thread thread;
    emulator::state state;
    unsigned mask; /* of the lanes that it waits for */

    fibre();
};

/* Lanes that meet are known by the lowest of them. */
struct meeting {
    unsigned arrived[warp_size];
};

struct {
    const block *now;
    unsigned next, ended; /* threads of the block that have begun, that have ended */
    std::vector<std::unique_ptr<fibre>> fibres;
    fibre *current;
    place scheduler;
    std::vector<meeting> warp;
    std::map<const void *, std::unique_ptr<char[]>> memory; /* by place */
} run;

void pause(state state)
{
    run.current->state = state;
    change(&run.current->where, &run.scheduler);
}

/* Of one block after the other. */
void take_threads()
{
    arrive(&run.scheduler);
    for (;;) {
        while (run.next < run.now->n_threads()) {
            run.current->thread = thread_of(*run.now, run.next++);
            (*run.now->kernel)();
            run.ended++;
        }
        pause(state::idle);
    }
}

fibre::fibre()
{
    begin_stack(&where, stack.get(), take_threads);
}

void resume(fibre *fibre)
{
    run.current = fibre;
    fibre->state = state::running;
    self = &fibre->thread;
    change(&run.scheduler, &fibre->where);
}

unsigned begin_all()
{
    unsigned n = 0;

    for (; run.next < run.now->n_threads(); n++) {
        if (n == run.fibres.size())
            run.fibres.push_back(std::make_unique<fibre>());
        resume(run.fibres[n].get());
    }
    return n;
}

bool warp_is_complete(const fibre &fibre)
{
    const unsigned lowest = (unsigned)__builtin_ctz(fibre.mask);

    return run.warp[fibre.thread.warp].arrived[lowest] == fibre.mask;
}

/* All lanes of the mask of this fibre, the lowest of them, have come: they go on. Fibres lie in the order of
 * their threads. */
void release_warp(unsigned n, unsigned lowest)
{
    const unsigned warp = run.fibres[lowest]->thread.warp, mask = run.fibres[lowest]->mask;

    run.warp[warp].arrived[__builtin_ctz(mask)] = 0;
    for (unsigned i = lowest; i < n && i < lowest + warp_size; i++) {
        fibre *fibre = run.fibres[i].get();

        if (fibre->state == state::waits_for_warp && fibre->thread.warp == warp && fibre->mask == mask)
            fibre->state = state::running;
    }
}

void release_block(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (run.fibres[i]->state == state::waits_for_warp)
            fault(*run.now, "lanes of a mask never come");
        if (run.fibres[i]->state == state::waits_for_block && run.ended > 0)
            fault(*run.now, some_have_ended);
        if (run.fibres[i]->state == state::waits_for_block)
            run.fibres[i]->state = state::running;
    }
}

/* Runs each fibre that may go on; whether there was one. */
bool go_on(unsigned n)
{
    bool went = false;

    for (unsigned i = 0; i < n; i++)
        if (run.fibres[i]->state == state::waits_for_warp && warp_is_complete(*run.fibres[i]))
            release_warp(n, i);
    for (unsigned i = 0; i < n; i++)
        if (run.fibres[i]->state == state::running) {
            resume(run.fibres[i].get());
            went = true;
        }
    return went;
}

void run_block(const block &block)
{
    run.now = &block;
    run.next = run.ended = 0;
    run.memory.clear();
    run.warp.assign(fa_blocks(block.n_threads(), warp_size), meeting{});
    const unsigned n = begin_all();

    while (run.ended < block.n_threads())
        if (!go_on(n))
            release_block(n);
}
} // namespace

void *shared(const void *place, size_t n_bytes)
{
    std::unique_ptr<char[]> &at = run.memory[place];

    if (at == nullptr) {
        at.reset(new char[n_bytes]);
        memset(at.get(), 0xFF, n_bytes);
    }
    return at.get();
}

void meet_block()
{
    pause(state::waits_for_block);
}

void meet_warp(unsigned mask)
{
    fibre *own = run.current;

    if ((mask >> own->thread.lane & 1) == 0)
        fault(*run.now, outside_its_mask);
    own->mask = mask;
    run.warp[own->thread.warp].arrived[__builtin_ctz(mask)] |= 1u << own->thread.lane;
    pause(state::waits_for_warp);
}

void run_blocks(const block &launch)
{
    block now = launch;

    for (size_t left = number_of_blocks(launch); next_block(now, left);)
        run_block(now);
}
} // namespace emulator
