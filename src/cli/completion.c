#include "completion.h"

#include <stdio.h>
#include <string.h>

#include "help.h"
#include "recipe/option.h"

/* ---- words ---- */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* The words that a command takes as they stand: those of "import X | diff A B" in small letters. */
static void put_operands(const struct fa_command *command)
{
    for (const char *at = command->operands; *at != '\0';) {
        const size_t n = strcspn(at, " ");

        if (is_lower(*at))
            printf(" %.*s", (int)n, at);
        at += n + strspn(at + n, " ");
    }
}

static void put_keys(const char *after)
{
    for (const struct fa_option *option = fa_options; option->key != NULL; option++)
        printf(" %s%s", option->key, after);
}

/* Within single quotes, with a backslash before each of the letters that are special there. */
static void put_quoted(const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            fputs("'\\''", stdout);
            continue;
        }
        if (strchr(special, *text) != NULL)
            putchar('\\');
        putchar(*text);
    }
}

/* ---- bash ---- */

static void put_flag_names(const struct fa_flag *flags)
{
    for (; flags->name != NULL; flags++)
        printf(" %s", flags->name);
}

static void print_bash(void)
{
    printf("_freeanchor() {\n"
           "  local word=${COMP_WORDS[COMP_CWORD]} words='help --help --version'\n"
           "  COMPREPLY=()\n"
           "  if [ \"${COMP_WORDS[COMP_CWORD - 1]}\" = --set ]; then\n"
           "    compopt -o nospace\n"
           "    words='");
    put_keys("=");
    printf("'\n"
           "  elif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "    words+='");
    for (const struct fa_command *const *command = fa_commands; *command != NULL; command++)
        printf(" %s", (*command)->name);
    printf("'\n"
           "  else\n"
           "    case ${COMP_WORDS[1]} in\n");
    for (const struct fa_command *const *command = fa_commands; *command != NULL; command++) {
        printf("    %s) words='", (*command)->name);
        put_operands(*command);
        put_flag_names((*command)->flags);
        put_flag_names(fa_common_flags);
        printf("' ;;\n");
    }
    printf("    *) words='' ;;\n"
           "    esac\n"
           "    [[ $word == -* || $COMP_CWORD -eq 2 ]] || return 0\n"
           "  fi\n"
           "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
           "}\n"
           "complete -o bashdefault -o default -F _freeanchor freeanchor\n");
}

/* ---- zsh ---- */

static void put_zsh_flags(const struct fa_flag *flags)
{
    for (; flags->name != NULL; flags++) {
        printf(" \\\n      '*%s[", flags->name);
        put_quoted(flags->help, "[]:\\");
        printf("]");
        if (flags->value != NULL) {
            printf(":");
            put_quoted(flags->value, ":\\");
            printf(":%s", strcmp(flags->name, "--set") == 0 ? "_freeanchor_keys" : "_files");
        }
        printf("'");
    }
}

static void print_zsh(void)
{
    printf("#compdef freeanchor\n"
           "_freeanchor_keys() {\n"
           "  compadd -S = --");
    put_keys("");
    printf("\n}\n"
           "_freeanchor() {\n"
           "  local -a commands=(");
    for (const struct fa_command *const *command = fa_commands; *command != NULL; command++) {
        printf("\n    '%s:", (*command)->name);
        put_quoted((*command)->summary, ":\\");
        printf("'");
    }
    printf(")\n"
           "  if ((CURRENT == 2)); then\n"
           "    _describe command commands\n"
           "    return\n"
           "  fi\n"
           "  shift words\n"
           "  ((CURRENT--))\n"
           "  case $words[1] in\n");
    for (const struct fa_command *const *command = fa_commands; *command != NULL; command++) {
        printf("  %s)\n    _arguments", (*command)->name);
        put_zsh_flags((*command)->flags);
        put_zsh_flags(fa_common_flags);
        printf(" \\\n      '1:word:_alternative \"words:word:(");
        put_operands(*command);
        printf(")\" \"files:file:_files\"' '*:file:_files'\n    ;;\n");
    }
    printf("  esac\n"
           "}\n"
           "_freeanchor \"$@\"\n");
}

/* ---- fish ---- */

static void put_fish_flags(const char *condition, const struct fa_flag *flags)
{
    for (; flags->name != NULL; flags++) {
        const bool is_long = strncmp(flags->name, "--", 2) == 0;

        printf("complete -c freeanchor -n '%s' -%s %s%s -d '", condition, is_long ? "l" : "s",
               flags->name + (is_long ? 2 : 1), flags->value != NULL ? " -r" : "");
        put_quoted(flags->help, "\\");
        printf("'");
        if (strcmp(flags->name, "--set") == 0) {
            printf(" -f -a '");
            put_keys("=");
            printf("'");
        }
        printf("\n");
    }
}

static void print_fish(void)
{
    char condition[64];

    for (const struct fa_command *const *command = fa_commands; *command != NULL; command++) {
        printf("complete -c freeanchor -n __fish_use_subcommand -f -a %s -d '", (*command)->name);
        put_quoted((*command)->summary, "\\");
        snprintf(condition, sizeof condition, "__fish_seen_subcommand_from %s", (*command)->name);
        printf("'\ncomplete -c freeanchor -n '%s' -a '", condition);
        put_operands(*command);
        printf("'\n");
        put_fish_flags(condition, (*command)->flags);
        put_fish_flags(condition, fa_common_flags);
    }
}

/* ---- which ---- */

fa_status fa_completion_print(const char *shell)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

    for (size_t i = 0; shell != NULL && i < sizeof shells / sizeof *shells; i++)
        if (strcmp(shells[i].name, shell) == 0) {
            shells[i].print();
            return FA_OK;
        }
    return fa_fail(FA_EINVAL, "--completion %s: expected bash, zsh or fish", shell != NULL ? shell : "");
}
