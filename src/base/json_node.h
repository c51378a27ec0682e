/*
 * json_node.h - a struct fa_json is a cJSON under another name.
 *
 * cJSON keeps a number as a double. A whole number that a double may not hold has its digits as valuestring,
 * which cJSON copies and frees with the node.
 */
#ifndef FA_BASE_JSON_NODE_H
#define FA_BASE_JSON_NODE_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "fa/json.h"

static inline cJSON *fa_json_node(const struct fa_json *value)
{
    return (cJSON *)(uintptr_t)value;
}

static inline struct fa_json *fa_json_face(const cJSON *node)
{
    return (struct fa_json *)(uintptr_t)node;
}

/* Gives cJSON our allocator; comes before whatever makes nodes. */
void fa_json_prepare(void);

/* Whether this thread was refused memory for a node since fa_json_prepare. */
bool fa_json_starved(void);

#endif
