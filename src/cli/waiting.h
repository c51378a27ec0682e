/*
 * waiting.h - how long threads wait for each other before they sleep.
 */
#ifndef FA_CLI_WAITING_H
#define FA_CLI_WAITING_H

/* GCC's OpenMP lets a thread that waits spin for milliseconds. Where something else wants the cores, that
   takes them from the very threads that are waited for. It reads its settings before main begins, so unless
   the user has chosen (OMP_WAIT_POLICY, GOMP_SPINCOUNT), the program begins anew with a shorter one; where it
   cannot, all goes on as it was. To be called first; argv as main has it. */
void fa_waiting_settle(char **argv);

#endif
