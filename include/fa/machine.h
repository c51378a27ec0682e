/*
 * machine.h - the computer that this process runs on, as the system describes it. What it does not tell is
 * empty or 0. Callable from any thread.
 */
#ifndef FA_MACHINE_H
#define FA_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* The processor and the best vector instructions that it has: "AMD EPYC 9654, AVX-512". */
void fa_machine_cpu(char *text, size_t size);

/* The processor time that the process's control groups allow it, in cores: 2.5 is five halves of one at once.
   INFINITY where they set no limit. */
double fa_machine_cpu_quota(void);

/* Cores that this process alone can keep busy, by its affinity and that quota; at least 1. */
int fa_machine_cores(void);

/* From now on this thread, and those that it starts, run on the cores beside the device that is plugged in
   there ("0000:3b:00.0"), of those that they may run on: how many. 0, and nothing is changed, where the
   system does not know them, or none is left. */
int fa_machine_stay_near(const char *bus);

/* Bytes that could be taken now without swapping, and no more than the limits of the process's control groups
   leave. */
uint64_t fa_machine_free_memory(void);

/* Sees to it that n more files can be open at once: raises the process's own limit as far as it may.
   FA_EINVAL where that is not far enough, saying so; advice is appended. */
fa_status fa_machine_allow_files(size_t n, const char *advice) FA_CHECK_RESULT;

struct fa_interface {
    char name[16];    /* "eth0" */
    char address[46]; /* "10.0.0.7", "fd00::7" */
    bool is_bridge;   /* of containers or virtual machines: its other end is on this host */
};

/* The addresses of network interfaces that are up, but loopback and those that no other host can reach
   (link-local); at most max of them. *n is their number. */
fa_status fa_machine_interfaces(struct fa_interface *interfaces, size_t max, size_t *n) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
