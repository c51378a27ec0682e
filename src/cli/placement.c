#include "placement.h"

#include <stdio.h>

#include "fa/launcher.h"
#include "fa/log.h"

/* What there is to say, and room for it. */
struct words {
    char *text;
    size_t size;
};

/* More threads than cores they may run on: the launcher's binding, Open MPI's default for one or two ranks.
 */
static void say_bound(const struct fa_comm *comm, int threads, const struct fa_cores *cores, struct words w)
{
    snprintf(w.text, w.size,
             "rank %d (%s) is bound to %d of %d cores and has %d threads, so they wait for each other; add "
             "%s%d to mpirun, or start with launch/train.sh",
             fa_comm_rank(comm), fa_comm_host(comm), cores->usable, cores->on_host, threads,
             fa_mpi_words.bind, threads);
}

static void say_crowded(const struct fa_comm *comm, int in_use, struct words w)
{
    snprintf(
        w.text, w.size,
        "%d ranks take turns on %d core%s of %s; start one rank a core at most (slots=%d in the hostfile)",
        fa_comm_local_size(comm), in_use, fa_plural((size_t)in_use), fa_comm_host(comm), in_use);
}

static void say_shared(const struct fa_comm *comm, int threads, int in_use, struct words w)
{
    snprintf(w.text, w.size,
             "%d ranks of %d threads take turns on %d cores of %s; start fewer ranks or threads",
             fa_comm_local_size(comm), threads, in_use, fa_comm_host(comm));
}

/* The system halts whoever has used up the time: it does not help that there are more cores. */
static void say_throttled(const struct fa_comm *comm, int threads, const struct fa_cores *cores,
                          struct words w)
{
    const int n = fa_comm_local_size(comm);

    snprintf(
        w.text, w.size,
        "the control group of %d rank%s on %s has the time of %g core%s (a quota, as of a container) for %d "
        "threads, which are halted in turn; start fewer ranks or threads, or raise the quota",
        n, fa_plural((size_t)n), fa_comm_host(comm), cores->quota, cores->quota == 1 ? "" : "s", n * threads);
}

static void say_idle(const struct fa_comm *comm, const struct fa_cores *cores, struct words w)
{
    const int each = (cores->usable * fa_comm_local_size(comm) + cores->idle) / fa_comm_local_size(comm);

    snprintf(w.text, w.size,
             "no rank may use %d of the %d cores of %s; if they are yours, add %s%d to mpirun, or start with "
             "launch/train.sh",
             cores->idle, cores->on_host, fa_comm_host(comm), fa_mpi_words.bind, each);
}

enum fa_placement fa_placement_describe(const struct fa_comm *comm, int threads, char *text, size_t size)
{
    const struct fa_cores cores = fa_comm_cores(comm);
    const int in_use = cores.on_host - cores.idle;
    const struct words words = {text, size};

    text[0] = '\0';
    if (fa_comm_local_size(comm) * threads > cores.quota && cores.quota < in_use)
        say_throttled(comm, threads, &cores, words);
    else if (threads > cores.usable)
        say_bound(comm, threads, &cores, words);
    else if (fa_comm_local_size(comm) > in_use)
        say_crowded(comm, in_use, words);
    else if (threads > cores.share)
        say_shared(comm, threads, in_use, words);
    else if (threads == cores.share && cores.idle >= fa_comm_local_size(comm)) {
        say_idle(comm, &cores, words);
        return FA_PLACEMENT_IDLE;
    }
    return text[0] == '\0' ? FA_PLACEMENT_GOOD : FA_PLACEMENT_CROWDED;
}

void fa_placement_check(const struct fa_comm *comm, int threads)
{
    char text[384];

    if (comm == NULL || fa_comm_local_rank(comm) != 0)
        return;
    if (fa_placement_describe(comm, threads, text, sizeof text) != FA_PLACEMENT_GOOD)
        fa_warn("%s", text);
    if (fa_comm_single_copy(comm) == FA_SINGLE_COPY_REFUSED)
        fa_warn(
            "ranks may not read each other's memory on %s, as in a container without SYS_PTRACE, so Open MPI "
            "says \"Read -1, expected ...\" at every large message and is slow; set %s=%s",
            fa_comm_host(comm), fa_mpi_words.single_copy, fa_mpi_words.off);
}
