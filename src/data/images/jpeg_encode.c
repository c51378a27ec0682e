/* RGB to baseline JPEG with libjpeg's defaults (4:2:0, standard Huffman tables), into counted memory. */
#include <assert.h>
#include <string.h>

#include "fa/memory.h"
#include "jpeg_error.h"
#include "picture.h"

#define FIRST_CAPACITY ((size_t)64 << 10)

struct encoder {
    struct jpeg_compress_struct jpeg;
    struct jpeg_destination_mgr destination;
    struct fa_jpeg_error error;
    uint8_t *bytes; /* what is written so far */
    size_t n_bytes, capacity;
    uint8_t *gray; /* one row, used for one component */
};

/* ---- where libjpeg's bytes go: a buffer that doubles ---- */

static void grow(j_compress_ptr jpeg, size_t capacity)
{
    struct encoder *encoder = jpeg->client_data;
    fa_status status = fa_realloc(&encoder->bytes, capacity, 1);

    if (status != FA_OK)
        fa_jpeg_error_raise((j_common_ptr)jpeg, status);
    encoder->destination.next_output_byte = encoder->bytes + encoder->capacity;
    encoder->destination.free_in_buffer = capacity - encoder->capacity;
    encoder->capacity = capacity;
}

static void start_output(j_compress_ptr jpeg)
{
    grow(jpeg, FIRST_CAPACITY);
}

/* Called when the buffer is full, whatever free_in_buffer says. */
static boolean continue_output(j_compress_ptr jpeg)
{
    const struct encoder *encoder = jpeg->client_data;

    grow(jpeg, 2 * encoder->capacity);
    return TRUE;
}

static void finish_output(j_compress_ptr jpeg)
{
    struct encoder *encoder = jpeg->client_data;

    encoder->n_bytes = encoder->capacity - encoder->destination.free_in_buffer;
}

static void open_encoder(struct encoder *encoder)
{
    jpeg_create_compress(&encoder->jpeg);
    encoder->jpeg.client_data = encoder;
    encoder->destination.init_destination = start_output;
    encoder->destination.empty_output_buffer = continue_output;
    encoder->destination.term_destination = finish_output;
    encoder->jpeg.dest = &encoder->destination;
}

/* ---- pixels ---- */

static void set_format(struct encoder *encoder, const struct fa_picture *picture, int quality, bool gray)
{
    encoder->jpeg.image_width = (JDIMENSION)picture->w;
    encoder->jpeg.image_height = (JDIMENSION)picture->h;
    encoder->jpeg.input_components = gray ? 1 : 3;
    encoder->jpeg.in_color_space = gray ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&encoder->jpeg);
    jpeg_set_quality(&encoder->jpeg, quality, TRUE);
}

static void write_rows(struct encoder *encoder, const struct fa_picture *picture, const char *comment)
{
    jpeg_start_compress(&encoder->jpeg, TRUE);
    if (comment != NULL)
        jpeg_write_marker(&encoder->jpeg, JPEG_COM, (const JOCTET *)comment, (unsigned)strlen(comment));
    for (int y = 0; y < picture->h; y++) {
        uint8_t *row = fa_picture_row(picture, y);

        for (int x = 0; encoder->gray != NULL && x < picture->w; x++)
            encoder->gray[x] = row[3 * (size_t)x];
        jpeg_write_scanlines(&encoder->jpeg, encoder->gray != NULL ? &encoder->gray : &row, 1);
    }
    jpeg_finish_compress(&encoder->jpeg);
}

static fa_status encode(struct encoder *encoder, const struct fa_picture *picture, int quality, bool gray,
                        const char *comment)
{
    if (setjmp(encoder->error.jump) != 0)
        return encoder->error.status;
    open_encoder(encoder);
    if (gray)
        FA_TRY(fa_alloc((size_t)picture->w, 1, &encoder->gray));
    set_format(encoder, picture, quality, gray);
    write_rows(encoder, picture, comment);
    return FA_OK;
}

fa_status fa_jpeg_encode(const struct fa_picture *picture, int quality, bool gray, const char *comment,
                         uint8_t **data, size_t *n_bytes)
{
    struct encoder encoder;
    fa_status status;

    assert(quality >= 1 && quality <= 100);
    memset(&encoder, 0, sizeof encoder);
    encoder.jpeg.err = fa_jpeg_error_init(&encoder.error, "JPEG encoder");
    status = encode(&encoder, picture, quality, gray, comment);
    jpeg_destroy_compress(&encoder.jpeg);
    fa_free(encoder.gray);
    if (status != FA_OK) {
        fa_free(encoder.bytes);
        encoder.bytes = NULL;
        encoder.n_bytes = 0;
    }
    *data = encoder.bytes;
    *n_bytes = encoder.n_bytes;
    return status;
}
