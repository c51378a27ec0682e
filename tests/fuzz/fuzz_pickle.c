/* The state of a torch.save file alone: the input is the pickle, put between a right beginning and a right
 * end. */
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static const char begin[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03."
                                "\x80\x02}X\x0d\0\0\0little_endian\x88s.";
    static const char end[] = "\x80\x02]X\x01\0\0\0"
                              "0a.\4\0\0\0\0\0\0\0................";
    static uint8_t file[1 << 20];

    if (n_bytes > sizeof file - sizeof begin - sizeof end)
        return 0;
    memcpy(file, begin, sizeof begin - 1);
    memcpy(file + sizeof begin - 1, bytes, n_bytes);
    memcpy(file + sizeof begin - 1 + n_bytes, end, sizeof end - 1);
    fuzz_weights(file, sizeof begin - 1 + n_bytes + sizeof end - 1);
    return 0;
}
