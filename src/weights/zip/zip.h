/*
 * zip.h - the directory of a zip archive whose records are stored as they are.
 *
 * A compressed or encrypted record is refused, and so are records that overlap, so an archive never holds
 * more than its bytes. PyTorch may be told to leave checksums out, which are 0 then; all others are checked.
 */
#ifndef FA_ZIP_H
#define FA_ZIP_H

#include "weights_set.h"

struct fa_zip_record {
    const char *name;
    uint64_t header; /* where its own header begins */
    uint64_t n_bytes;
    uint32_t crc; /* CRC-32; 0: not known, or that of no bytes */
    bool is_checked;
};

struct fa_zip {
    const struct fa_weights_input *input;
    uint64_t directory;      /* where it begins; records end before it */
    uint64_t n_record_bytes; /* of all records and their headers */
    size_t n;
    struct fa_zip_record *records; /* sorted by name, no name twice */
    char *names;
};

fa_status fa_zip_open(const struct fa_weights_input *input, struct fa_zip *zip) FA_CHECK_RESULT;
void fa_zip_close(struct fa_zip *zip);

/* NULL if there is none of that name. */
struct fa_zip_record *fa_zip_find(const struct fa_zip *zip, const char *name);

/* Where the bytes of the record begin; all of them lie in the file and are, by their checksum, those that
   were written. A record is checked the first time. */
fa_status fa_zip_locate(const struct fa_zip *zip, struct fa_zip_record *record,
                        uint64_t *position) FA_CHECK_RESULT;

#endif
