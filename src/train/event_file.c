#include "event_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "append.h"
#include "fa/crc32c.h"
#include "fa/directory.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/protobuf.h"

#define FOLDER "tf_logs"

enum { TAG_MAX = 128 };

struct fa_event_file {
    int fd;
    bool failed;                    /* and warned of */
    struct fa_proto event, record;  /* the one that is added */
    struct fa_proto summary, value; /* of which it is put together */
};

/* ---- events ---- */

enum { WALL_TIME = 1, STEP = 2, FILE_VERSION = 3, SUMMARY = 5, SESSION_LOG = 7 }; /* of an event */
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2 };
enum { SESSION_STATUS = 1, SESSION_START = 1 };

static void begin_event(struct fa_proto *event, int64_t step)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    fa_proto_clear(event);
    fa_proto_double(event, WALL_TIME, (double)now.tv_sec + 1e-6 * (double)now.tv_usec);
    fa_proto_integer(event, STEP, step);
}

/* Little-endian, whatever the host is. */
static void put_fixed(struct fa_proto *record, uint64_t value, int n_bytes)
{
    uint8_t bytes[8];

    for (int i = 0; i < n_bytes; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    fa_proto_append(record, bytes, (size_t)n_bytes);
}

static uint32_t masked_crc(const void *data, size_t n)
{
    const uint32_t crc = fa_crc32c(0, data, n);

    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static fa_status put_record(struct fa_proto *record, const struct fa_proto *event)
{
    FA_TRY(fa_proto_status(event));
    fa_proto_clear(record);
    put_fixed(record, event->n, 8);
    FA_TRY(fa_proto_status(record));
    put_fixed(record, masked_crc(record->bytes, 8), 4);
    fa_proto_append(record, event->bytes, event->n);
    put_fixed(record, masked_crc(event->bytes, event->n), 4);
    return fa_proto_status(record);
}

static void warn_once(struct fa_event_file *file, const char *why)
{
    if (!file->failed)
        fa_warn("%s: an event could not be written (%s); further ones go unreported", FOLDER, why);
    file->failed = true;
}

static void add_event(struct fa_event_file *file)
{
    if (put_record(&file->record, &file->event) != FA_OK)
        warn_once(file, "no memory");
    else if (!fa_append(file->fd, file->record.bytes, file->record.n))
        warn_once(file, strerror(errno));
}

static void add_scalar(struct fa_event_file *file, const char *tag, int64_t step, double number)
{
    fa_proto_clear(&file->value);
    fa_proto_text(&file->value, VALUE_TAG, tag);
    fa_proto_float(&file->value, VALUE_SIMPLE, (float)number);
    fa_proto_clear(&file->summary);
    fa_proto_message(&file->summary, SUMMARY_VALUE, &file->value);
    begin_event(&file->event, step);
    fa_proto_message(&file->event, SUMMARY, &file->summary);
    add_event(file);
}

/* Readers drop what they have of its step and later ones. */
static void start_session(struct fa_event_file *file, int64_t step)
{
    begin_event(&file->event, 0);
    fa_proto_text(&file->event, FILE_VERSION, "brain.Event:2");
    add_event(file);
    fa_proto_clear(&file->value);
    fa_proto_integer(&file->value, SESSION_STATUS, SESSION_START);
    begin_event(&file->event, step + 1);
    fa_proto_message(&file->event, SESSION_LOG, &file->value);
    add_event(file);
}

static bool is_place(const char *key)
{
    return strcmp(key, "step") == 0 || strcmp(key, "steps") == 0 || strcmp(key, "iter") == 0 ||
           strcmp(key, "epoch") == 0;
}

void fa_event_file_add(struct fa_event_file *file, const struct fa_json *line)
{
    const char *mode;
    int64_t step;
    double number;
    char tag[TAG_MAX];

    if (file == NULL || !fa_json_to_string(fa_json_get(line, "mode"), &mode) ||
        !fa_json_to_int(fa_json_get(line, "step"), &step))
        return;
    for (const struct fa_json *member = fa_json_first(line); member != NULL; member = fa_json_next(member)) {
        if (is_place(fa_json_key(member)) || !fa_json_to_double(member, &number))
            continue;
        snprintf(tag, sizeof tag, "%s/%s", mode, fa_json_key(member));
        add_scalar(file, tag, step, number);
    }
}

/* ---- life ---- */

/* Names begin so and have the time in them, by which readers know and order them. */
static fa_status open_in(const struct fa_directory *folder, int *fd)
{
    char host[64] = "host", name[160];

    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "events.out.tfevents.%010" PRId64 ".%s.%ld", (int64_t)time(NULL), host,
             (long)getpid());
    return fa_directory_open_own(folder, name, O_WRONLY | O_APPEND | O_CREAT, fd);
}

static fa_status open_below(const char *work_dir, int *fd)
{
    struct fa_directory *directory, *folder;
    fa_status status;

    FA_TRY(fa_directory_open(work_dir, &directory));
    status = fa_directory_make_below(directory, FOLDER, &folder);
    fa_directory_close(directory);
    FA_TRY(status);
    status = open_in(folder, fd);
    fa_directory_close(folder);
    return status;
}

fa_status fa_event_file_open(const char *work_dir, int64_t step, struct fa_event_file **out)
{
    struct fa_event_file *file;
    int fd;
    fa_status status;

    FA_TRY(open_below(work_dir, &fd));
    status = fa_alloc_zero(1, sizeof *file, &file);
    if (status != FA_OK) {
        close(fd);
        return status;
    }
    file->fd = fd;
    start_session(file, step);
    *out = file;
    return FA_OK;
}

void fa_event_file_close(struct fa_event_file *file)
{
    if (file == NULL)
        return;
    close(file->fd);
    fa_proto_free(&file->event);
    fa_proto_free(&file->record);
    fa_proto_free(&file->summary);
    fa_proto_free(&file->value);
    fa_free(file);
}
