#include "pack_exchange.h"

#include <string.h>

#include "fa/memory.h"

/* A message: n checks, with the length of the complaint in its place, and the complaints end to end. */
struct told {
    struct fa_image_check check;
    size_t n_complaint; /* with its 0; 0: none */
};

static size_t complaint_bytes(const struct fa_image_check *check)
{
    return check->complaint != NULL ? strlen(check->complaint) + 1 : 0;
}

static fa_status print(const struct fa_image_check *checks, size_t n, size_t first, size_t stride,
                       uint8_t **message, size_t *n_bytes)
{
    size_t at = 0, texts = 0, n_own = 0;

    for (size_t i = first; i < n; i += stride, n_own++)
        texts += complaint_bytes(&checks[i]);
    *n_bytes = n_own * sizeof(struct told) + texts;
    FA_TRY(fa_alloc_zero(*n_bytes, 1, message));
    texts = n_own * sizeof(struct told);
    for (size_t i = first; i < n; i += stride, at += sizeof(struct told)) {
        struct told told = {.check = checks[i], .n_complaint = complaint_bytes(&checks[i])};

        told.check.complaint = NULL;
        memcpy(*message + at, &told, sizeof told);
        memcpy(*message + texts, checks[i].complaint != NULL ? checks[i].complaint : "", told.n_complaint);
        texts += told.n_complaint;
    }
    return FA_OK;
}

static fa_status take(const uint8_t *message, size_t n_bytes, struct fa_image_check *checks, size_t n,
                      size_t first, size_t stride)
{
    const size_t n_checks = n > first ? (n - first + stride - 1) / stride : 0;
    size_t at = n_checks * sizeof(struct told);

    if (at > n_bytes)
        return fa_fail(FA_EFORMAT, "rank %zu has looked at fewer images than are its part", first);
    for (size_t i = first, k = 0; i < n; i += stride, k++) {
        struct told told;

        memcpy(&told, message + k * sizeof told, sizeof told);
        checks[i] = told.check;
        if (told.n_complaint > n_bytes - at)
            return fa_fail(FA_EFORMAT, "the message of rank %zu is cut off", first);
        if (told.n_complaint > 0)
            FA_TRY(fa_strdup((const char *)message + at, &checks[i].complaint));
        at += told.n_complaint;
    }
    return FA_OK;
}

static fa_status tell(struct fa_image_check *checks, size_t n, const struct fa_team *team, int root)
{
    const size_t first = (size_t)root, stride = (size_t)fa_team_size(team);
    const bool is_root = fa_team_rank(team) == root;
    uint8_t *message = NULL;
    size_t n_bytes = 0;
    fa_status status = is_root ? print(checks, n, first, stride, &message, &n_bytes) : FA_OK;

    status = fa_team_agree(team, status);
    if (status == FA_OK)
        status = fa_team_hand_out(team, &message, &n_bytes, root);
    if (status == FA_OK)
        status = fa_team_agree(team, is_root ? FA_OK : take(message, n_bytes, checks, n, first, stride));
    fa_free(message);
    return status;
}

fa_status fa_image_checks_exchange(struct fa_image_check *checks, size_t n, const struct fa_team *team)
{
    for (int root = 0; fa_team_size(team) > 1 && root < fa_team_size(team); root++)
        FA_TRY(tell(checks, n, team, root));
    return FA_OK;
}
