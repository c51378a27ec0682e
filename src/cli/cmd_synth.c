/*
 * cmd_synth.c - freeanchor synth: a made-up dataset to try everything with.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "fa/log.h"
#include "fa/synth.h"

static const struct fa_flag flags[] = {
    {"--out", "DIR", "gets images/*.jpg and annotations.json", true},
    {"--images", "N", "number of images (default 200)", false, FA_WHOLE(1, 10000000)},
    {"--classes", "K", "number of classes (default 3)", false, FA_WHOLE(1, 20)},
    {"--seed", "S", "another seed, other scenes (default 0)", false, FA_WHOLE(0, FA_LARGEST_EXACT)},
    {"--size", "WxH", "size of the images (default 320x240)", false, FA_WHOLE(64, 8192), FA_LIST('x', 2)},
    {"--scenes", "KIND",
     "usual (default), crowded (up to 24 objects that hide each other), or elongated (3 to 12 times as long "
     "as wide)",
     false},
    {0}};

static fa_status choose_scenes(const struct fa_arguments *given, enum fa_synth_scenes *scenes)
{
    const char *word = fa_arguments_get(given, "--scenes");

    for (int i = 0; word != NULL && fa_synth_scene_names[i] != NULL; i++)
        if (strcmp(word, fa_synth_scene_names[i]) == 0) {
            *scenes = (enum fa_synth_scenes)i;
            return FA_OK;
        }
    if (word == NULL)
        return FA_OK;
    return fa_fail(FA_EINVAL, "--scenes %s: expected usual, crowded or elongated", word);
}

static fa_status run(struct fa_invocation *invocation)
{
    const struct fa_arguments *given = &invocation->arguments;
    int64_t size[FA_LIST_MAX] = {320, 240};
    struct fa_synth_config config = {.out_directory = fa_arguments_get(given, "--out"),
                                     .n_images = (size_t)fa_arguments_whole(given, "--images", 200),
                                     .n_classes = (int)fa_arguments_whole(given, "--classes", 3),
                                     .seed = (uint64_t)fa_arguments_whole(given, "--seed", 0)};

    FA_TRY(fa_invocation_no_operands(invocation));
    FA_TRY(choose_scenes(given, &config.scenes));
    fa_arguments_list(given, "--size", size);
    config.w = (int)size[0];
    config.h = (int)size[1];
    FA_TRY(fa_synth(&config));
    printf("%zu image%s of %dx%d with %d class%s in %s\n", config.n_images, fa_plural(config.n_images),
           config.w, config.h, config.n_classes, config.n_classes == 1 ? "" : "es", config.out_directory);
    fa_report_number(invocation, "images", (double)config.n_images);
    return FA_OK;
}

const struct fa_command fa_command_synth = {.name = "synth",
                                            .operands = "",
                                            .summary = "make synthetic scenes: JPEGs and a COCO JSON",
                                            .flags = flags,
                                            .run = run};
