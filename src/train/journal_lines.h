/*
 * journal_lines.h - the lines of log.jsonl: one object each, under mmdetection's field names, and ours after
 * them. NULL where memory is short; free with fa_json_free.
 */
#ifndef FA_JOURNAL_LINES_H
#define FA_JOURNAL_LINES_H

#include "fa/json.h"
#include "journal.h"

/* Where in its run a step stands. */
struct fa_journal_place {
    enum fa_loss_kind loss;
    int64_t epoch, iter; /* from 1 */
    double left_s;       /* to the end of the run */
};

struct fa_json *fa_journal_line_train(const struct fa_journal_entry *entry,
                                      const struct fa_journal_place *place);
struct fa_json *fa_journal_line_val(const struct fa_journal_evaluation *evaluation,
                                    const struct fa_journal_place *place);

/* Without an epoch, so that plots of mmdetection pass over them. */
struct fa_json *fa_journal_line_save(const struct fa_journal_save *save);
struct fa_json *fa_journal_line_ranks(const struct fa_journal_ranks *ranks);

/* The first line of a run: what it was started with. It has no mode, which is how readers tell it apart. */
struct fa_json *fa_journal_line_start(const struct fa_journal_start *start);

#endif
