/*
 * stacks.h - a stack of one's own, and how to go from one to another.
 *
 * AddressSanitizer is told of every change. What the C library has for it AddressSanitizer would follow
 * unasked, at a price: swapcontext asks the system twice and clears a whole stack of what was poisoned, and
 * so does longjmp.
 */
#ifndef FA_TESTS_CUDA_STACKS_H
#define FA_TESTS_CUDA_STACKS_H

#include <setjmp.h>
#include <stddef.h>
#include <ucontext.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace emulator
{
constexpr size_t stack_bytes = 64 * 1024;

/* Where a stack goes on: at its beginning, or where it was left. */
struct place {
    ucontext_t begin;
    bool was_left = false;
#ifdef __SANITIZE_ADDRESS__
    void *left[5];
    const void *stack; /* its lowest byte */
    size_t n_bytes;
    void *locals; /* that AddressSanitizer keeps elsewhere */
#else
    jmp_buf left;
#endif
};

#ifdef __SANITIZE_ADDRESS__

[[noreturn]] __attribute__((noinline, no_sanitize("address", "undefined"))) inline void go_to(place *to)
{
    if (to->was_left)
        __builtin_longjmp(to->left, 1);
    setcontext(&to->begin);
    __builtin_unreachable();
}

__attribute__((noinline, no_sanitize("address", "undefined"))) inline void change(place *from, place *to)
{
    __sanitizer_start_switch_fiber(&from->locals, to->stack, to->n_bytes);
    from->was_left = true;
    if (__builtin_setjmp(from->left) == 0)
        go_to(to);
    __sanitizer_finish_switch_fiber(from->locals, &to->stack, &to->n_bytes); /* another thread's, perhaps */
}

/* The first that runs on a stack; whence: where it was gone to from. */
inline void arrive(place *whence)
{
    __sanitizer_finish_switch_fiber(nullptr, &whence->stack, &whence->n_bytes);
}

inline void watch(place *place, const void *stack)
{
    place->stack = stack;
    place->n_bytes = stack_bytes;
}

#else

inline void change(place *from, place *to)
{
    from->was_left = true;
    if (_setjmp(from->left) != 0)
        return;
    if (to->was_left)
        _longjmp(to->left, 1);
    setcontext(&to->begin);
}

inline void arrive(place *)
{
}

inline void watch(place *, const void *)
{
}

#endif

/* A place at the beginning of a stack of stack_bytes, on which the function runs and never returns. */
inline void begin_stack(place *place, char *stack, void (*function)())
{
    getcontext(&place->begin);
    place->begin.uc_stack.ss_sp = stack;
    place->begin.uc_stack.ss_size = stack_bytes;
    place->begin.uc_link = nullptr;
    makecontext(&place->begin, function, 0);
    watch(place, stack);
}
} // namespace emulator

#endif
