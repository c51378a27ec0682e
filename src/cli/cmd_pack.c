/*
 * cmd_pack.c - freeanchor pack: annotations and a folder of images into checked shards.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/shard.h"

static const struct fa_flag flags[] = {
    {"--annotations", "PATH",
     "a COCO JSON, a folder of Pascal VOC, YOLO or LabelMe files, or an XML of CVAT for images; several "
     "times: "
     "all become one dataset",
     false},
    {"--format", "F", "coco, voc, yolo, labelme or cvat (default: found by looking); once, or for each",
     false},
    {"--coco", "A.json", "short for --annotations A.json --format coco", false},
    {"--classes", "LIST",
     "the classes in their order: names with commas between, or a file with a name a line (default: as the "
     "annotations name them)",
     false},
    {"--images", "DIR", "folder that the file names in them are relative to; once, or for each", true},
    {"--out", "SHARDDIR", "gets the shards; a dataset already there is replaced when the new one is complete",
     true},
    {"--split", "A/B",
     "shares of the images, such as 0.8/0.2 or 0.7/0.2/0.1, that go to SHARDDIR/train, SHARDDIR/val and "
     "SHARDDIR/test; which one is drawn from an image's bytes, so equal files stay together",
     false},
    {"--seed", "N", "of --split (default 0)", false, FA_WHOLE(0, FA_LARGEST_EXACT)},
    {"--shard-mib", "N", "size of a shard (default 256)", false, FA_WHOLE(1, 1048576)},
    {"--fix", "HOW", "bad boxes, annotations and images: error (default), drop, or clip boxes to the image",
     false},
    {"--exif", "HOW",
     "turn images as their EXIF data say: apply, ignore, or decide once for all by the sizes in A.json "
     "(default)",
     false},
    {"--follow-links", NULL, "also read images that links in --images point to outside of it", false},
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

/* ---- where the annotations are ---- */

static bool is_source(const struct fa_argument *argument)
{
    return argument->flag != NULL && (strcmp(argument->flag->name, "--annotations") == 0 ||
                                      strcmp(argument->flag->name, "--coco") == 0);
}

static size_t count(const struct fa_arguments *given, const char *flag)
{
    size_t n = 0;

    while (fa_arguments_nth(given, flag, n) != NULL)
        n++;
    return n;
}

/* What is given once counts for all. */
static fa_status require_one_or_each(const struct fa_arguments *given, const char *flag, size_t n_sources)
{
    const size_t n = count(given, flag);

    if (n <= 1 || n == n_sources)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "%s is given %zu times for %zu source%s of annotations; give it once, or for each", flag,
                   n, n_sources, fa_plural(n_sources));
}

/* Of source k, of those with --annotations the j-th. */
static fa_status parse_source(const struct fa_arguments *given, const struct fa_argument *argument, size_t k,
                              size_t j, struct fa_annotation_source *source)
{
    const bool is_coco = strcmp(argument->flag->name, "--coco") == 0;

    source->path = argument->value;
    source->follow_links = fa_arguments_get(given, "--follow-links") != NULL;
    source->image_directory = fa_arguments_nth(given, "--images", count(given, "--images") > 1 ? k : 0);
    source->format = FA_ANNOTATIONS_COCO;
    if (is_coco)
        return FA_OK;
    return parse_format(fa_arguments_nth(given, "--format", count(given, "--format") > 1 ? j : 0),
                        &source->format);
}

/* In the order of the command line; sources has room for all arguments. */
static fa_status parse_sources(const struct fa_arguments *given, struct fa_annotation_source *sources,
                               size_t *n)
{
    size_t n_with_format = 0;

    *n = 0;
    for (size_t i = 0; i < given->n; i++) {
        if (!is_source(&given->given[i]))
            continue;
        FA_TRY(parse_source(given, &given->given[i], *n, n_with_format, &sources[*n]));
        n_with_format += strcmp(given->given[i].flag->name, "--annotations") == 0;
        ++*n;
    }
    if (*n == 0)
        return fa_fail(FA_EINVAL, "--annotations is missing: where the boxes are");
    FA_TRY(require_one_or_each(given, "--images", *n));
    return require_one_or_each(given, "--format", n_with_format);
}

/* ---- a split ---- */

static fa_status parse_share(const char *text, const char *at, double *share)
{
    const struct fa_range range = FA_REAL(0.001, 0.999);
    char digits[32], what[64];

    snprintf(digits, sizeof digits, "%.*s", (int)strcspn(at, "/"), at);
    snprintf(what, sizeof what, "--split %.40s:", text);
    return fa_number_real(what, digits, &range, share);
}

static fa_status parse_split(const struct fa_arguments *given, struct fa_pack_split *split)
{
    const char *text = fa_arguments_get(given, "--split");
    double sum = 0;

    split->seed = (uint64_t)fa_arguments_whole(given, "--seed", 0);
    for (const char *at = text; at != NULL; at = strchr(at, '/') != NULL ? strchr(at, '/') + 1 : NULL) {
        if (split->n_parts == FA_PACK_MAX_PARTS)
            return fa_fail(FA_EINVAL, "--split %s: at most %d parts: train, val and test", text,
                           FA_PACK_MAX_PARTS);
        FA_TRY(parse_share(text, at, &split->share[split->n_parts]));
        sum += split->share[split->n_parts++];
    }
    if (text != NULL && !(fabs(sum - 1) < 1e-6))
        return fa_fail(FA_EINVAL, "--split %s: the shares are %g in all; they must be 1", text, sum);
    return FA_OK;
}

static void report_split(struct fa_invocation *invocation, const struct fa_pack_split *split,
                         const struct fa_pack_report *packed, const char *out)
{
    for (size_t k = 0; k < split->n_parts; k++) {
        printf("%s/%s: %zu image%s\n", out, fa_pack_part_names[k], packed->n_in_part[k],
               fa_plural(packed->n_in_part[k]));
        fa_report_number(invocation, fa_pack_part_names[k], (double)packed->n_in_part[k]);
    }
}

/* ---- the command ---- */

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

static fa_status parse(struct fa_invocation *invocation, struct fa_annotation_source *sources,
                       struct fa_pack_config *config)
{
    const struct fa_arguments *given = &invocation->arguments;

    config->sources = sources;
    config->classes = fa_arguments_get(given, "--classes");
    config->out_directory = fa_arguments_get(given, "--out");
    config->shard_bytes = (size_t)fa_arguments_whole(given, "--shard-mib", 256) << 20;
    config->n_threads = invocation->threads;
    FA_TRY(fa_invocation_no_operands(invocation));
    FA_TRY(parse_sources(given, sources, &config->n_sources));
    FA_TRY(parse_choices(given, config));
    FA_TRY(fa_invocation_needs(invocation, "--seed", "--split"));
    return parse_split(given, &config->split);
}

/* All ranks find the same, which one of them tells. */
static fa_status pack(struct fa_invocation *invocation, struct fa_annotation_source *sources)
{
    struct fa_pack_config config = {.team = NULL};
    struct fa_pack_report packed;
    struct fa_team team;

    FA_TRY(fa_invocation_agree(invocation, parse(invocation, sources, &config)));
    if (invocation->comm != NULL) {
        team = fa_comm_team(invocation->comm);
        config.team = &team;
    }
    if (!fa_invocation_speaks(invocation))
        fa_log_set_level(FA_LOG_ERROR);
    FA_TRY(fa_pack(&config, &packed));
    if (!fa_invocation_speaks(invocation))
        return FA_OK;
    report(invocation, &packed, config.out_directory);
    report_split(invocation, &config.split, &packed, config.out_directory);
    return FA_OK;
}

static fa_status run(struct fa_invocation *invocation)
{
    struct fa_annotation_source *sources = NULL;
    fa_status status = fa_alloc_zero(invocation->arguments.n, sizeof *sources, &sources);

    status = fa_invocation_agree(invocation, status);
    if (status == FA_OK)
        status = pack(invocation, sources);
    fa_free(sources);
    return status;
}

const struct fa_command fa_command_pack = {.name = "pack",
                                           .operands = "",
                                           .summary =
                                               "check annotations and their images and pack them into shards",
                                           .flags = flags,
                                           .parallel = true,
                                           .lone_without_mpi = true,
                                           .run = run};
