/*
 * weights.h - the actions of freeanchor weights, and what import and export share.
 */
#ifndef FA_CLI_WEIGHTS_H
#define FA_CLI_WEIGHTS_H

#include "command.h"
#include "fa/architecture.h"
#include "fa/model.h"
#include "fa/weights.h"

/* paths: as many as the action takes. */
fa_status fa_weights_list(struct fa_invocation *invocation, const char *const *paths) FA_CHECK_RESULT;
fa_status fa_weights_compare(struct fa_invocation *invocation, const char *const *paths) FA_CHECK_RESULT;
fa_status fa_weights_import(struct fa_invocation *invocation, const char *const *paths) FA_CHECK_RESULT;
fa_status fa_weights_export(struct fa_invocation *invocation, const char *const *paths) FA_CHECK_RESULT;

/* ---- fit.c ---- */

/* FA_EINVAL unless --out is given, ends in one of the suffixes (NULL at the end), and is another file than
   path. */
fa_status fa_weights_check_out(const struct fa_invocation *invocation, const char *path,
                               const char *const *suffixes) FA_CHECK_RESULT;

/* The network, as far as weights tell; norm_groups 0: they do not. */
struct fa_model_config fa_weights_model(const struct fa_architecture *architecture);

/* Recognises the network, and fails, telling what is wrong, unless the tensors are those of that network.
   Counts go into the report either way. */
fa_status fa_weights_fit(struct fa_invocation *invocation, const char *path,
                         const struct fa_weights_file *file,
                         struct fa_architecture *architecture) FA_CHECK_RESULT;

#endif
