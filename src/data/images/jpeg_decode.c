/*
 * JPEG to RGB as OpenCV's imdecode(IMREAD_COLOR) does it: libjpeg's defaults (accurate integer DCT, fancy
 * upsampling), gray replicated, and OpenCV's own step from CMYK to RGB. A header is judged before anything
 * of the size that it claims is allocated or decoded.
 */
#include <string.h>

#include "decode_budget.h"
#include "fa/memory.h"
#include "image_format.h"
#include "jpeg_error.h"
#include "picture.h"

#define MAX_PIXELS ((size_t)1 << 28)

/* Huffman coding spends at least one bit on each block of 8x8 samples, and where sampling is coarsest an MCU
   of 32x32 pixels still has nine blocks: not even one solid colour exceeds 910 pixels a byte. A header that
   claims more is lying. */
#define MAX_PIXELS_PER_BYTE 1024

/* Encoders write about ten; each costs a pass over the whole picture. */
#define MAX_SCANS 100

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_progress_mgr progress;
    struct fa_jpeg_error error;
    const void *data;
    size_t n_bytes;
    size_t held;   /* of the budget */
    uint8_t *cmyk; /* one row, used for four components */
};

static void limit_scans(j_common_ptr jpeg)
{
    const struct fa_jpeg_error *error = (const struct fa_jpeg_error *)jpeg->err;

    if (((j_decompress_ptr)jpeg)->input_scan_number > MAX_SCANS)
        fa_jpeg_error_raise(jpeg,
                            fa_fail(FA_EFORMAT, "%s: a JPEG of more than %d scans", error->name, MAX_SCANS));
}

static void open_decoder(struct decoder *decoder)
{
    jpeg_create_decompress(&decoder->jpeg);
    decoder->progress.progress_monitor = limit_scans;
    decoder->jpeg.progress = &decoder->progress;
    jpeg_mem_src(&decoder->jpeg, decoder->data, decoder->n_bytes);
}

static fa_status check_signature(const struct decoder *decoder)
{
    const char *other = fa_other_format(decoder->data, decoder->n_bytes);

    if (other == NULL)
        return FA_OK;
    return fa_fail(FA_EFORMAT, "%s: is %s; " FA_FORMATS_READ ", convert it", decoder->error.name, other);
}

static fa_status check_header(const struct decoder *decoder)
{
    const struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    const char *name = decoder->error.name;
    size_t n_pixels = (size_t)jpeg->image_width * jpeg->image_height;

    if (jpeg->num_components != 1 && jpeg->num_components != 3 && jpeg->num_components != 4)
        return fa_fail(FA_EFORMAT, "%s: a JPEG of %d components; 1, 3 and 4 can be read", name,
                       jpeg->num_components);
    if (n_pixels > MAX_PIXELS)
        return fa_fail(FA_EFORMAT, "%s: claims %u x %u pixels; the limit is %zu in all", name,
                       jpeg->image_width, jpeg->image_height, MAX_PIXELS);
    if (n_pixels / MAX_PIXELS_PER_BYTE > decoder->n_bytes)
        return fa_fail(FA_EFORMAT, "%s: claims %u x %u pixels, which %zu bytes cannot hold", name,
                       jpeg->image_width, jpeg->image_height, decoder->n_bytes);
    return FA_OK;
}

/* ---- memory ---- */

static size_t round_up(size_t n, int unit)
{
    return (n + (size_t)unit - 1) / (size_t)unit * (size_t)unit;
}

/* Of several scans the library keeps all coefficients of the picture. */
static size_t coefficient_bytes(struct jpeg_decompress_struct *jpeg)
{
    size_t n_blocks = 0;

    if (!jpeg_has_multiple_scans(jpeg))
        return 0;
    for (int c = 0; c < jpeg->num_components; c++) {
        const jpeg_component_info *component = &jpeg->comp_info[c];

        n_blocks += round_up(component->width_in_blocks, component->h_samp_factor) *
                    round_up(component->height_in_blocks, component->v_samp_factor);
    }
    return n_blocks * sizeof(JBLOCK);
}

static size_t picture_bytes(const struct jpeg_decompress_struct *jpeg)
{
    return (size_t)jpeg->image_width * jpeg->image_height * 3;
}

/* ---- inspecting ---- */

static int saved_orientation(const struct jpeg_decompress_struct *jpeg)
{
    static const char signature[6] = "Exif\0";

    for (jpeg_saved_marker_ptr m = jpeg->marker_list; m != NULL; m = m->next)
        if (m->data_length > sizeof signature && memcmp(m->data, signature, sizeof signature) == 0)
            return fa_exif_orientation(m->data + sizeof signature, m->data_length - sizeof signature);
    return 1;
}

static fa_status inspect(struct decoder *decoder, struct fa_image_info *info)
{
    if (setjmp(decoder->error.jump) != 0)
        return decoder->error.status;
    FA_TRY(check_signature(decoder));
    open_decoder(decoder);
    jpeg_save_markers(&decoder->jpeg, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(&decoder->jpeg, TRUE);
    FA_TRY(check_header(decoder));
    *info = (struct fa_image_info){
        .w = (int)decoder->jpeg.image_width,
        .h = (int)decoder->jpeg.image_height,
        .components = decoder->jpeg.num_components,
        .progressive = decoder->jpeg.progressive_mode,
        .orientation = saved_orientation(&decoder->jpeg),
        .n_decode = picture_bytes(&decoder->jpeg) + coefficient_bytes(&decoder->jpeg),
    };
    return FA_OK;
}

/* ---- decoding ---- */

/* OpenCV's arithmetic. It takes all four inks as Adobe stores them, 255 meaning none. */
static void cmyk_to_rgb(const uint8_t *cmyk, int w, uint8_t *rgb)
{
    for (int x = 0; x < w; x++, cmyk += 4, rgb += 3) {
        int k = cmyk[3];

        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)(k - ((255 - cmyk[c]) * k >> 8));
    }
}

static void read_rows(struct decoder *decoder, const struct fa_picture *picture)
{
    bool is_cmyk = decoder->jpeg.num_components == 4;

    decoder->jpeg.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&decoder->jpeg);
    for (int y = 0; y < picture->h; y++) {
        uint8_t *row = fa_picture_row(picture, y);

        jpeg_read_scanlines(&decoder->jpeg, is_cmyk ? &decoder->cmyk : &row, 1);
        if (is_cmyk)
            cmyk_to_rgb(decoder->cmyk, picture->w, row);
    }
    jpeg_finish_decompress(&decoder->jpeg);
}

/* On failure the picture may hold pixels; the caller frees it. */
static fa_status decode(struct decoder *decoder, int orientation, struct fa_picture *picture)
{
    if (setjmp(decoder->error.jump) != 0)
        return decoder->error.status;
    FA_TRY(check_signature(decoder));
    open_decoder(decoder);
    jpeg_read_header(&decoder->jpeg, TRUE);
    FA_TRY(check_header(decoder));
    decoder->held =
        coefficient_bytes(&decoder->jpeg) + (orientation != 1 ? 2 : 1) * picture_bytes(&decoder->jpeg);
    fa_decode_budget_take(decoder->held);
    FA_TRY(fa_picture_alloc((int)decoder->jpeg.image_width, (int)decoder->jpeg.image_height, picture));
    if (decoder->jpeg.num_components == 4)
        FA_TRY(fa_alloc(decoder->jpeg.image_width, 4, &decoder->cmyk));
    read_rows(decoder, picture);
    return fa_jpeg_error_damage(&decoder->error);
}

/* ---- the two calls ---- */

static void init_decoder(struct decoder *decoder, const char *name, const void *data, size_t n_bytes)
{
    memset(decoder, 0, sizeof *decoder);
    decoder->jpeg.err = fa_jpeg_error_init(&decoder->error, name);
    decoder->data = data;
    decoder->n_bytes = n_bytes;
}

static void close_decoder(struct decoder *decoder)
{
    jpeg_destroy_decompress(&decoder->jpeg);
    fa_free(decoder->cmyk);
}

fa_status fa_jpeg_inspect(const char *name, const void *data, size_t n_bytes, struct fa_image_info *info)
{
    struct decoder decoder;
    fa_status status;

    init_decoder(&decoder, name, data, n_bytes);
    status = inspect(&decoder, info);
    close_decoder(&decoder);
    return status;
}

fa_status fa_jpeg_decode(const char *name, const void *data, size_t n_bytes, int orientation,
                         struct fa_picture *out)
{
    struct decoder decoder;
    fa_status status;

    *out = (struct fa_picture){0};
    init_decoder(&decoder, name, data, n_bytes);
    status = decode(&decoder, orientation, out);
    close_decoder(&decoder);
    if (status == FA_OK)
        status = fa_picture_orient(out, orientation);
    if (status != FA_OK)
        fa_picture_free(out);
    else
        out->held = (size_t)out->w * (size_t)out->h * 3;
    if (decoder.held > out->held)
        fa_decode_budget_give(decoder.held - out->held);
    return status;
}
