/*
 * same.c - ranks that should hold the same tell what differs.
 *
 * Rank 0 sends all its claims; every rank compares them with its own, and those that differ say so by the
 * agreement of all. So the message is that of the lowest such rank, and costs nothing where all is well but
 * one broadcast.
 */
#include <string.h>

#include "comm_private.h"
#include "fa/memory.h"

/* Claims as they travel: "what" and "value", each with its terminating 0. */
struct letter {
    uint64_t n_bytes;
    char host[FA_HOST_MAX]; /* of the rank that wrote it */
    char *text;
};

static fa_status write_letter(const struct fa_comm *comm, const struct fa_claim *claims, size_t n,
                              struct letter *letter)
{
    char *at;

    memcpy(letter->host, comm->host, sizeof letter->host);
    letter->n_bytes = 0;
    for (size_t i = 0; i < n; i++)
        letter->n_bytes += strlen(claims[i].what) + strlen(claims[i].value) + 2;
    FA_TRY(fa_alloc((size_t)letter->n_bytes, 1, &letter->text));
    at = letter->text;
    for (size_t i = 0; i < n; i++) {
        at = stpcpy(at, claims[i].what) + 1;
        at = stpcpy(at, claims[i].value) + 1;
    }
    return FA_OK;
}

/* Collective. On rank 0 mine is sent, and *first stays empty. */
static fa_status send_to_all(struct fa_comm *comm, const struct letter *mine, struct letter *first)
{
    struct letter head = *mine;
    fa_status status = FA_OK;

    fa_comm_broadcast(comm, &head, offsetof(struct letter, text), 0);
    if (comm->rank != 0) {
        memcpy(first->host, head.host, sizeof first->host);
        first->n_bytes = head.n_bytes;
        status = fa_alloc((size_t)head.n_bytes, 1, &first->text);
    }
    FA_TRY(fa_comm_agree(comm, status));
    fa_comm_broadcast(comm, comm->rank == 0 ? mine->text : first->text, (size_t)head.n_bytes, 0);
    return FA_OK;
}

/* The text after this one; NULL at the end. */
static const char *next(const struct letter *letter, const char *text)
{
    text += strlen(text) + 1;
    return text < letter->text + letter->n_bytes ? text : NULL;
}

static const char *begin(const struct letter *letter)
{
    return letter->n_bytes > 0 ? letter->text : NULL;
}

static fa_status compare(const struct letter *mine, const struct letter *first)
{
    const char *a = begin(mine), *b = begin(first);

    while (a != NULL && b != NULL && strcmp(a, b) == 0) {
        const char *what = a;

        a = next(mine, a);
        b = next(first, b);
        if (strcmp(a, b) != 0)
            return fa_fail(FA_EINVAL,
                           "%s is %.200s here and %.200s on rank 0 (%s); it must be the same on all ranks",
                           what, a, b, first->host);
        a = next(mine, a);
        b = next(first, b);
    }
    if (a == NULL && b == NULL)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "the next argument is %s here and %s on rank 0 (%s); it must be the same on all ranks",
                   a != NULL ? a : "nothing", b != NULL ? b : "nothing", first->host);
}

fa_status fa_comm_same(struct fa_comm *comm, const struct fa_claim *claims, size_t n)
{
    struct letter mine = {0}, first = {0};
    fa_status status = fa_comm_agree(comm, write_letter(comm, claims, n, &mine));

    if (status == FA_OK)
        status = send_to_all(comm, &mine, &first);
    if (status == FA_OK)
        status = fa_comm_agree(comm, comm->rank == 0 ? FA_OK : compare(&mine, &first));
    fa_free(first.text);
    fa_free(mine.text);
    return status;
}
