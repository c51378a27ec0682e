/*
 * machine.h - the computer that this process runs on, as the system describes it. What it does not tell is
 * empty or 0. Callable from any thread.
 */
#ifndef FA_MACHINE_H
#define FA_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/status.h"

/* The processor and the best vector instructions that it has: "AMD EPYC 9654, AVX-512". */
void fa_machine_cpu(char *text, size_t size);

/* Bytes that could be taken now without swapping, and no more than the limits of the process's control groups
   leave. */
uint64_t fa_machine_free_memory(void);

struct fa_interface {
    char name[16];    /* "eth0" */
    char address[46]; /* "10.0.0.7", "fd00::7" */
    bool is_bridge;   /* of containers or virtual machines: its other end is on this host */
};

/* The addresses of network interfaces that are up, but loopback and those that no other host can reach
   (link-local); at most max of them. *n is their number. */
fa_status fa_machine_interfaces(struct fa_interface *interfaces, size_t max, size_t *n) FA_CHECK_RESULT;

#endif
