#include "choice.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void fa_cudnn_choice_print(const struct fa_cudnn_choice *choice, char text[FA_CUDNN_CHOICE_TEXT_MAX])
{
    size_t n = (size_t)snprintf(text, FA_CUDNN_CHOICE_TEXT_MAX, "eng%lld", (long long)choice->engine);

    for (int i = 0; i < choice->n_knobs && n < FA_CUDNN_CHOICE_TEXT_MAX; i++)
        n += (size_t)snprintf(text + n, FA_CUDNN_CHOICE_TEXT_MAX - n, "_k%d=%lld", choice->knob[i].type,
                              (long long)choice->knob[i].value);
}

/* Steps over a word and the number behind it; false if they are not there. */
static bool take(const char **text, const char *word, int64_t *number)
{
    const size_t n = strlen(word);
    bool negative;

    if (strncmp(*text, word, n) != 0)
        return false;
    negative = (*text)[n] == '-';
    *text += n + negative;
    *number = 0;
    for (; **text >= '0' && **text <= '9' && *number <= INT_MAX; (*text)++)
        *number = 10 * *number + (**text - '0');
    *number = negative ? -*number : *number;
    return *number <= INT_MAX && *number >= -INT_MAX;
}

static bool parse(const char *text, struct fa_cudnn_choice *choice)
{
    int64_t type;

    *choice = (struct fa_cudnn_choice){0};
    if (!take(&text, "eng", &choice->engine))
        return false;
    while (*text != '\0') {
        if (choice->n_knobs == FA_CUDNN_MOST_KNOBS || !take(&text, "_k", &type) ||
            !take(&text, "=", &choice->knob[choice->n_knobs].value))
            return false;
        choice->knob[choice->n_knobs++].type = (int)type;
    }
    return true;
}

fa_status fa_cudnn_choice_parse(const char *text, struct fa_cudnn_choice *choice)
{
    char printed[FA_CUDNN_CHOICE_TEXT_MAX];

    if (parse(text, choice)) {
        fa_cudnn_choice_print(choice, printed);
        if (strcmp(printed, text) == 0)
            return FA_OK;
    }
    return fa_fail(FA_EFORMAT, "\"%s\" is not the name of an engine of cuDNN, such as eng41_k2=8", text);
}
