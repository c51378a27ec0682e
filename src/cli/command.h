/*
 * command.h - a sub-command: its words for help, and the function that does it.
 */
#ifndef FA_CLI_COMMAND_H
#define FA_CLI_COMMAND_H

#include <stdbool.h>

#include "arguments.h"
#include "fa/comm.h"
#include "fa/json.h"
#include "fa/status.h"

/* What a running command has. */
struct fa_invocation {
    const struct fa_command *command;
    struct fa_arguments arguments;
    struct fa_comm *comm;   /* NULL where the command is not parallel */
    int threads;            /* of this rank */
    struct fa_json *report; /* an object: what --json prints last */
};

struct fa_command {
    const char *name, *operands, *summary;
    const char *details;         /* further lines of its --help; may be NULL */
    const struct fa_flag *flags; /* besides the common ones */
    bool parallel;               /* runs under mpirun, with MPI started; others refuse more than one rank */
    bool lone_without_mpi;       /* alone it starts without MPI, which saves half a second */
    bool watched;                /* takes a work directory, which watches over its ranks */
    void (*help)(const struct fa_arguments *given); /* prints help on what is given; NULL: the usual */
    fa_status (*run)(struct fa_invocation *invocation);
};

extern const struct fa_command fa_command_synth, fa_command_pack, fa_command_browse, fa_command_train,
    fa_command_status, fa_command_eval, fa_command_score, fa_command_report, fa_command_detect,
    fa_command_replay, fa_command_weights, fa_command_bench, fa_command_estimate, fa_command_info,
    fa_command_doctor;

extern const struct fa_command *const fa_commands[]; /* NULL at the end */

/* Adds to the report; memory that runs out leaves the item away. */
void fa_report_number(struct fa_invocation *invocation, const char *key, double value);
void fa_report_string(struct fa_invocation *invocation, const char *key, const char *value);

/* True on the one process that speaks for all. */
bool fa_invocation_speaks(const struct fa_invocation *invocation);

/* For a command that is not parallel, or a part of it that only needs this rank: FA_EINVAL if there are plain
 * arguments. */
fa_status fa_invocation_no_operands(const struct fa_invocation *invocation) FA_CHECK_RESULT;

/* FA_EINVAL where a flag is given that means nothing without another one: what is given is not passed over.
 */
fa_status fa_invocation_needs(const struct fa_invocation *invocation, const char *flag,
                              const char *other) FA_CHECK_RESULT;

/* All ranks succeed or all fail; alone, the status itself. */
fa_status fa_invocation_agree(struct fa_invocation *invocation, fa_status status) FA_CHECK_RESULT;

#endif
