#include "agreement.h"

#include <string.h>

#include "fa/memory.h"
#include "help.h"
#include "recipe/config_file.h"
#include "recipe/option.h"

fa_status fa_agreement_program(struct fa_comm *comm)
{
    const struct fa_claim claims[] = {{"the version of freeanchor", FA_VERSION},
                                      {"the version of MPI", fa_comm_library()}};

    return fa_comm_same(comm, claims, sizeof claims / sizeof *claims);
}

/* ---- the command ---- */

static bool may_differ(const struct fa_flag *flag)
{
    if (flag == NULL)
        return false;
    for (const struct fa_flag *common = fa_common_flags; common->name != NULL; common++)
        if (flag == common)
            return true;
    return strcmp(flag->name, "--config") == 0 || strcmp(flag->name, "--set") == 0;
}

fa_status fa_agreement_command(const struct fa_invocation *invocation)
{
    const struct fa_arguments *arguments = &invocation->arguments;
    struct fa_claim *claims = NULL;
    size_t n = 0;
    fa_status status = fa_comm_agree(invocation->comm, fa_alloc(1 + arguments->n, sizeof *claims, &claims));

    if (status == FA_OK) {
        claims[n++] = (struct fa_claim){"the command", invocation->command->name};
        for (size_t i = 0; i < arguments->n; i++) {
            const struct fa_argument *given = &arguments->given[i];

            if (!may_differ(given->flag))
                claims[n++] = (struct fa_claim){given->flag != NULL ? given->flag->name : "an argument",
                                                given->value != NULL ? given->value : "given"};
        }
        status = fa_comm_same(invocation->comm, claims, n);
    }
    fa_free(claims);
    return status;
}

/* ---- the configuration ---- */

static size_t count_options(void)
{
    size_t n = 0;

    while (fa_options[n].key != NULL)
        n++;
    return n;
}

/* values[i] is that of claims[i], to be freed. */
static fa_status claim_options(const struct fa_settings *settings, struct fa_claim *claims, char **values)
{
    for (size_t i = 0; fa_options[i].key != NULL; i++) {
        FA_TRY(fa_json_print(fa_config_get(settings->resolved, fa_options[i].key), false, &values[i]));
        claims[i] = (struct fa_claim){fa_options[i].key, values[i]};
    }
    return FA_OK;
}

fa_status fa_agreement_config(const struct fa_invocation *invocation, const struct fa_settings *settings)
{
    const size_t n = count_options();
    struct fa_claim *claims = NULL;
    char **values = NULL;
    fa_status status;

    if (invocation->comm == NULL)
        return FA_OK;
    status = fa_alloc(n, sizeof *claims, &claims);
    if (status == FA_OK)
        status = fa_alloc_zero(n, sizeof *values, &values);
    if (status == FA_OK)
        status = claim_options(settings, claims, values);
    status = fa_comm_agree(invocation->comm, status);
    if (status == FA_OK)
        status = fa_comm_same(invocation->comm, claims, n);
    for (size_t i = 0; values != NULL && i < n; i++)
        fa_free(values[i]);
    fa_free(values);
    fa_free(claims);
    return status;
}
