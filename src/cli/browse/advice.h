/*
 * advice.h - what can be done for objects that no anchor fits, and what it would come to.
 */
#ifndef FA_CLI_BROWSE_ADVICE_H
#define FA_CLI_BROWSE_ADVICE_H

#include "fa/data_statistics.h"

/* A sentence on standard output for each class of which many objects have no good anchor, the worst first. */
fa_status fa_data_advice_print(const struct fa_dataset *dataset, const struct fa_outlook *outlook,
                               const struct fa_data_statistics *statistics) FA_CHECK_RESULT;

#endif
