/*
 * main.c - finds the sub-command, starts MPI for those that compute in parallel, prints failures and turns
 * them into exit codes. Nothing below prints a failure.
 */
#include <fcntl.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agreement.h"
#include "command.h"
#include "completion.h"
#include "fa/crash.h"
#include "fa/cuda.h"
#include "fa/launcher.h"
#include "fa/log.h"
#include "fa/machine.h"
#include "fa/memory.h"
#include "help.h"
#include "manual.h"
#include "nearest.h"
#include "placement.h"
#include "waiting.h"

static const struct fa_command *find_command(const char *name)
{
    for (const struct fa_command *const *command = fa_commands; *command != NULL; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}

static fa_status unknown_command(const char *name)
{
    struct fa_nearest nearest;

    fa_nearest_init(&nearest, name);
    for (const struct fa_command *const *command = fa_commands; *command != NULL; command++)
        fa_nearest_offer(&nearest, (*command)->name);
    if (nearest.best != NULL)
        return fa_fail(FA_EINVAL, "unknown command %s; did you mean %s?", name, nearest.best);
    return fa_fail(FA_EINVAL, "unknown command %s; see freeanchor --help", name);
}

/* The cores that the launcher and the system gave this process, shared out where ranks have the same. */
static int cores_per_rank(const struct fa_comm *comm)
{
    const int cores = comm != NULL ? fa_comm_cores(comm).share : fa_machine_cores();

    return cores > 1 ? cores : 1;
}

/* Ranks meet before anything is done on one of them alone, also those that fail before, on wrong flags say:
   the launcher ends the others when the first one ends, and one of them is to say why. */
static fa_status meet(struct fa_invocation *invocation, fa_status status)
{
    FA_TRY(fa_comm_init(&invocation->comm));
    fa_log_set_rank(fa_comm_rank(invocation->comm), fa_comm_size(invocation->comm));
    FA_TRY(fa_agreement_program(invocation->comm));
    FA_TRY(fa_comm_agree(invocation->comm, status));
    return fa_agreement_command(invocation);
}

static fa_status start_ranks(struct fa_invocation *invocation, fa_status status)
{
    const struct fa_command *command = invocation->command;
    const bool many = fa_launcher_ranks() > 1, needs_mpi = command->parallel && !command->lone_without_mpi;

    if (status == FA_OK && !command->parallel && many)
        status = fa_fail(FA_EINVAL, "freeanchor %s is one process; start it without mpirun", command->name);
    if (many || (status == FA_OK && needs_mpi))
        return meet(invocation, status);
    return status;
}

static fa_status prepare(struct fa_invocation *invocation)
{
    if (fa_arguments_get(&invocation->arguments, "-v") != NULL)
        fa_log_set_level(FA_LOG_DEBUG);
    invocation->threads =
        (int)fa_arguments_whole(&invocation->arguments, "--threads", cores_per_rank(invocation->comm));
    if (invocation->command != &fa_command_doctor) /* it says more */
        fa_placement_check(invocation->comm, invocation->threads);
    omp_set_num_threads(invocation->threads); /* for what has no backend to ask: the loss, the optimizer */
    invocation->report = fa_json_new_object();
    return invocation->report != NULL ? FA_OK : fa_fail(FA_ENOMEM, "memory is exhausted");
}

/* Of a failure too: what is known of it, and its message as "error". */
static fa_status print_report(struct fa_invocation *invocation, fa_status status)
{
    char *text;

    if (fa_arguments_get(&invocation->arguments, "--json") == NULL || !fa_invocation_speaks(invocation) ||
        invocation->report == NULL)
        return FA_OK;
    if (status != FA_OK)
        fa_report_string(invocation, "error", fa_message());
    FA_TRY(fa_json_print(invocation->report, false, &text));
    printf("%s\n", text);
    fa_free(text);
    return FA_OK;
}

static void print_failure(const struct fa_invocation *invocation)
{
    if (fa_invocation_speaks(invocation))
        fprintf(stderr, "freeanchor %s: %s\n", invocation->command->name, fa_message());
}

static void listen_to_crashes(const struct fa_invocation *invocation)
{
    const struct fa_comm *comm = invocation->comm;
    char who[160];

    snprintf(who, sizeof who, "freeanchor %s", invocation->command->name);
    if (comm != NULL)
        snprintf(who, sizeof who, "freeanchor %s: rank %d (%s)", invocation->command->name,
                 fa_comm_rank(comm), fa_comm_host(comm));
    fa_crash_listen(who);
}

static int run_command(const struct fa_command *command, int argc, char **argv)
{
    const struct fa_flag *const tables[] = {command->flags, fa_common_flags, NULL};
    struct fa_invocation invocation = {.command = command};
    fa_status printed, status = fa_arguments_parse(argc, argv, tables, &invocation.arguments);

    if (status == FA_OK && fa_arguments_get(&invocation.arguments, "--help") != NULL) {
        fa_help_command(command, &invocation.arguments);
        fa_arguments_clear(&invocation.arguments);
        return 0;
    }
    status = start_ranks(&invocation, status);
    listen_to_crashes(&invocation);
    if (status == FA_OK)
        status = prepare(&invocation);
    if (invocation.comm != NULL && !command->watched)
        fa_comm_met();
    if (status == FA_OK)
        status = command->run(&invocation);
    printed = print_report(&invocation, status);
    if (status == FA_OK)
        status = printed;
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == FA_OK)
        status = fa_fail(FA_EIO, "standard output cannot be written");
    if (status != FA_OK)
        print_failure(&invocation);
    fa_json_free(invocation.report);
    fa_arguments_clear(&invocation.arguments);
    fa_comm_finalize(invocation.comm);
    return fa_status_exit_code(status);
}

static int refuse_command(const char *name)
{
    struct fa_invocation invocation = {0};
    fa_status status = unknown_command(name);

    if (fa_launcher_ranks() > 1)
        status = meet(&invocation, status);
    if (fa_invocation_speaks(&invocation))
        fprintf(stderr, "freeanchor: %s\n", fa_message());
    fa_comm_finalize(invocation.comm);
    return fa_status_exit_code(status);
}

/* Files opened later must not get the number of a standard stream that was closed (2>&-): what people are
   told would be written into them. What stands in its place cannot be written. */
static void occupy_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
            _exit(EXIT_FAILURE); /* nobody to tell */
}

/* "help train" is "train --help". */
static void turn_help_around(int argc, char **argv)
{
    static char help[] = "--help";

    if (argc < 3 || strcmp(argv[1], "help") != 0)
        return;
    memmove(argv + 1, argv + 2, (size_t)(argc - 2) * sizeof *argv);
    argv[argc - 1] = help;
}

static int print_completion(const char *shell)
{
    const fa_status status = fa_completion_print(shell);

    if (status != FA_OK)
        fprintf(stderr, "freeanchor: %s\n", fa_message());
    return fa_status_exit_code(status);
}

/* Words that stand before no command; false if this is another. */
static bool is_about_the_program(const char *word, const char *next, int *code)
{
    *code = 0;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
        fa_help_program();
    else if (strcmp(word, "--version") == 0)
        fa_help_version();
    else if (strcmp(word, "--man") == 0)
        fa_manual_print();
    else if (strcmp(word, "--completion") == 0)
        *code = print_completion(next);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    const struct fa_command *command;
    int code;

    occupy_closed_streams();
    fa_waiting_settle(argv);
    fa_cuda_offer();
    turn_help_around(argc, argv);
    if (argc < 2) {
        fa_help_program();
        return 2;
    }
    if (is_about_the_program(argv[1], argv[2], &code))
        return code;
    command = find_command(argv[1]);
    return command != NULL ? run_command(command, argc - 2, argv + 2) : refuse_command(argv[1]);
}
