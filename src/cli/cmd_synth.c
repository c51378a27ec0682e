/*
 * cmd_synth.c - freeanchor synth: a made-up dataset to try everything with.
 */
#include <stdio.h>

#include "command.h"
#include "fa/log.h"
#include "fa/synth.h"

static const struct fa_flag flags[] = {{"--out", "DIR", "gets images/*.jpg and annotations.json", true},
                                       {"--images", "N", "number of images (default 200)", false},
                                       {"--classes", "K", "number of classes, 1 to 20 (default 3)", false},
                                       {"--seed", "S", "another seed, other scenes (default 0)", false},
                                       {"--size", "WxH", "size of the images (default 320x240)", false},
                                       {0}};

static fa_status parse_size(const char *text, int *w, int *h)
{
    char rest;

    if (text == NULL)
        return FA_OK;
    if (sscanf(text, "%dx%d%c", w, h, &rest) != 2 || *w < 64 || *h < 64 || *w > 8192 || *h > 8192)
        return fa_fail(FA_EINVAL, "--size %s: expected WxH with sides from 64 to 8192, for example 320x240",
                       text);
    return FA_OK;
}

static fa_status run(struct fa_invocation *invocation)
{
    const struct fa_arguments *given = &invocation->arguments;
    struct fa_synth_config config = {.out_directory = fa_arguments_get(given, "--out"), .w = 320, .h = 240};
    long images, classes, seed;

    FA_TRY(fa_invocation_no_operands(invocation));
    FA_TRY(fa_arguments_int(given, "--images", 1, 10000000, 200, &images));
    FA_TRY(fa_arguments_int(given, "--classes", 1, 20, 3, &classes));
    FA_TRY(fa_arguments_int(given, "--seed", 0, 9007199254740992, 0, &seed));
    FA_TRY(parse_size(fa_arguments_get(given, "--size"), &config.w, &config.h));
    config.n_images = (size_t)images;
    config.n_classes = (int)classes;
    config.seed = (uint64_t)seed;
    FA_TRY(fa_synth(&config));
    printf("%ld image%s of %dx%d with %ld class%s in %s\n", images, fa_plural((size_t)images), config.w,
           config.h, classes, classes == 1 ? "" : "es", config.out_directory);
    fa_report_number(invocation, "images", (double)images);
    return FA_OK;
}

const struct fa_command fa_command_synth = {.name = "synth",
                                            .operands = "",
                                            .summary = "make synthetic scenes: JPEGs and a COCO JSON",
                                            .flags = flags,
                                            .run = run};
