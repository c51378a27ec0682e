/*
 * event_file.h - the numbers of log.jsonl once more, as TensorBoard reads them.
 *
 * A file in W/tf_logs, a new one for each start of the run, of records that TensorFlow's writers define: the
 * length of an event and its masked CRC32C, then the event, a protocol buffer, and its masked CRC32C. It
 * begins with an event that starts a session at a step, upon which readers drop what earlier files say of
 * later steps. Each record is flushed. A disk that refuses is warned of once and does not stop the training.
 */
#ifndef FA_EVENT_FILE_H
#define FA_EVENT_FILE_H

#include <stdint.h>

#include "fa/json.h"
#include "fa/status.h"

struct fa_event_file;

/* step: after which the run goes on. */
fa_status fa_event_file_open(const char *work_dir, int64_t step, struct fa_event_file **out) FA_CHECK_RESULT;
void fa_event_file_close(struct fa_event_file *file); /* NULL is fine */

/* Every number of a line with a mode, as "train/loss", at its step. */
void fa_event_file_add(struct fa_event_file *file, const struct fa_json *line);

#endif
