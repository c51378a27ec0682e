#include "command.h"

#include <stddef.h>

const struct fa_command *const fa_commands[] = {
    &fa_command_synth,    &fa_command_pack,   &fa_command_browse,  &fa_command_train,
    &fa_command_status,   &fa_command_eval,   &fa_command_score,   &fa_command_report,
    &fa_command_detect,   &fa_command_replay, &fa_command_weights, &fa_command_bench,
    &fa_command_estimate, &fa_command_info,   &fa_command_doctor,  NULL};

void fa_report_number(struct fa_invocation *invocation, const char *key, double value)
{
    fa_json_set(invocation->report, key, fa_json_new_number(value));
}

void fa_report_string(struct fa_invocation *invocation, const char *key, const char *value)
{
    fa_json_set(invocation->report, key, fa_json_new_string(value));
}

bool fa_invocation_speaks(const struct fa_invocation *invocation)
{
    return invocation->comm == NULL || fa_comm_rank(invocation->comm) == 0;
}

fa_status fa_invocation_no_operands(const struct fa_invocation *invocation)
{
    const char *word = fa_arguments_get(&invocation->arguments, NULL);

    if (word != NULL)
        return fa_fail(FA_EINVAL, "unexpected argument %s; see freeanchor %s --help", word,
                       invocation->command->name);
    return FA_OK;
}

fa_status fa_invocation_needs(const struct fa_invocation *invocation, const char *flag, const char *other)
{
    const struct fa_arguments *given = &invocation->arguments;

    if (fa_arguments_get(given, flag) == NULL || fa_arguments_get(given, other) != NULL)
        return FA_OK;
    return fa_fail(FA_EINVAL, "%s means nothing without %s, which is not given", flag, other);
}

fa_status fa_invocation_agree(struct fa_invocation *invocation, fa_status status)
{
    return invocation->comm == NULL ? status : fa_comm_agree(invocation->comm, status);
}
