/*
 * scenes.h - a small dataset of synthetic scenes, for tests that train and evaluate. Included once, by the
 * test.
 */
#ifndef FA_TESTS_SCENES_H
#define FA_TESTS_SCENES_H

#include "support.h"

#include "fa/shard.h"
#include "fa/synth.h"

/* Draws the scenes into <root>/scenes and packs them as <root>/<shards>; out_directory of the configuration
   is set here. */
static void make_scenes(const char *root, const char *shards, struct fa_synth_config scenes)
{
    const struct fa_annotation_source source = {.path = fa_test_path(root, "scenes/annotations.json"),
                                                .image_directory = fa_test_path(root, "scenes/images")};
    const struct fa_pack_config pack = {.sources = &source,
                                        .n_sources = 1,
                                        .out_directory = fa_test_path(root, shards),
                                        .shard_bytes = 1 << 20,
                                        .n_threads = 1};
    struct fa_pack_report report;

    scenes.out_directory = fa_test_path(root, "scenes");
    assert_ok(fa_synth(&scenes));
    assert_ok(fa_pack(&pack, &report));
}

#endif
