/*
 * cmd_pack.c - freeanchor pack: annotations and a folder of images into checked shards.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "fa/log.h"
#include "fa/shard.h"

static const struct fa_flag flags[] = {
    {"--annotations", "PATH",
     "a COCO JSON, a folder of Pascal VOC, YOLO or LabelMe files, or an XML of CVAT for images", false},
    {"--format", "F", "coco, voc, yolo, labelme or cvat (default: as what is there tells)", false},
    {"--coco", "A.json", "short for --annotations A.json --format coco", false},
    {"--classes", "LIST",
     "the classes in their order: names with commas between, or a file with a name a line (default: as the "
     "annotations name them)",
     false},
    {"--images", "DIR", "folder that the file names in them are relative to", true},
    {"--out", "SHARDDIR", "gets the shards; a dataset already there is replaced when the new one is complete",
     true},
    {"--shard-mib", "N", "size of a shard (default 256)", false, FA_WHOLE(1, 1048576)},
    {"--fix", "HOW", "bad boxes, annotations and images: error (default), drop, or clip boxes to the image",
     false},
    {"--exif", "HOW",
     "turn images as their EXIF data say: apply, ignore, or decide once for all by the sizes in A.json "
     "(default)",
     false},
    {"--follow-links", NULL, "of --images, take files that symbolic links outside of it lead to", false},
    {0}};

/* The place of the flag's value among three, the first being the default. */
static fa_status parse_choice(const struct fa_arguments *given, const char *flag, const char *const known[3],
                              int *choice)
{
    const char *text = fa_arguments_get(given, flag);

    *choice = 0;
    if (text == NULL)
        return FA_OK;
    for (int i = 0; i < 3; i++)
        if (strcmp(known[i], text) == 0) {
            *choice = i;
            return FA_OK;
        }
    return fa_fail(FA_EINVAL, "%s %s: expected %s, %s or %s", flag, text, known[0], known[1], known[2]);
}

static fa_status parse_choices(const struct fa_arguments *given, struct fa_pack_config *config)
{
    static const char *const fixes[3] = {
        [FA_PACK_ERROR] = "error", [FA_PACK_DROP] = "drop", [FA_PACK_CLIP] = "clip"};
    static const char *const exifs[3] = {
        [FA_PACK_EXIF_DECIDE] = "decide", [FA_PACK_EXIF_APPLY] = "apply", [FA_PACK_EXIF_IGNORE] = "ignore"};
    int fix, exif;

    FA_TRY(parse_choice(given, "--fix", fixes, &fix));
    FA_TRY(parse_choice(given, "--exif", exifs, &exif));
    config->fix = (enum fa_pack_fix)fix;
    config->exif = (enum fa_pack_exif)exif;
    config->follow_links = fa_arguments_get(given, "--follow-links") != NULL;
    return FA_OK;
}

static fa_status parse_format(const char *name, enum fa_annotation_format *format)
{
    *format = FA_ANNOTATIONS_BY_CONTENT;
    if (name == NULL)
        return FA_OK;
    for (int f = 0; f < FA_N_ANNOTATION_FORMATS; f++)
        if (strcmp(fa_annotation_format_names[f], name) == 0) {
            *format = (enum fa_annotation_format)f;
            return FA_OK;
        }
    return fa_fail(FA_EINVAL, "--format %s: expected coco, voc, yolo, labelme or cvat", name);
}

static fa_status parse_annotations(const struct fa_arguments *given, struct fa_pack_config *config)
{
    const char *coco = fa_arguments_get(given, "--coco");

    config->annotation_path = fa_arguments_get(given, "--annotations");
    config->classes = fa_arguments_get(given, "--classes");
    FA_TRY(parse_format(fa_arguments_get(given, "--format"), &config->format));
    if ((coco == NULL) == (config->annotation_path == NULL))
        return fa_fail(FA_EINVAL,
                       coco == NULL
                           ? "--annotations is missing: where the boxes are"
                           : "--coco and --annotations are both given; one says where the boxes are");
    if (coco == NULL)
        return FA_OK;
    config->annotation_path = coco;
    config->format = FA_ANNOTATIONS_COCO;
    return FA_OK;
}

static void report(struct fa_invocation *invocation, const struct fa_pack_report *packed, const char *out)
{
    printf("%zu image%s, %zu annotation%s, %.1f MiB in %zu shard%s in %s\n", packed->n_images,
           fa_plural(packed->n_images), packed->n_annotations, fa_plural(packed->n_annotations),
           (double)packed->n_bytes / 1048576, packed->n_shards, fa_plural(packed->n_shards), out);
    if (packed->n_dropped_images + packed->n_dropped_items + packed->n_dropped_boxes +
            packed->n_clipped_boxes >
        0)
        printf("dropped %zu image%s, %zu box%s and %zu other item%s, clipped %zu: each is a line in "
               "%s.rejected.txt\n",
               packed->n_dropped_images, fa_plural(packed->n_dropped_images), packed->n_dropped_boxes,
               packed->n_dropped_boxes == 1 ? "" : "es", packed->n_dropped_items,
               fa_plural(packed->n_dropped_items), packed->n_clipped_boxes, out);
    if (packed->n_oriented > 0)
        printf("turned by their EXIF orientation: %zu\n", packed->n_oriented);
    if (packed->n_exif_ignored > 0)
        printf("with an EXIF orientation that their annotations do not follow, which is ignored: %zu\n",
               packed->n_exif_ignored);
    if (packed->n_without_objects > 0)
        printf("without objects: %zu\n", packed->n_without_objects);
    fa_report_number(invocation, "images", (double)packed->n_images);
    fa_report_number(invocation, "annotations", (double)packed->n_annotations);
    fa_report_number(invocation, "objects", (double)packed->n_objects);
    fa_report_number(invocation, "shards", (double)packed->n_shards);
    fa_report_number(invocation, "dropped_images", (double)packed->n_dropped_images);
    fa_report_number(invocation, "dropped_items", (double)packed->n_dropped_items);
    fa_report_number(invocation, "dropped_boxes", (double)packed->n_dropped_boxes);
    fa_report_number(invocation, "clipped_boxes", (double)packed->n_clipped_boxes);
}

static fa_status run(struct fa_invocation *invocation)
{
    const struct fa_arguments *given = &invocation->arguments;
    struct fa_pack_config config = {.image_directory = fa_arguments_get(given, "--images"),
                                    .out_directory = fa_arguments_get(given, "--out"),
                                    .shard_bytes = (size_t)fa_arguments_whole(given, "--shard-mib", 256)
                                                   << 20,
                                    .n_threads = invocation->threads};
    struct fa_pack_report packed;

    FA_TRY(fa_invocation_no_operands(invocation));
    FA_TRY(parse_annotations(given, &config));
    FA_TRY(parse_choices(given, &config));
    FA_TRY(fa_pack(&config, &packed));
    report(invocation, &packed, config.out_directory);
    return FA_OK;
}

const struct fa_command fa_command_pack = {.name = "pack",
                                           .operands = "",
                                           .summary =
                                               "check annotations and their images and pack them into shards",
                                           .flags = flags,
                                           .run = run};
