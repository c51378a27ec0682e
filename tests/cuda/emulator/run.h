/*
 * run.h - what emulator.cpp has for fibres.cpp and threads.cpp, of which one is linked.
 */
#ifndef FA_EMULATOR_RUN_H
#define FA_EMULATOR_RUN_H

#include <stdio.h>
#include <stdlib.h>

#include "device.h"

namespace emulator
{
constexpr unsigned most_threads = 1024;         /* of a block */
constexpr size_t most_shared_bytes = 48 * 1024; /* that a launch may ask for as it is */

thread thread_of(const block &block, unsigned i);

/* Sets the block's index; false if none is left. */
bool next_block(block &block, size_t &left);
size_t number_of_blocks(const block &block);

constexpr const char *some_have_ended = "some threads have ended, others wait for them in __syncthreads";
constexpr const char *outside_its_mask = "a lane meets others by a mask without itself";

[[noreturn]] void fault(const block &block, const char *what);

/* Theirs: runs all blocks of a launch; beside it the meetings and `shared` of emulator.h. */
void run_blocks(const block &block);
} // namespace emulator

#endif
