#include "manual.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "recipe/option.h"

/* ---- roff ---- */

/* Text that roff takes as it is: its escapes, and what it would obey at the beginning of a line. */
static void put(const char *text)
{
    bool line_begins = true;

    for (; *text != '\0'; text++) {
        if (line_begins && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
        line_begins = *text == '\n';
    }
}

/* A paragraph under a tag, in bold, with what is in italics behind it. */
static void tag(const char *bold, const char *italic)
{
    printf(".TP\n\\fB");
    put(bold);
    printf("\\fR");
    if (italic != NULL) {
        printf(" \\fI");
        put(italic);
        printf("\\fR");
    }
    printf("\n");
}

static void text_block(const char *text)
{
    printf(".PP\n.nf\n");
    put(text);
    printf("\n.fi\n");
}

/* ---- what there is ---- */

static void print_flags(const struct fa_flag *flags)
{
    for (; flags->name != NULL; flags++) {
        char range[FA_HELP_RANGE_MAX];

        tag(flags->name, flags->value);
        put(flags->help);
        fa_help_range(flags, range, sizeof range);
        put(range);
        printf("%s\n", flags->required ? " (required)" : "");
    }
}

static void print_command(const struct fa_command *command)
{
    printf(".SS freeanchor %s [OPTION]...%s%s\n", command->name, command->operands[0] != '\0' ? " " : "",
           command->operands);
    put(command->summary);
    printf(".%s\n", command->parallel ? " Runs under mpirun and srun." : "");
    if (command->details != NULL)
        text_block(command->details + strspn(command->details, "\n"));
    print_flags(command->flags);
}

static void print_keys(void)
{
    char range[256];

    for (const struct fa_option *option = fa_options; option->key != NULL; option++) {
        tag(option->key, NULL);
        put(option->sentence);
        printf("\n.br\n");
        fa_option_print_range(option, range, sizeof range);
        put(range);
        printf("; default ");
        put(option->fallback);
        printf("\n");
    }
}

static void print_exit_codes(void)
{
    tag("0", NULL);
    puts("done");
    tag("1", NULL);
    puts("failed");
    tag("2", NULL);
    puts("wrong usage, configuration or input");
    tag("85", NULL);
    puts("stopped on request, with the state saved");
}

void fa_manual_print(void)
{
    printf(".TH FREEANCHOR 1 \"\" \"freeanchor %s\" \"User Commands\"\n", FA_VERSION);
    puts(".SH NAME\nfreeanchor \\- distributed training of the FreeAnchor object detector");
    puts(".SH SYNOPSIS\n.B freeanchor\n\\fICOMMAND\\fR [\\fIOPTION\\fR]...\n.br\n"
         ".B mpirun \\-n\n\\fIRANKS\\fR \\fBfreeanchor\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...");
    puts(
        ".SH DESCRIPTION\nTrains, evaluates and runs object detectors of RetinaNet's shape on one core or on "
        "many nodes.");
    puts(".SH COMMANDS");
    for (const struct fa_command *const *command = fa_commands; *command != NULL; command++)
        print_command(*command);
    puts(".SH OPTIONS OF EVERY COMMAND");
    print_flags(fa_common_flags);
    puts(".SH CONFIGURATION KEYS\nOf the files that \\fB\\-\\-config\\fR names, and of \\fB\\-\\-set\\fR "
         "\\fIKEY\\fR=\\fIVALUE\\fR.");
    print_keys();
    puts(".SH EXIT STATUS");
    print_exit_codes();
    puts(".SH SEE ALSO\n.BR mpirun (1)");
}
