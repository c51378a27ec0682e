/*
 * status.h - how a function says that it failed, and why.
 *
 * A function that can fail for a reason outside the program returns fa_status and hands results out through
 * pointers. The one who knows the fact writes the message, once, with fa_fail(); everybody else passes the
 * status up unchanged. Only the command line prints it and turns it into an exit code.
 *
 * A message is one sentence saying what, where and what to do: "scene.json: annotation 17: category 9 is not
 * in `categories`; add it or remove the annotation". It is kept per thread; fa_status_forward() carries a
 * message from a worker thread to the one that waits for it. Names in it are made harmless by themselves
 * (printable.h).
 */
#ifndef FA_STATUS_H
#define FA_STATUS_H

#include <stddef.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

enum fa_status_code {
    FA_OK = 0,
    FA_EINVAL,   /* wrong usage, configuration or argument */
    FA_EFORMAT,  /* a file or message is damaged, or is not what it claims to be */
    FA_EMISSING, /* a file or folder that was named is not there */
    FA_EIO,      /* the operating system refused: open, read, write, sync */
    FA_EFULL,    /* it refused for want of room on a disk, or in a quota */
    FA_ENOMEM,   /* memory is exhausted, or a size overflows */
    FA_ENUMERIC, /* a loss or gradient is not finite, or ranks computed different numbers */
    FA_EREMOTE,  /* another rank failed; the message names it */
    FA_ESTOPPED, /* stopped on request, state saved */
    FA_STATUS_COUNT
};

typedef enum fa_status_code fa_status;

#define FA_CHECK_RESULT        __attribute__((warn_unused_result))
#define FA_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Longest message, terminator included; longer ones are cut. */
#define FA_MESSAGE_MAX 1024

/* Records the message of this thread and returns code, which must not be FA_OK. */
fa_status fa_fail(fa_status code, const char *format, ...) FA_PRINTF(2, 3) FA_CHECK_RESULT;

/* As fa_fail, with ": " and the text of the given errno appended. FA_EIO for want of room becomes FA_EFULL.
 */
fa_status fa_fail_errno(fa_status code, int error, const char *format, ...) FA_PRINTF(3, 4) FA_CHECK_RESULT;

/* Puts "<context>: " before the message of this thread and returns status; FA_OK passes untouched. */
fa_status fa_prefix(fa_status status, const char *format, ...) FA_PRINTF(2, 3) FA_CHECK_RESULT;

/* The message of this thread's last failure; "" if it never failed. Valid until the thread's next failure. */
const char *fa_message(void);

/* Makes a failure that happened elsewhere (thread, rank) this thread's own. */
fa_status fa_status_forward(fa_status status, const char *message);

/* "FA_EFORMAT" and the like. */
const char *fa_status_name(fa_status status);

/* The exit code of the program for this status: 0, 1, 2 or 85. */
int fa_status_exit_code(fa_status status);

/* Returns from the calling function, which owns nothing yet, if the expression fails. */
#define FA_TRY(expression)                                                                                   \
    do {                                                                                                     \
        fa_status fa_try_status_ = (expression);                                                             \
        if (fa_try_status_ != FA_OK)                                                                         \
            return fa_try_status_;                                                                           \
    } while (0)

FA_END_DECLARATIONS

#endif
