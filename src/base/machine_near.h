/*
 * machine_near.h - the cores beside a device of the PCI bus.
 */
#ifndef FA_MACHINE_NEAR_H
#define FA_MACHINE_NEAR_H

#include <sched.h>

/* Takes all cores but those on the device's node of memory out of *cores, and returns how many are left; 0,
   with *cores as it was, where the system does not know the node, or none would be left. root is put before
   /sys: "" outside tests. */
int fa_machine_near(const char *root, const char *bus, cpu_set_t *cores);

#endif
