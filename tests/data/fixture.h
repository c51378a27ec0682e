/*
 * fixture.h - small data sets on disk for the tests of packing and loading.
 *
 * A failure here fails the running test.
 */
#ifndef FA_TESTS_DATA_FIXTURE_H
#define FA_TESTS_DATA_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/shard.h"

void fixture_write(const char *path, const void *data, size_t n_bytes);
void fixture_write_text(const char *path, const char *text);

/* The whole file; freed with fa_free. */
uint8_t *fixture_read(const char *path, size_t *n_bytes);

/* Changes one byte / cuts the file to n_bytes. */
void fixture_flip_byte(const char *path, size_t offset);
void fixture_cut(const char *path, size_t n_bytes);

/* A JPEG of w x h pixels that differs for every seed; orientation other than 1 adds an EXIF block. */
void fixture_jpeg(const char *path, int w, int h, int seed, int orientation);

/* <directory>/images/{0..n-1}.jpg of sizes that differ, and <directory>/coco.json in which image i has id 10
   + i and i % 3 annotations of the two categories 7 "cat" and 3 "dog". Returns fixture_config(directory). */
struct fa_pack_config fixture_scenes(const char *directory, int n);

/* The size of image i of fixture_scenes. */
int fixture_width(int i);
int fixture_height(int i);

/* A configuration for fa_pack of <directory>/coco.json and <directory>/images to <directory>/out. */
struct fa_pack_config fixture_config(const char *directory);

/* Packs <directory> as above and opens the result. */
struct fa_dataset *fixture_dataset(const char *directory);

bool fixture_contains(const char *path, const char *text);

/* The names in a directory, in order, joined by blanks. Static storage. */
const char *fixture_list(const char *directory);

#endif
