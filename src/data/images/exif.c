/*
 * EXIF: a TIFF header in a JPEG's APP1 segment, of which we want one number, the orientation.
 *
 * Layout: "II" (little endian) or "MM" (big), u16 42, u32 offset of the first directory; a directory is a u16
 * count and entries of 12 bytes: u16 tag, u16 type, u32 count, 4 bytes of value. The value is read as a u16
 * whatever its type says, as the reference does. Every offset comes from the file and is checked.
 */
#include "picture.h"

#define TIFF_MAGIC      42
#define TIFF_HEADER     8
#define ENTRY_BYTES     12
#define ENTRY_VALUE     8
#define TAG_ORIENTATION 0x0112

struct tiff {
    const uint8_t *bytes;
    size_t n_bytes;
    bool big_endian;
};

/* The caller has checked that at + 2 (at + 4) lies within. */
static uint32_t read_u16(const struct tiff *tiff, size_t at)
{
    const uint8_t *p = tiff->bytes + at;

    return tiff->big_endian ? (uint32_t)(p[0] << 8 | p[1]) : (uint32_t)(p[1] << 8 | p[0]);
}

static uint32_t read_u32(const struct tiff *tiff, size_t at)
{
    uint32_t first = read_u16(tiff, at), second = read_u16(tiff, at + 2);

    return tiff->big_endian ? first << 16 | second : second << 16 | first;
}

static bool open_tiff(const uint8_t *bytes, size_t n_bytes, struct tiff *tiff)
{
    if (n_bytes < TIFF_HEADER || bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M'))
        return false;
    *tiff = (struct tiff){bytes, n_bytes, bytes[0] == 'M'};
    return read_u16(tiff, 2) == TIFF_MAGIC;
}

int fa_exif_orientation(const uint8_t *bytes, size_t n_bytes)
{
    struct tiff tiff;
    size_t directory, n_entries;

    if (!open_tiff(bytes, n_bytes, &tiff))
        return 1;
    directory = read_u32(&tiff, 4);
    if (directory > n_bytes - 2)
        return 1;
    n_entries = read_u16(&tiff, directory);
    for (size_t i = 0; i < n_entries; i++) {
        size_t entry = directory + 2 + i * ENTRY_BYTES;

        if (entry + ENTRY_BYTES > n_bytes)
            return 1;
        if (read_u16(&tiff, entry) == TAG_ORIENTATION) {
            uint32_t value = read_u16(&tiff, entry + ENTRY_VALUE);

            return value >= 1 && value <= 8 ? (int)value : 1;
        }
    }
    return 1;
}
