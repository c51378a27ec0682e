#include "jpeg_error.h"

#include <jerror.h>

static struct fa_jpeg_error *error_of(j_common_ptr jpeg)
{
    return (struct fa_jpeg_error *)jpeg->err;
}

void fa_jpeg_error_raise(j_common_ptr jpeg, fa_status status)
{
    struct fa_jpeg_error *error = error_of(jpeg);

    error->status = status;
    longjmp(error->jump, 1);
}

static void error_exit(j_common_ptr jpeg)
{
    char text[JMSG_LENGTH_MAX];

    jpeg->err->format_message(jpeg, text);
    if (jpeg->err->msg_code == JERR_OUT_OF_MEMORY)
        fa_jpeg_error_raise(jpeg, fa_fail(FA_ENOMEM, "%s: %s", error_of(jpeg)->name, text));
    fa_jpeg_error_raise(jpeg, fa_fail(FA_EFORMAT, "%s: not a usable JPEG: %s", error_of(jpeg)->name, text));
}

/* Stray bytes before a marker, an unknown JFIF version or Adobe code: no pixel is lost. */
static bool is_noise(int code)
{
    return code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM;
}

/* Levels from 0 up are traces; below are warnings. */
static void emit_message(j_common_ptr jpeg, int level)
{
    struct fa_jpeg_error *error = error_of(jpeg);

    if (level >= 0 || is_noise(jpeg->err->msg_code))
        return;
    if (error->n_damages++ == 0)
        jpeg->err->format_message(jpeg, error->first_damage);
}

static void output_message(j_common_ptr jpeg)
{
    (void)jpeg;
}

struct jpeg_error_mgr *fa_jpeg_error_init(struct fa_jpeg_error *error, const char *name)
{
    error->name = name;
    error->status = FA_OK;
    error->n_damages = 0;
    jpeg_std_error(&error->manager);
    error->manager.error_exit = error_exit;
    error->manager.emit_message = emit_message;
    error->manager.output_message = output_message;
    return &error->manager;
}

fa_status fa_jpeg_error_damage(const struct fa_jpeg_error *error)
{
    if (error->n_damages == 0)
        return FA_OK;
    return fa_fail(FA_EFORMAT, "%s: damaged JPEG: %s", error->name, error->first_damage);
}
