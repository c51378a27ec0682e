/*
 * rank.c - what a rank knows of itself, and how rank 0 gets it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "fa/backend.h"
#include "fa/file.h"
#include "fa/h5.h"
#include "fa/launcher.h"
#include "fa/memory.h"
#include "placement.h"

/* The description "OpenBLAS 0.3.21, SkylakeX" has the version and the kind of processor. */
static fa_status describe_backend(size_t i, int threads, struct fa_doctor_rank *rank)
{
    const struct fa_backend_config config = {.name = fa_backend_known(i),
                                             .n_threads = threads,
                                             .device = -1,
                                             .local_rank = rank->local_number,
                                             .share_device = true};
    char *version = rank->library[i];
    const size_t length = strlen(rank->kernels);
    struct fa_backend *backend;
    const char *text, *kind;

    if (fa_backend_open(&config, &backend) != FA_OK) { /* what it needs is not on every host */
        snprintf(version, sizeof rank->library[i], "not here");
        return FA_OK;
    }
    text = fa_backend_description(backend);
    kind = strchr(text, ',');
    snprintf(version, sizeof rank->library[i], "%.*s", (int)strcspn(text, ","), text);
    if (kind != NULL)
        snprintf(rank->kernels + length, sizeof rank->kernels - length, "%s%s for%s", length > 0 ? ", " : "",
                 version, kind + 1);
    fa_backend_close(backend);
    return FA_OK;
}

static fa_status describe_programs(int threads, struct fa_doctor_rank *rank)
{
    uint64_t n_bytes;
    uint32_t crc;

    FA_TRY(fa_file_checksum("/proc/self/exe", &crc, &n_bytes));
    snprintf(rank->program, sizeof rank->program, "%08" PRIx32, crc);
    for (size_t i = 0; i < FA_DOCTOR_BACKENDS && fa_backend_known(i) != NULL; i++)
        FA_TRY(describe_backend(i, threads, rank));
    snprintf(rank->hdf5, sizeof rank->hdf5, "%s", fa_h5_library());
    return FA_OK;
}

static void describe_place(const struct fa_comm *comm, int threads, struct fa_doctor_rank *rank)
{
    const struct fa_cores cores = fa_comm_cores(comm);

    snprintf(rank->host, sizeof rank->host, "%s", fa_comm_host(comm));
    rank->local_number = fa_comm_local_rank(comm);
    rank->n_local = fa_comm_local_size(comm);
    rank->threads = threads;
    rank->cores = cores.usable;
    rank->cores_of_host = cores.on_host;
    rank->quota = cores.quota;
    rank->is_crowded =
        fa_placement_describe(comm, threads, rank->placement, sizeof rank->placement) == FA_PLACEMENT_CROWDED;
    rank->single_copy = fa_comm_single_copy(comm);
}

const char *fa_doctor_shared_memory(void)
{
    const char *variable = fa_mpi_words.shared_memory;
    const char *chosen = variable != NULL ? getenv(variable) : NULL;

    return chosen != NULL ? chosen : "/dev/shm";
}

static void describe_memory(struct fa_doctor_rank *rank)
{
    uint64_t room;

    rank->free_memory = (double)fa_machine_free_memory();
    rank->shared_memory =
        fa_directory_free_bytes(fa_doctor_shared_memory(), &room) == FA_OK ? (double)room : -1;
}

fa_status fa_doctor_describe(struct fa_doctor *doctor)
{
    struct fa_doctor_rank *rank = &doctor->mine;

    describe_place(doctor->comm, doctor->invocation->threads, rank);
    fa_machine_cpu(rank->cpu, sizeof rank->cpu);
    describe_memory(rank);
    fa_doctor_describe_gpus(rank);
    FA_TRY(fa_machine_interfaces(rank->interface, FA_DOCTOR_INTERFACES, &rank->n_interfaces));
    return describe_programs(rank->threads, rank);
}

static size_t count_hosts(const struct fa_doctor *doctor)
{
    size_t n = 0;

    for (size_t r = 0; r < doctor->n_ranks; r++)
        n += doctor->rank[r].local_number == 0;
    return n;
}

fa_status fa_doctor_collect(struct fa_doctor *doctor)
{
    struct fa_doctor_rank *all;
    size_t n_bytes;

    FA_TRY(fa_comm_gather(doctor->comm, &doctor->mine, sizeof doctor->mine, 0, (void **)&all, &n_bytes));
    fa_free(doctor->rank);
    doctor->rank = all;
    doctor->n_ranks = n_bytes / sizeof *all;
    doctor->n_hosts = count_hosts(doctor);
    return FA_OK;
}
