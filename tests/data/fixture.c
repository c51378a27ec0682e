#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/image.h"
#include "fa/memory.h"
#include "support.h"

void fixture_write(const char *path, const void *data, size_t n_bytes)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n_bytes, file), n_bytes);
    assert_int_equal(fclose(file), 0);
}

void fixture_write_text(const char *path, const char *text)
{
    fixture_write(path, text, strlen(text));
}

uint8_t *fixture_read(const char *path, size_t *n_bytes)
{
    char *data = NULL;

    assert_ok(fa_file_read(path, (size_t)1 << 30, &data, n_bytes));
    return (uint8_t *)data;
}

void fixture_flip_byte(const char *path, size_t offset)
{
    const int fd = open(path, O_RDWR);
    uint8_t byte;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
    close(fd);
}

void fixture_cut(const char *path, size_t n_bytes)
{
    assert_int_equal(truncate(path, (off_t)n_bytes), 0);
}

/* ---- images ---- */

/* An APP1 segment with one tag, orientation, in big-endian TIFF. */
static const uint8_t exif_segment[] = {
    0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
    0,    1,    1, 18, 0,   3,   0,   0,   0, 1, 0,   1,   0, 0,  0, 0, 0, 0,
};
#define EXIF_VALUE 29 /* where the orientation stands in it */

static void write_with_exif(const char *path, const uint8_t *jpeg, size_t n_bytes, int orientation)
{
    uint8_t *data = NULL;

    assert_ok(fa_alloc(n_bytes + sizeof exif_segment, 1, &data));
    memcpy(data, jpeg, 2);
    memcpy(data + 2, exif_segment, sizeof exif_segment);
    data[2 + EXIF_VALUE] = (uint8_t)orientation;
    memcpy(data + 2 + sizeof exif_segment, jpeg + 2, n_bytes - 2);
    fixture_write(path, data, n_bytes + sizeof exif_segment);
    fa_free(data);
}

void fixture_jpeg(const char *path, int w, int h, int seed, int orientation)
{
    struct fa_picture picture = {.w = w, .h = h};
    uint8_t *data = NULL;
    size_t n_bytes;

    assert_ok(fa_alloc((size_t)w * (size_t)h, 3, &picture.rgb));
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < 3; c++)
                picture.rgb[3 * ((size_t)y * (size_t)w + (size_t)x) + (size_t)c] =
                    (uint8_t)(x * (c + 1) + 3 * y + 37 * seed);
    assert_ok(fa_jpeg_encode(&picture, 90, false, NULL, &data, &n_bytes));
    if (orientation == 1)
        fixture_write(path, data, n_bytes);
    else
        write_with_exif(path, data, n_bytes, orientation);
    fa_free(data);
    fa_picture_free(&picture);
}

/* ---- scenes ---- */

int fixture_width(int i)
{
    return 64 + 8 * (i % 5);
}

int fixture_height(int i)
{
    return 48 + 4 * (i % 7);
}

static void write_annotation(FILE *file, int image, int k, bool *first)
{
    fprintf(file,
            "%s{\"id\": %d, \"image_id\": %d, \"category_id\": %d, \"bbox\": [%d, %.2f, %d, 20.25], "
            "\"area\": 405.5, \"iscrowd\": 0}",
            *first ? "" : ",\n", 100 * image + k, 10 + image, k == 0 ? 7 : 3, 2 + k, 3.5 + k, 20 + k);
    *first = false;
}

/* What was handed out last stays. */
static const struct fa_annotation_source *remember(const struct fa_annotation_source *source)
{
    static struct fa_annotation_source sources[64];
    static size_t n;

    sources[n % 64] = *source;
    return &sources[n++ % 64];
}

struct fa_pack_config fixture_config(const char *directory)
{
    return (struct fa_pack_config){
        .sources =
            remember(&(struct fa_annotation_source){.path = fa_test_path(directory, "coco.json"),
                                                    .image_directory = fa_test_path(directory, "images")}),
        .n_sources = 1,
        .out_directory = fa_test_path(directory, "out"),
        .shard_bytes = 8 << 10,
        .fix = FA_PACK_ERROR,
        .n_threads = 2,
    };
}

struct fa_pack_config fixture_scenes(const char *directory, int n)
{
    FILE *file = fopen(fa_test_path(directory, "coco.json"), "w");
    bool first = true;

    assert_non_null(file);
    assert_ok(fa_directory_make(fa_test_path(directory, "images")));
    fprintf(file, "{\"categories\": [{\"id\": 7, \"name\": \"cat\"}, {\"id\": 3, \"name\": \"dog\"}],\n");
    fprintf(file, "\"images\": [");
    for (int i = 0; i < n; i++) {
        char name[32];

        snprintf(name, sizeof name, "images/%d.jpg", i);
        fixture_jpeg(fa_test_path(directory, name), fixture_width(i), fixture_height(i), i, 1);
        fprintf(file, "%s{\"id\": %d, \"file_name\": \"%d.jpg\", \"width\": %d, \"height\": %d}",
                i > 0 ? ",\n" : "", 10 + i, i, fixture_width(i), fixture_height(i));
    }
    fprintf(file, "],\n\"annotations\": [");
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i % 3; k++)
            write_annotation(file, i, k, &first);
    fprintf(file, "]}\n");
    assert_int_equal(fclose(file), 0);
    return fixture_config(directory);
}

struct fa_dataset *fixture_dataset(const char *directory)
{
    const struct fa_pack_config config = fixture_config(directory);
    struct fa_pack_report report;
    struct fa_dataset *dataset = NULL;

    assert_ok(fa_pack(&config, &report));
    assert_ok(fa_dataset_open(config.out_directory, &dataset));
    return dataset;
}

bool fixture_contains(const char *path, const char *text)
{
    size_t n_bytes;
    uint8_t *data = fixture_read(path, &n_bytes);
    const bool found = strstr((const char *)data, text) != NULL;

    fa_free(data);
    return found;
}

const char *fixture_list(const char *directory)
{
    static char text[4096];
    char **names = NULL;
    size_t n = 0, used = 0;

    assert_ok(fa_directory_list(directory, &n, &names));
    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? " " : "", names[i]);
    fa_free(names);
    return text;
}
