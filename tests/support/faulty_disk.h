/*
 * faulty_disk.h - a disk that refuses a chosen system call, or takes the process with it.
 *
 * A program that links faulty_disk.c has its own open, write, fsync, rename, ... in place of the C library's,
 * for itself and the libraries it links (HDF5). While a fault is armed they count the calls that change a
 * disk, whatever thread makes them; the fault strikes at the nth. What stdio does within the C library passes
 * by.
 *
 * fsync never reaches the disk, armed or not: these tests survive no power failure, and take no time for it.
 */
#ifndef FA_TESTS_FAULTY_DISK_H
#define FA_TESTS_FAULTY_DISK_H

#include <stdbool.h>

#include "fa/status.h"

enum fa_disk_fault {
    FA_DISK_COUNTS, /* nothing strikes */
    FA_DISK_KILLS,  /* SIGKILL before the call */
    FA_DISK_TEARS,  /* SIGKILL in the middle of a write; before any other call */
    FA_DISK_LOSES,  /* SIGKILL before the call, and content that was not synced is gone: a power failure */
    FA_DISK_FAILS_ONCE, /* EIO, and all is well again */
    FA_DISK_FILLS_UP,   /* from here on ENOSPC for all that needs room, the first write coming half through */
    FA_DISK_BREAKS      /* from here on EIO for every change */
};
#define FA_DISK_FAULTS (FA_DISK_BREAKS + 1)

extern const char *const fa_disk_fault_names[FA_DISK_FAULTS];

bool fa_disk_fault_kills(enum fa_disk_fault fault);

/* The step of a sweep: sanitizers make the birth and death of a process dear, and then not all changes are
 * struck. */
#ifdef __SANITIZE_ADDRESS__
#define FA_DISK_STRIDE 5
#else
#define FA_DISK_STRIDE 1
#endif

/* From now on this process's changes are counted, and the nth (from 1) is struck. */
void fa_disk_arm(enum fa_disk_fault fault, long nth);

/* Back to a sound disk. The number of changes counted, those refused included. */
long fa_disk_disarm(void);

/* Those of them, over all times, that the calling thread made. */
long fa_disk_changes_of_thread(void);

/* Runs action in a child process whose nth change is struck by a fault that kills. Whether it came to that;
   else action must be FA_OK, or the test fails. */
bool fa_disk_kills(enum fa_disk_fault fault, long nth, fa_status (*action)(void *context), void *context);

/* Whether renameat2 can exchange two names, as it can at first; NFS cannot. */
void fa_disk_allow_exchange(bool allowed);

#endif
