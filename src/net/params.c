#include "fa/params.h"

#include <string.h>

#include "fa/hash.h"

const struct fa_param *fa_params_find(const struct fa_params *params, const char *name)
{
    for (size_t i = 0; i < params->n; i++)
        if (strcmp(params->entry[i].name, name) == 0)
            return &params->entry[i];
    return NULL;
}

uint64_t fa_params_fingerprint(const struct fa_params *params)
{
    uint64_t hash = FA_HASH_START;

    for (size_t i = 0; i < params->n; i++) {
        const struct fa_param *entry = &params->entry[i];
        const int64_t header[2] = {entry->kind, entry->n_dims};

        hash = fa_hash(hash, entry->name, strlen(entry->name) + 1);
        hash = fa_hash(hash, header, sizeof header);
        hash = fa_hash(hash, entry->dims, (size_t)entry->n_dims * sizeof entry->dims[0]);
    }
    return hash;
}
