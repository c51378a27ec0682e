/*
 * atss.c - adaptive training sample selection: object by object the candidates of all levels, the threshold
 * that their overlaps set, and the claims on anchors that follow.
 */
#include "atss.h"

#include <math.h>

#include "assigned_loss.h"
#include "loss_workspace.h"

/* How the anchors of a head lie. */
struct layout {
    const struct fa_head_view *head;
    size_t levels, per_position;
};

static struct layout layout_of(const struct fa_head_view *head)
{
    return (struct layout){.head = head,
                           .levels = head->n_levels > 0 ? (size_t)head->n_levels : 1,
                           .per_position = head->per_position > 0 ? (size_t)head->per_position : 1};
}

static size_t level_begin(const struct layout *layout, size_t level)
{
    if (level == layout->levels)
        return layout->head->n_anchors;
    return layout->head->n_levels > 0 ? layout->head->level_first[level] : 0;
}

/* Levels follow one another and hold whole positions. */
static fa_status check_layout(const struct layout *layout)
{
    if (layout->head->n_levels > 0 && layout->head->level_first == NULL)
        return fa_fail(FA_EINVAL, "a head of %d levels does not say where they begin",
                       layout->head->n_levels);
    for (size_t level = 0; level < layout->levels; level++) {
        const size_t begin = level_begin(layout, level), end = level_begin(layout, level + 1);

        if (begin > end || end > layout->head->n_anchors || (end - begin) % layout->per_position != 0)
            return fa_fail(
                FA_EINVAL,
                "level %zu of a head of %zu anchors goes from %zu to %zu, with %zu at a position; levels "
                "follow one another and hold whole positions",
                level, layout->head->n_anchors, begin, end, layout->per_position);
    }
    if (level_begin(layout, 0) != 0)
        return fa_fail(FA_EINVAL, "the first level of a head begins with anchor %zu, not 0",
                       level_begin(layout, 0));
    return FA_OK;
}

/* Of a level's positions, so many are taken. */
static size_t taken_of_level(const struct layout *layout, size_t level, size_t k)
{
    const size_t positions =
        (level_begin(layout, level + 1) - level_begin(layout, level)) / layout->per_position;

    return positions < k ? positions : k;
}

static size_t taken_of_all(const struct layout *layout, size_t k)
{
    size_t n = 0;

    for (size_t level = 0; level < layout->levels; level++)
        n += taken_of_level(layout, level, k);
    return n;
}

/* ---- the candidates of an object ---- */

/* Of the two centres; for comparing alone. */
static float squared_distance(const float a[4], const float b[4])
{
    const float dx = (a[0] + a[2]) * 0.5f - (b[0] + b[2]) * 0.5f;
    const float dy = (a[1] + a[3]) * 0.5f - (b[1] + b[3]) * 0.5f;

    return dx * dx + dy * dy;
}

/* A position lies where its first anchor has its centre; of equally near ones the first comes first. */
static void rank_positions(const struct layout *layout, size_t level, const float object[4],
                           struct fa_ranking *nearest)
{
    const float *anchors = layout->head->anchors;
    const size_t end = level_begin(layout, level + 1);

    for (size_t j = level_begin(layout, level); j < end; j += layout->per_position) {
        const float nearness = -squared_distance(anchors + 4 * j, object);

        if (fa_ranking_wants(nearest, nearness))
            fa_ranking_offer(nearest, nearness, j);
    }
}

/* The anchors of some positions, and what they overlap. */
static void add_candidates(const struct layout *layout, const struct fa_ranking *positions,
                           const float object[4], struct fa_ranking *candidates)
{
    for (size_t i = 0; i < positions->n; i++)
        for (size_t a = 0; a < layout->per_position; a++) {
            const size_t j = positions->items[i].index + a;

            candidates->items[candidates->n++] =
                (struct fa_ranked){.value = fa_box_iou(object, layout->head->anchors + 4 * j), .index = j};
        }
}

static void find_candidates(const struct layout *layout, size_t k, const float object[4],
                            struct fa_ranked *positions, struct fa_ranking *candidates)
{
    candidates->n = 0;
    for (size_t level = 0; level < layout->levels; level++) {
        struct fa_ranking nearest = {.capacity = taken_of_level(layout, level, k), .items = positions};

        if (nearest.capacity > 0)
            rank_positions(layout, level, object, &nearest);
        add_candidates(layout, &nearest, object, candidates);
    }
}

/* ---- claims ---- */

/* Mean and standard deviation, which is 0 of a single one. The mean of equal overlaps is exact. */
static double threshold_of(const struct fa_ranking *candidates)
{
    const size_t n = candidates->n;
    double sum = 0, squares = 0, mean;

    for (size_t i = 0; i < n; i++)
        sum += (double)candidates->items[i].value;
    mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double error = (double)candidates->items[i].value - mean;

        squares += error * error;
    }
    return n > 1 ? mean + sqrt(squares / (double)(n - 1)) : mean;
}

static bool has_its_centre_in(const float anchor[4], const float object[4])
{
    const float x = (anchor[0] + anchor[2]) * 0.5f, y = (anchor[1] + anchor[3]) * 0.5f;

    return x > object[0] && x < object[2] && y > object[1] && y < object[3];
}

/* Of objects that overlap an anchor equally the first has it. */
static void claim(const struct layout *layout, int32_t index, const float object[4],
                  const struct fa_ranking *candidates, struct fa_loss_workspace *workspace)
{
    const double threshold = threshold_of(candidates);

    for (size_t i = 0; i < candidates->n; i++) {
        const float iou = candidates->items[i].value;
        const size_t j = candidates->items[i].index;

        if ((double)iou < threshold || !has_its_centre_in(layout->head->anchors + 4 * j, object) ||
            (workspace->assigned[j] >= 0 && iou <= workspace->assigned_iou[j]))
            continue;
        workspace->assigned[j] = index;
        workspace->assigned_iou[j] = iou;
    }
}

static void read_assigned(const struct fa_assignment *assignment, const struct fa_box_block *anchors,
                          int32_t assigned[FA_BOX_BLOCK])
{
    for (size_t k = 0; k < anchors->n; k++)
        assigned[k] = assignment->assigned[anchors->first + k];
}

static fa_status select_samples(const struct fa_loss_config *config, const struct fa_head_view *head,
                                const struct fa_objects *objects, struct fa_loss_workspace *workspace,
                                struct fa_assignment *assignment)
{
    const struct layout layout = layout_of(head);
    const size_t k = (size_t)config->atss.k;
    struct fa_ranking candidates;
    size_t n_positions;

    if (config->atss.k < 1)
        return fa_fail(FA_EINVAL, "ATSS takes at least the nearest position of a level, not %d",
                       config->atss.k);
    FA_TRY(check_layout(&layout));
    n_positions = taken_of_all(&layout, k);
    FA_TRY(fa_loss_workspace_reserve(workspace, head->n_anchors, objects->n, 0, 0));
    FA_TRY(fa_loss_workspace_reserve_claims(workspace, head->n_anchors, n_positions, layout.per_position));
    candidates = (struct fa_ranking){.items = workspace->candidates + n_positions};
    for (size_t j = 0; j < head->n_anchors; j++)
        workspace->assigned[j] = FA_ANCHOR_NEGATIVE;
    for (size_t i = 0; i < objects->n; i++) {
        const float *object = objects->boxes + 4 * i;

        find_candidates(&layout, k, object, workspace->candidates, &candidates);
        claim(&layout, (int32_t)i, object, &candidates, workspace);
    }
    *assignment = (struct fa_assignment){.of_block = read_assigned, .assigned = workspace->assigned};
    return FA_OK;
}

/* ---- the loss ---- */

fa_status fa_atss_share(const struct fa_loss_config *config, const struct fa_head_view *head,
                        const struct fa_objects *objects, struct fa_loss_workspace *workspace, double *share)
{
    struct fa_assignment assignment;

    FA_TRY(select_samples(config, head, objects, workspace, &assignment));
    *share = fa_assigned_share(&assignment, head, workspace);
    return FA_OK;
}

fa_status fa_atss_loss(const struct fa_loss_config *config, const struct fa_head_view *head,
                       const struct fa_objects *objects, double normalizer,
                       struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                       fa_real *grad_reg)
{
    struct fa_assignment assignment;

    FA_TRY(select_samples(config, head, objects, workspace, &assignment));
    fa_assigned_loss(&assignment, config, head, objects, normalizer, workspace, loss, grad_cls, grad_reg);
    return FA_OK;
}
