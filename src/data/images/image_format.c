#include "image_format.h"

#include <string.h>

const char *fa_other_format(const void *data, size_t n_bytes)
{
    static const struct {
        const char *begin;
        size_t n_bytes, at;
        const char *what;
    } formats[] = {
        {"\x89PNG\r\n\x1a\n", 8, 0, "a PNG image"},
        {"WEBP", 4, 8, "a WebP image"},
        {"GIF8", 4, 0, "a GIF image"},
        {"BM", 2, 0, "a BMP image"},
        {"II*\0", 4, 0, "a TIFF image"},
        {"MM\0*", 4, 0, "a TIFF image"},
        {"ftypheic", 8, 4, "a HEIC image"},
        {"ftypmif1", 8, 4, "a HEIF image"},
        {"ftypavif", 8, 4, "an AVIF image"},
        {"\0\0\0\x0cjP  ", 8, 0, "a JPEG 2000 image"},
        {"\xff\x0a", 2, 0, "a JPEG XL image"},
        {"\x1f\x8b", 2, 0, "compressed by gzip"},
        {"%PDF", 4, 0, "a PDF document"},
        {"<", 1, 0, "a text with markup, such as an error page in the place of a download"},
        {"version https://git-lfs", 23, 0, "a pointer of Git LFS in the place of the file"},
    };

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (n_bytes >= formats[i].at + formats[i].n_bytes &&
            memcmp((const char *)data + formats[i].at, formats[i].begin, formats[i].n_bytes) == 0)
            return formats[i].what;
    return NULL;
}
