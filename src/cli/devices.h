/*
 * devices.h - which rank computes on which GPU.
 */
#ifndef FA_CLI_DEVICES_H
#define FA_CLI_DEVICES_H

#include "command.h"
#include "fa/backend.h"

/* Collective; comm may be NULL. Where the backend has a device, the first rank logs which rank has which, and
   two that have the same are an error on all ranks unless they may share. */
fa_status fa_devices_agree(struct fa_comm *comm, const struct fa_backend *backend,
                           bool may_share) FA_CHECK_RESULT;

/* Moves this thread, and with it those that it starts from now on, to the cores beside the backend's device,
   of those that it may run on, and limits the backend's threads to their number. Where it has no device, or
   nothing is known of its place, all stays as it is. */
void fa_devices_stay_near(struct fa_backend *backend);

#endif
