#include "loss_workspace.h"

#include <omp.h>

#include "fa/memory.h"

fa_status fa_loss_workspace_create(int n_threads, struct fa_loss_workspace **out)
{
    fa_status status = fa_alloc_zero(1, sizeof **out, out);

    if (status == FA_OK)
        (*out)->n_threads = n_threads > 0 ? n_threads : omp_get_max_threads();
    return status;
}

void fa_loss_workspace_destroy(struct fa_loss_workspace *workspace)
{
    if (workspace == NULL)
        return;
    fa_free(workspace->predicted);
    fa_free(workspace->block_loss);
    fa_free(workspace->best_iou);
    fa_free(workspace->bags);
    fa_free(workspace->bag_items);
    fa_free(workspace->bag_gradients);
    fa_free(workspace->members);
    fa_free(workspace->tables);
    fa_free(workspace->rows);
    fa_free(workspace->assigned);
    fa_free(workspace->assigned_iou);
    fa_free(workspace->candidates);
    fa_free(workspace);
}

/* Makes *block hold n items, losing its content; the room is noted by the caller. */
static fa_status regrow(void *block, size_t n, size_t size)
{
    void **pointer = block;

    fa_free(*pointer);
    *pointer = NULL;
    return fa_alloc(n, size, block);
}

static fa_status reserve_anchors(struct fa_loss_workspace *workspace, size_t n)
{
    fa_status status;

    if (n <= workspace->room_anchors)
        return FA_OK;
    workspace->room_anchors = 0;
    status = regrow(&workspace->predicted, n, 4 * sizeof(float));
    if (status == FA_OK)
        status = regrow(&workspace->block_loss, fa_box_block_count(n), FA_LOSS_PARTS * sizeof(double));
    if (status == FA_OK)
        workspace->room_anchors = n;
    return status;
}

static fa_status reserve_objects(struct fa_loss_workspace *workspace, size_t n)
{
    fa_status status;

    if (n <= workspace->room_objects)
        return FA_OK;
    workspace->room_objects = 0;
    status = regrow(&workspace->best_iou, n, sizeof(float));
    if (status == FA_OK)
        status = regrow(&workspace->bags, n, sizeof(struct fa_ranking));
    if (status == FA_OK)
        workspace->room_objects = n;
    return status;
}

static fa_status reserve_bags(struct fa_loss_workspace *workspace, size_t n_objects, size_t bag)
{
    size_t n;
    fa_status status = FA_OK;

    if (!fa_size_mul(n_objects, bag, &n))
        return fa_fail(FA_ENOMEM, "%zu bags of %zu anchors are more than can be counted", n_objects, bag);
    if (n > workspace->room_bags) {
        workspace->room_bags = 0;
        status = regrow(&workspace->bag_items, n, sizeof(struct fa_ranked));
        if (status == FA_OK)
            status = regrow(&workspace->bag_gradients, n, sizeof(struct fa_bag_gradient));
        if (status == FA_OK)
            workspace->room_bags = n;
    }
    if (status == FA_OK && bag > workspace->room_members) {
        workspace->room_members = 0;
        status = regrow(&workspace->members, bag, sizeof(struct fa_bag_member));
        if (status == FA_OK)
            workspace->room_members = bag;
    }
    return status;
}

static fa_status reserve_tables(struct fa_loss_workspace *workspace, size_t num_classes)
{
    size_t n = (size_t)workspace->n_threads * num_classes;
    fa_status status;

    if (n <= workspace->room_tables)
        return FA_OK;
    workspace->room_tables = 0;
    status = regrow(&workspace->tables, n, FA_BOX_BLOCK * sizeof(float));
    if (status == FA_OK)
        status = regrow(&workspace->rows, n, sizeof(fa_real));
    if (status == FA_OK)
        workspace->room_tables = n;
    return status;
}

fa_status fa_loss_workspace_reserve(struct fa_loss_workspace *workspace, size_t n_anchors, size_t n_objects,
                                    size_t bag, size_t num_classes)
{
    fa_status status = reserve_anchors(workspace, n_anchors);

    if (status == FA_OK)
        status = reserve_objects(workspace, n_objects);
    if (status == FA_OK)
        status = reserve_bags(workspace, n_objects, bag);
    if (status == FA_OK)
        status = reserve_tables(workspace, num_classes);
    return status;
}

static fa_status reserve_assigned(struct fa_loss_workspace *workspace, size_t n)
{
    if (n <= workspace->room_assigned)
        return FA_OK;
    workspace->room_assigned = 0;
    FA_TRY(regrow(&workspace->assigned, n, sizeof(int32_t)));
    FA_TRY(regrow(&workspace->assigned_iou, n, sizeof(float)));
    workspace->room_assigned = n;
    return FA_OK;
}

fa_status fa_loss_workspace_reserve_claims(struct fa_loss_workspace *workspace, size_t n_anchors,
                                           size_t n_positions, size_t per_position)
{
    const size_t n = n_positions * (1 + per_position); /* at most twice the anchors */

    FA_TRY(reserve_assigned(workspace, n_anchors));
    if (n <= workspace->room_candidates)
        return FA_OK;
    workspace->room_candidates = 0;
    FA_TRY(regrow(&workspace->candidates, n, sizeof(struct fa_ranked)));
    workspace->room_candidates = n;
    return FA_OK;
}
