/*
 * jpeg_error.h - libjpeg's errors as status: it calls back instead of returning, and its default ends the
 * process.
 *
 * A fatal error jumps back to the setjmp of whoever runs the library. Warnings are sorted: noise that leaves
 * every pixel intact is ignored, the first sign of damage is kept for the message.
 */
#ifndef FA_DATA_JPEG_ERROR_H
#define FA_DATA_JPEG_ERROR_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>

#include <jpeglib.h>

#include "fa/status.h"

struct fa_jpeg_error {
    struct jpeg_error_mgr manager; /* first: libjpeg hands back a pointer to it */
    jmp_buf jump;
    const char *name; /* of the image, for messages */
    fa_status status; /* of the failure that made us jump */
    long n_damages;
    char first_damage[JMSG_LENGTH_MAX];
};

/* The manager to put into a jpeg_compress_struct or jpeg_decompress_struct. */
struct jpeg_error_mgr *fa_jpeg_error_init(struct fa_jpeg_error *error, const char *name);

/* Leaves libjpeg with a failure whose message is already written; for use inside its callbacks. */
void fa_jpeg_error_raise(j_common_ptr jpeg, fa_status status) __attribute__((noreturn));

/* FA_OK, or FA_EFORMAT if the library warned of damage. */
fa_status fa_jpeg_error_damage(const struct fa_jpeg_error *error) FA_CHECK_RESULT;

#endif
