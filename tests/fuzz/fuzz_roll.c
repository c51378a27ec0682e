/* The roll of ranks. */
#include <string.h>

#include "fuzz.h"
#include "train/watchdog/roll.h"

enum { N_RANKS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct fa_roll_line lines[N_RANKS];

    for (int r = 0; r < N_RANKS; r++)
        lines[r] = (struct fa_roll_line){.rank = r};
    fuzz_read(fa_roll_read(fuzz_file(bytes, n_bytes), N_RANKS, lines));
    for (int r = 0; r < N_RANKS; r++)
        fuzz_require(lines[r].rank == r && (unsigned)lines[r].state < FA_ROLL_STATES &&
                         memchr(lines[r].host, '\0', sizeof lines[r].host) != NULL &&
                         memchr(lines[r].text, '\0', sizeof lines[r].text) != NULL,
                     "a line of the roll is none");
    fuzz_freed();
    return 0;
}
