/*
 * Devices are told apart by what their maker calls each of them (uuid): a number means another one where a
 * launcher shows other ones to a rank.
 */
#include "devices.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "fa/activity.h"
#include "fa/log.h"
#include "fa/machine.h"
#include "fa/memory.h"

/* ---- who has which ---- */

/* Of one rank. */
struct seat {
    char host[64];
    struct fa_device device;
};

static void print_map(const struct seat *seats, size_t n)
{
    for (size_t r = 0; r < n; r++) {
        const struct fa_device *device = &seats[r].device;

        fa_info("rank %zu on %s: GPU %d, %s, %s", r, seats[r].host, device->number, device->name,
                device->uuid);
    }
}

static fa_status refuse_sharing(const struct seat *seats, size_t n)
{
    for (size_t b = 1; b < n; b++)
        for (size_t a = 0; a < b; a++)
            if (strcmp(seats[a].device.uuid, seats[b].device.uuid) == 0)
                return fa_fail(FA_EINVAL,
                               "ranks %zu and %zu on %s have one GPU, %s (%s); start at most as many ranks "
                               "on a host as it has GPUs, or set backend.share_device to true",
                               a, b, seats[b].host, seats[b].device.name, seats[b].device.uuid);
    return FA_OK;
}

struct speech {
    fa_status status;
    char message[FA_MESSAGE_MAX];
};

/* Collective. Rank 0's status, with its message, becomes that of all. */
static fa_status hear_first(struct fa_comm *comm, fa_status status)
{
    struct speech speech = {.status = status};

    if (status != FA_OK)
        snprintf(speech.message, sizeof speech.message, "%s", fa_message());
    fa_comm_broadcast(comm, &speech, sizeof speech, 0);
    return speech.status == FA_OK ? FA_OK : fa_status_forward(speech.status, speech.message);
}

/* Collective. */
static fa_status agree(struct fa_comm *comm, const struct fa_device *device, bool may_share)
{
    struct seat mine = {.device = *device}, *all = NULL;
    fa_status status = FA_OK;
    size_t n_bytes, n;

    snprintf(mine.host, sizeof mine.host, "%s", fa_comm_host(comm));
    FA_TRY(fa_comm_gather(comm, &mine, sizeof mine, 0, (void **)&all, &n_bytes));
    n = n_bytes / sizeof *all;
    print_map(all, n);
    if (!may_share)
        status = refuse_sharing(all, n);
    fa_free(all);
    return hear_first(comm, status);
}

fa_status fa_devices_agree(struct fa_comm *comm, const struct fa_backend *backend, bool may_share)
{
    const struct fa_device *device = fa_backend_device(backend);
    char text[128];

    if (device == NULL)
        return FA_OK;
    snprintf(text, sizeof text, "GPU %d (%s)", device->number, device->name);
    fa_activity_device(text);
    if (comm != NULL)
        return agree(comm, device, may_share);
    print_map(&(struct seat){.host = "this host", .device = *device}, 1);
    return FA_OK;
}

/* ---- cores beside it ---- */

void fa_devices_stay_near(struct fa_backend *backend)
{
    const struct fa_device *device = fa_backend_device(backend);
    const int cores = device != NULL ? fa_machine_stay_near(device->bus) : 0;

    if (cores == 0 || cores >= fa_backend_threads(backend))
        return;
    fa_backend_limit_threads(backend, cores);
    omp_set_num_threads(cores);
}
