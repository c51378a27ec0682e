#include "help.h"

#include <stdio.h>

const struct fa_flag fa_common_flags[] = {
    {"--threads", "N",
     "threads of this process (default: its cores, by affinity and quota, shared out among the ranks of the "
     "host)",
     false, FA_WHOLE(1, 1024)},
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
    printf(
        "\n`freeanchor COMMAND --help` tells the options of a command, `freeanchor info --keys` the keys "
        "of a\nconfiguration, `freeanchor --man` all of it as a man page; `freeanchor --completion SHELL` is "
        "a script by\nwhich bash, zsh or fish complete them. Exit codes: 0 done, 1 failed, 2 wrong usage or "
        "input, 85 stopped on\nrequest with state saved.\n");
}

void fa_help_range(const struct fa_flag *flag, char *text, size_t size)
{
    text[0] = '\0';
    if (flag->range.kind != FA_NUMBER_NONE && flag->range.max < FA_LARGEST_EXACT)
        snprintf(text, size, "; from %.16g to %.16g", flag->range.min, flag->range.max);
}

void fa_help_flag(const struct fa_flag *flag)
{
    char left[64], range[FA_HELP_RANGE_MAX];

    snprintf(left, sizeof left, "%s%s%s", flag->name, flag->value != NULL ? " " : "",
             flag->value != NULL ? flag->value : "");
    fa_help_range(flag, range, sizeof range);
    printf("  %-24s %s%s%s\n", left, flag->help, range, flag->required ? " (required)" : "");
}

static void print_flags(const struct fa_flag *flags)
{
    for (; flags->name != NULL; flags++)
        fa_help_flag(flags);
}

void fa_help_common(bool parallel)
{
    print_flags(fa_common_flags);
    if (parallel)
        printf("\nRuns under mpirun and srun.\n");
}

static void print_command(const struct fa_command *command)
{
    printf("usage: freeanchor %s [OPTION]...%s%s\n\n%s\n", command->name,
           command->operands[0] != '\0' ? " " : "", command->operands, command->summary);
    if (command->details != NULL)
        printf("%s\n", command->details);
    printf("\n");
    print_flags(command->flags);
    fa_help_common(command->parallel);
}

void fa_help_command(const struct fa_command *command, const struct fa_arguments *given)
{
    if (command->help != NULL)
        command->help(given);
    else
        print_command(command);
}
