/*
 * tell.h - the statistics of a dataset for people, and for programs.
 */
#ifndef FA_CLI_BROWSE_TELL_H
#define FA_CLI_BROWSE_TELL_H

#include "fa/data_statistics.h"
#include "fa/json.h"

/* Tables on standard output; and for each class of which many objects have no good anchor a sentence with
   what can be done. outlook: of the statistics. */
fa_status fa_data_statistics_print(const struct fa_dataset *dataset, const struct fa_outlook *outlook,
                                   const struct fa_data_statistics *statistics) FA_CHECK_RESULT;

/* Members added to an object; memory that runs out leaves some away. */
void fa_data_statistics_report(const struct fa_data_statistics *statistics, struct fa_json *report);

#endif
