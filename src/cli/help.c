#include "help.h"

#include <stdio.h>

const struct fa_flag fa_common_flags[] = {
    {"--threads", "N", "threads of this process (default: its cores, shared out among the ranks of the host)",
     false},
    {"--json", NULL, "print one JSON object as the last line of standard output", false},
    {"-v", NULL, "say more", false},
    {"--help", NULL, "print this", false},
    {0}};

void fa_help_version(void)
{
    printf("freeanchor %s\n", FA_VERSION);
}

void fa_help_program(void)
{
    printf("freeanchor %s: distributed training of the FreeAnchor object detector\n\n", FA_VERSION);
    printf(
        "usage: freeanchor COMMAND [OPTION]...\n       mpirun -n RANKS freeanchor COMMAND [OPTION]...\n\n");
    for (const struct fa_command *const *command = fa_commands; *command != NULL; command++)
        printf("  %-8s  %s\n", (*command)->name, (*command)->summary);
    printf("\n`freeanchor COMMAND --help` tells the options of a command, `freeanchor info --keys` the keys "
           "of a\n"
           "configuration. Exit codes: 0 done, 1 failed, 2 wrong usage or input, 85 stopped on request with "
           "state saved.\n");
}

static void print_flags(const struct fa_flag *flags)
{
    char left[64];

    for (; flags->name != NULL; flags++) {
        snprintf(left, sizeof left, "%s%s%s", flags->name, flags->value != NULL ? " " : "",
                 flags->value != NULL ? flags->value : "");
        printf("  %-24s %s%s\n", left, flags->help, flags->required ? " (required)" : "");
    }
}

void fa_help_command(const struct fa_command *command)
{
    printf("usage: freeanchor %s [OPTION]...%s%s\n\n%s\n", command->name,
           command->operands[0] != '\0' ? " " : "", command->operands, command->summary);
    if (command->details != NULL)
        printf("%s\n", command->details);
    printf("\n");
    print_flags(command->flags);
    print_flags(fa_common_flags);
    if (command->parallel)
        printf("\nRuns under mpirun and srun.\n");
}
