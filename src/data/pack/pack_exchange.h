/*
 * pack_exchange.h - what each process found out about its images, told to all others.
 */
#ifndef FA_DATA_PACK_EXCHANGE_H
#define FA_DATA_PACK_EXCHANGE_H

#include "fa/team.h"
#include "pack_images.h"

/* Process r of p has looked at images r, r + p, r + 2p, ... Collective. */
fa_status fa_image_checks_exchange(struct fa_image_check *checks, size_t n,
                                   const struct fa_team *team) FA_CHECK_RESULT;

#endif
