/*
 * network.c - how ranks reach each other: within a host, and by which interfaces between hosts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "fa/launcher.h"

enum { HOSTS_LISTED = 16 };

/* ---- within a host ---- */

static bool is_copy_refused(const struct fa_doctor_rank *rank, const void *context)
{
    (void)context;
    return rank->single_copy == FA_SINGLE_COPY_REFUSED;
}

static void check_single_copy(struct fa_doctor *doctor)
{
    char hosts[256];

    fa_doctor_list_hosts(doctor, is_copy_refused, NULL, hosts, sizeof hosts);
    if (hosts[0] != '\0')
        fa_doctor_find(
            doctor, FA_VERDICT_PROBLEM, "copies",
            "ranks may not read each other's memory on %s, so Open MPI says \"Read -1, expected ...\" "
            "at every large message and is slow: set %s=%s, or give the container SYS_PTRACE",
            hosts, fa_mpi_words.single_copy, fa_mpi_words.off);
    else if (doctor->mine.single_copy == FA_SINGLE_COPY_WORKS)
        fa_doctor_find(doctor, FA_VERDICT_OK, "copies", "ranks of a host copy from each other's memory");
}

/* ---- between hosts ---- */

static void list_addresses(const struct fa_doctor_rank *rank, char *text, size_t size)
{
    size_t length = 0;

    snprintf(text, size, "none");
    for (size_t i = 0; i < rank->n_interfaces && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s %s", i > 0 ? ", " : "",
                                   rank->interface[i].name, rank->interface[i].address);
}

static void list_interfaces(struct fa_doctor *doctor)
{
    size_t listed = 0;

    for (size_t r = 0; r < doctor->n_ranks && listed < HOSTS_LISTED; r++) {
        char addresses[FA_DOCTOR_TEXT / 2];

        if (doctor->rank[r].local_number != 0)
            continue;
        listed++;
        list_addresses(&doctor->rank[r], addresses, sizeof addresses);
        fa_doctor_find(doctor, FA_VERDICT_OK, "interfaces", "%s: %s", doctor->rank[r].host, addresses);
    }
    if (listed < doctor->n_hosts)
        fa_doctor_find(doctor, FA_VERDICT_OK, "interfaces", "those of %zu more hosts are not listed",
                       doctor->n_hosts - listed);
}

/* The names of all bridges, each once: "docker0,virbr0". */
static void list_bridges(const struct fa_doctor *doctor, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t r = 0; r < doctor->n_ranks; r++)
        for (size_t i = 0; i < doctor->rank[r].n_interfaces; i++) {
            const struct fa_interface *interface = &doctor->rank[r].interface[i];
            const size_t length = strlen(text);

            if (interface->is_bridge && strstr(text, interface->name) == NULL)
                snprintf(text + length, size - length, "%s%s", length > 0 ? "," : "", interface->name);
        }
}

static bool is_same_bridge(const struct fa_interface *a, const struct fa_interface *b)
{
    return a->is_bridge && b->is_bridge && strcmp(a->address, b->address) == 0;
}

/* Two hosts with one address: what the one sends there comes back to itself, and Open MPI waits for ever. */
static bool share_bridge(const struct fa_doctor_rank *a, const struct fa_doctor_rank *b)
{
    for (size_t i = 0; i < a->n_interfaces; i++)
        for (size_t j = 0; j < b->n_interfaces; j++)
            if (strcmp(a->host, b->host) != 0 && is_same_bridge(&a->interface[i], &b->interface[j]))
                return true;
    return false;
}

static bool is_chosen_by_hand(void)
{
    return getenv("OMPI_MCA_btl_tcp_if_include") != NULL || getenv("OMPI_MCA_btl_tcp_if_exclude") != NULL;
}

static void check_bridges(struct fa_doctor *doctor)
{
    bool shared = false;
    char bridges[256];

    list_bridges(doctor, bridges, sizeof bridges);
    if (bridges[0] == '\0' || fa_mpi_words.except == NULL || is_chosen_by_hand())
        return;
    for (size_t r = 1; r < doctor->n_ranks && !shared; r++)
        shared = share_bridge(&doctor->rank[0], &doctor->rank[r]);
    fa_doctor_find(doctor, shared ? FA_VERDICT_PROBLEM : FA_VERDICT_NOTE, "bridges",
                   "%s lead%s to containers or virtual machines of a host, %s: add %s%s to mpirun", bridges,
                   strchr(bridges, ',') == NULL ? "s" : "",
                   shared ? "with one address on several hosts, where Open MPI may hang"
                          : "and Open MPI may hang where it takes them for the network between hosts",
                   fa_mpi_words.except, bridges);
}

fa_status fa_doctor_check_network(struct fa_doctor *doctor)
{
    if (!fa_invocation_speaks(doctor->invocation))
        return FA_OK;
    check_single_copy(doctor);
    list_interfaces(doctor);
    check_bridges(doctor);
    return FA_OK;
}
