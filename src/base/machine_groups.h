/*
 * machine_groups.h - what the control groups of this process, of version 1, 2 or both, allow it: the tightest
 * limit of its own group and of those above it.
 */
#ifndef FA_BASE_MACHINE_GROUPS_H
#define FA_BASE_MACHINE_GROUPS_H

struct fa_group_limits {
    double cpus;        /* so many cores' time at once; INFINITY: no limit */
    double memory_left; /* bytes; what caches of files would give back counts as left; INFINITY: no limit */
};

/* root stands before /proc/self and /sys/fs/cgroup; "" but in tests. */
struct fa_group_limits fa_machine_group_limits(const char *root);

#endif
