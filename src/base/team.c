#include "fa/team.h"

#include <stdbool.h>
#include <string.h>

#include "fa/memory.h"

int fa_team_rank(const struct fa_team *team)
{
    return team != NULL ? team->rank : 0;
}

int fa_team_size(const struct fa_team *team)
{
    return team != NULL ? team->size : 1;
}

fa_status fa_team_agree(const struct fa_team *team, fa_status status)
{
    return team != NULL ? team->agree(team->context, status) : status;
}

void fa_team_broadcast(const struct fa_team *team, void *data, size_t n_bytes, int root)
{
    if (team != NULL)
        team->broadcast(team->context, data, n_bytes, root);
}

/* block is a pointer to a pointer of any type, as in memory.h. */
fa_status fa_team_hand_out(const struct fa_team *team, void *block, size_t *n_bytes, int root)
{
    const bool is_root = fa_team_rank(team) == root;
    fa_status status = FA_OK;
    void *data;

    fa_team_broadcast(team, n_bytes, sizeof *n_bytes, root);
    if (!is_root)
        status = fa_alloc(*n_bytes, 1, block);
    status = fa_team_agree(team, status);
    memcpy(&data, block, sizeof data);
    if (status == FA_OK) {
        fa_team_broadcast(team, data, *n_bytes, root);
    } else if (!is_root) {
        fa_free(data);
        memset(block, 0, sizeof data);
    }
    return status;
}
