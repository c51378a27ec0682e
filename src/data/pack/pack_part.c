#include "pack_part.h"

#include <inttypes.h>

#include "fa/hash.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "fa/shard.h"
#include "shards/shard_write.h"

static bool is_first(const struct fa_team *team)
{
    return fa_team_rank(team) == 0;
}

fa_status fa_pack_part_open(const char *out_directory, const struct fa_team *team, struct fa_pack_part *part)
{
    fa_status status = is_first(team) ? fa_pack_stage_open(out_directory, &part->stage) : FA_OK;

    FA_TRY(fa_team_agree(team, status));
    if (!is_first(team))
        status = fa_pack_stage_join(out_directory, &part->stage);
    return fa_team_agree(team, status);
}

uint64_t fa_pack_part_bytes(const struct fa_pack_part *part, size_t shard_bytes)
{
    uint64_t n_bytes = 0;

    for (size_t begin = 0; begin < part->plan.n_images;) {
        const size_t end = fa_pack_plan_cut(&part->plan, begin, shard_bytes);

        n_bytes += fa_shard_size(&part->plan, begin, end);
        begin = end;
    }
    return n_bytes;
}

/* ---- shards ---- */

static size_t count_shards(const struct fa_pack_plan *plan, size_t shard_bytes)
{
    size_t n = 0;

    for (size_t begin = 0; begin < plan->n_images; n++)
        begin = fa_pack_plan_cut(plan, begin, shard_bytes);
    return n;
}

/* Older programs read what has JPEGs alone. */
static int version_of(const struct fa_pack_plan *plan)
{
    for (size_t k = 0; k < plan->n_images; k++)
        if (plan->checks[plan->images[k]].codec != FA_CODEC_JPEG)
            return FA_MANIFEST_VERSION;
    return FA_MANIFEST_JPEGS;
}

/* What the manifest says of all shards before any is written. */
static fa_status begin_manifest(struct fa_pack_part *part, size_t shard_bytes)
{
    struct fa_manifest *manifest = &part->manifest;
    size_t begin = 0;

    manifest->n_shards = count_shards(&part->plan, shard_bytes);
    FA_TRY(fa_alloc_zero(manifest->n_shards, sizeof *manifest->shards, &manifest->shards));
    manifest->version = version_of(&part->plan);
    manifest->content_hash = FA_HASH_START;
    for (size_t i = 0; i < manifest->n_shards; i++) {
        const size_t end = fa_pack_plan_cut(&part->plan, begin, shard_bytes);

        FA_TRY(fa_shard_enter(&part->plan, begin, end, manifest, i));
        begin = end;
    }
    return FA_OK;
}

static fa_status write_shard(struct fa_pack_part *part, size_t number, size_t begin, size_t end)
{
    const struct fa_manifest_shard *entry = &part->manifest.shards[number];
    char name[FA_SHARD_NAME_MAX];
    struct fa_new_file *file;

    fa_shard_name(number, name);
    FA_TRY(fa_new_file_open_in(part->stage.directory, name, &file));
    FA_TRY(fa_new_file_finish(file, fa_shard_write(&part->plan, begin, end, file, &part->manifest, number)));
    fa_info("%s: %zu images, %zu annotations, %" PRIu64 " MiB", name, entry->n_records, entry->n_annotations,
            entry->n_bytes >> 20);
    return FA_OK;
}

static int writer_of(const struct fa_team *team, size_t number)
{
    return (int)(number % (size_t)fa_team_size(team));
}

static fa_status write_own_shards(struct fa_pack_part *part, size_t shard_bytes, const struct fa_team *team)
{
    size_t begin = 0;

    for (size_t i = 0; i < part->manifest.n_shards; i++) {
        const size_t end = fa_pack_plan_cut(&part->plan, begin, shard_bytes);

        if (writer_of(team, i) == fa_team_rank(team))
            FA_TRY(write_shard(part, i, begin, end));
        begin = end;
    }
    return FA_OK;
}

static fa_status finish_manifest(struct fa_pack_part *part, const struct fa_team *team)
{
    struct fa_manifest *manifest = &part->manifest;

    for (size_t i = 0; i < manifest->n_shards; i++)
        fa_team_broadcast(team, &manifest->shards[i], sizeof manifest->shards[i], writer_of(team, i));
    return fa_team_agree(team, is_first(team) ? fa_manifest_write(manifest, part->stage.directory) : FA_OK);
}

static fa_status verify(const struct fa_pack_part *part)
{
    struct fa_dataset *dataset = NULL;

    FA_TRY(fa_dataset_open(part->stage.staging, &dataset));
    fa_dataset_close(dataset);
    return FA_OK;
}

fa_status fa_pack_part_write(struct fa_pack_part *part, size_t shard_bytes, const struct fa_team *team)
{
    FA_TRY(fa_team_agree(team, begin_manifest(part, shard_bytes)));
    FA_TRY(fa_team_agree(team, write_own_shards(part, shard_bytes, team)));
    FA_TRY(finish_manifest(part, team));
    return fa_team_agree(team, is_first(team) ? verify(part) : FA_OK);
}

/* ---- the end ---- */

fa_status fa_pack_part_commit(struct fa_pack_part *part, const struct fa_team *team)
{
    return fa_team_agree(team, is_first(team) ? fa_pack_stage_commit(&part->stage) : FA_OK);
}

void fa_pack_part_close(struct fa_pack_part *part)
{
    fa_manifest_free(&part->manifest);
    fa_pack_plan_free(&part->plan);
    fa_pack_stage_close(&part->stage);
}
