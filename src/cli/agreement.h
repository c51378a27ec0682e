/*
 * agreement.h - ranks that were started differently are refused before they do anything together: they would
 * hang, or train on different things.
 *
 * All are collective. FA_EINVAL on every rank names the first thing that differs, both values, rank and host.
 */
#ifndef FA_CLI_AGREEMENT_H
#define FA_CLI_AGREEMENT_H

#include "command.h"
#include "recipe/settings.h"

/* The version of this program and of its MPI: what ranks of every version say to each other first. */
fa_status fa_agreement_program(struct fa_comm *comm) FA_CHECK_RESULT;

/* The command and its arguments, but those that may differ: the common ones, and --config and --set, of which
   only counts what they come to. */
fa_status fa_agreement_command(const struct fa_invocation *invocation) FA_CHECK_RESULT;

/* Every key of the resolved configuration. Nothing to do, and FA_OK, where the command is not parallel. */
fa_status fa_agreement_config(const struct fa_invocation *invocation,
                              const struct fa_settings *settings) FA_CHECK_RESULT;

#endif
