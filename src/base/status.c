#include "fa/status.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fa/printable.h"

static _Thread_local char message[FA_MESSAGE_MAX];

/* A message is composed aside, so that one of its arguments may be the message before it. Names in it may
   come from anywhere: only what may be shown is kept of them. */
struct draft {
    char text[FA_MESSAGE_MAX];
    size_t used; /* length of text */
};

static void draft_print(struct draft *draft, const char *format, va_list arguments)
{
    char raw[FA_MESSAGE_MAX];

    vsnprintf(raw, sizeof raw, format, arguments);
    fa_printable(raw, strlen(raw), draft->text, sizeof draft->text);
    draft->used = strlen(draft->text);
}

static void draft_append(struct draft *draft, const char *text)
{
    size_t n = strnlen(text, sizeof draft->text - 1 - draft->used);

    memcpy(draft->text + draft->used, text, n);
    draft->used += n;
    draft->text[draft->used] = '\0';
}

static void draft_keep(const struct draft *draft)
{
    memcpy(message, draft->text, draft->used + 1);
}

fa_status fa_fail(fa_status code, const char *format, ...)
{
    struct draft draft;
    va_list arguments;

    assert(code != FA_OK);
    va_start(arguments, format);
    draft_print(&draft, format, arguments);
    va_end(arguments);
    draft_keep(&draft);
    return code;
}

fa_status fa_fail_errno(fa_status code, int error, const char *format, ...)
{
    struct draft draft;
    char reason[128];
    va_list arguments;

    assert(code != FA_OK);
    va_start(arguments, format);
    draft_print(&draft, format, arguments);
    va_end(arguments);
    draft_append(&draft, ": ");
    draft_append(&draft, strerror_r(error, reason, sizeof reason));
    draft_keep(&draft);
    return code == FA_EIO && (error == ENOSPC || error == EDQUOT) ? FA_EFULL : code;
}

fa_status fa_prefix(fa_status status, const char *format, ...)
{
    struct draft draft;
    va_list arguments;

    if (status == FA_OK)
        return FA_OK;
    va_start(arguments, format);
    draft_print(&draft, format, arguments);
    va_end(arguments);
    draft_append(&draft, ": ");
    draft_append(&draft, message);
    draft_keep(&draft);
    return status;
}

const char *fa_message(void)
{
    return message;
}

fa_status fa_status_forward(fa_status status, const char *text)
{
    struct draft draft = {.used = 0};

    if (status == FA_OK)
        return FA_OK;
    draft_append(&draft, text);
    draft_keep(&draft);
    return status;
}

const char *fa_status_name(fa_status status)
{
    static const char *const names[FA_STATUS_COUNT] = {
        [FA_OK] = "FA_OK",           [FA_EINVAL] = "FA_EINVAL",
        [FA_EFORMAT] = "FA_EFORMAT", [FA_EMISSING] = "FA_EMISSING",
        [FA_EIO] = "FA_EIO",         [FA_EFULL] = "FA_EFULL",
        [FA_ENOMEM] = "FA_ENOMEM",   [FA_ENUMERIC] = "FA_ENUMERIC",
        [FA_EREMOTE] = "FA_EREMOTE", [FA_ESTOPPED] = "FA_ESTOPPED",
    };

    return (unsigned)status < FA_STATUS_COUNT ? names[status] : "unknown status";
}

int fa_status_exit_code(fa_status status)
{
    switch (status) {
    case FA_OK:
        return 0;
    case FA_EINVAL:
    case FA_EFORMAT:
    case FA_EMISSING:
        return 2; /* the user's to mend: usage, configuration or input */
    case FA_ESTOPPED:
        return 85; /* "start me again" */
    default:
        return 1;
    }
}
