#include "pack_plan.h"

#include "fa/memory.h"

static bool takes_image(const struct fa_pack_plan *plan, size_t image)
{
    return plan->checks[image].complaint == NULL &&
           (plan->part_of == NULL || plan->part_of[image] == plan->part);
}

static bool takes_annotation(const struct fa_pack_plan *plan, size_t annotation)
{
    return takes_image(plan, plan->coco->annotations[annotation].image) &&
           fa_box_is_packed(&plan->boxes[annotation]);
}

static void list_images(struct fa_pack_plan *plan)
{
    for (size_t i = 0; i < plan->coco->n_images; i++)
        if (takes_image(plan, i))
            plan->images[plan->n_images++] = i;
}

/* A counting sort by image: stable, so an image's annotations keep the order of the file. */
static void group_annotations(struct fa_pack_plan *plan, size_t *next)
{
    const struct fa_coco *coco = plan->coco;

    for (size_t a = 0; a < coco->n_annotations; a++)
        if (takes_annotation(plan, a))
            plan->first[coco->annotations[a].image + 1]++;
    for (size_t i = 0; i < coco->n_images; i++) {
        plan->first[i + 1] += plan->first[i];
        next[i] = plan->first[i];
    }
    for (size_t a = 0; a < coco->n_annotations; a++)
        if (takes_annotation(plan, a))
            plan->annotations[next[coco->annotations[a].image]++] = a;
}

fa_status fa_pack_plan_make(struct fa_pack_plan *plan)
{
    const struct fa_coco *coco = plan->coco;
    size_t *next = NULL;
    fa_status st = fa_alloc(coco->n_images, sizeof *next, &next);

    if (st == FA_OK)
        st = fa_alloc(coco->n_images, sizeof *plan->images, &plan->images);
    if (st == FA_OK)
        st = fa_alloc_zero(coco->n_images + 1, sizeof *plan->first, &plan->first);
    if (st == FA_OK)
        st = fa_alloc(coco->n_annotations, sizeof *plan->annotations, &plan->annotations);
    if (st == FA_OK) {
        list_images(plan);
        group_annotations(plan, next);
    } else {
        fa_pack_plan_free(plan);
    }
    fa_free(next);
    return st;
}

void fa_pack_plan_free(struct fa_pack_plan *plan)
{
    fa_free(plan->images);
    fa_free(plan->first);
    fa_free(plan->annotations);
    *plan = (struct fa_pack_plan){0};
}

size_t fa_pack_plan_cut(const struct fa_pack_plan *plan, size_t begin, size_t shard_bytes)
{
    size_t end = begin + 1, n_bytes = plan->checks[plan->images[begin]].n_bytes;

    while (end < plan->n_images) {
        const size_t next = plan->checks[plan->images[end]].n_bytes;

        if (n_bytes > shard_bytes || next > shard_bytes - n_bytes)
            break;
        n_bytes += next;
        end++;
    }
    return end;
}
