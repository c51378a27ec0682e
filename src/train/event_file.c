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

#define FOLDER "tf_logs"

enum { TAG_MAX = 128, EVENT_MAX = 64 + TAG_MAX };

struct fa_event_file {
    int fd;
    bool failed; /* and warned of */
};

/* ---- protocol buffers ---- */

/* A message on its way; what is put together here is known to fit. */
struct message {
    uint8_t bytes[EVENT_MAX];
    size_t n;
};

enum wire { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

static void put_varint(struct message *m, uint64_t value)
{
    for (; value > 127; value >>= 7)
        m->bytes[m->n++] = (uint8_t)(value | 128);
    m->bytes[m->n++] = (uint8_t)value;
}

static void put_field(struct message *m, int field, enum wire wire)
{
    put_varint(m, (uint64_t)(field << 3 | (int)wire));
}

/* Little-endian, whatever the host is. */
static void put_fixed(struct message *m, uint64_t bits, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++)
        m->bytes[m->n++] = (uint8_t)(bits >> 8 * i);
}

static void put_double(struct message *m, int field, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    put_field(m, field, FIXED64);
    put_fixed(m, bits, 8);
}

static void put_float(struct message *m, int field, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    put_field(m, field, FIXED32);
    put_fixed(m, bits, 4);
}

static void put_integer(struct message *m, int field, int64_t value)
{
    put_field(m, field, VARINT);
    put_varint(m, (uint64_t)value);
}

static void put_bytes(struct message *m, int field, const void *bytes, size_t n)
{
    put_field(m, field, LENGTH);
    put_varint(m, n);
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
}

/* ---- events ---- */

enum { WALL_TIME = 1, STEP = 2, FILE_VERSION = 3, SUMMARY = 5, SESSION_LOG = 7 }; /* of an event */
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2 };
enum { SESSION_STATUS = 1, SESSION_START = 1 };

static void begin_event(struct message *event, int64_t step)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    event->n = 0;
    put_double(event, WALL_TIME, (double)now.tv_sec + 1e-6 * (double)now.tv_usec);
    put_integer(event, STEP, step);
}

static uint32_t masked_crc(const void *data, size_t n)
{
    const uint32_t crc = fa_crc32c(0, data, n);

    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static bool write_record(int fd, const struct message *event)
{
    uint8_t bytes[EVENT_MAX + 16];
    struct message head = {.n = 0}, tail = {.n = 0};

    put_fixed(&head, event->n, 8);
    put_fixed(&head, masked_crc(head.bytes, 8), 4);
    put_fixed(&tail, masked_crc(event->bytes, event->n), 4);
    memcpy(bytes, head.bytes, head.n);
    memcpy(bytes + head.n, event->bytes, event->n);
    memcpy(bytes + head.n + event->n, tail.bytes, tail.n);
    return fa_append(fd, bytes, head.n + event->n + tail.n);
}

static void add_event(struct fa_event_file *file, const struct message *event)
{
    if (write_record(file->fd, event) || file->failed)
        return;
    fa_warn("%s: an event is lost (%s); later losses are not reported", FOLDER, strerror(errno));
    file->failed = true;
}

static void add_scalar(struct fa_event_file *file, const char *tag, int64_t step, double number)
{
    struct message event, summary = {.n = 0}, value = {.n = 0};

    put_bytes(&value, VALUE_TAG, tag, strlen(tag));
    put_float(&value, VALUE_SIMPLE, (float)number);
    put_bytes(&summary, SUMMARY_VALUE, value.bytes, value.n);
    begin_event(&event, step);
    put_bytes(&event, SUMMARY, summary.bytes, summary.n);
    add_event(file, &event);
}

/* Readers drop what they have of its step and later ones. */
static void start_session(struct fa_event_file *file, int64_t step)
{
    static const char version[] = "brain.Event:2";
    struct message event, session = {.n = 0};

    begin_event(&event, 0);
    put_bytes(&event, FILE_VERSION, version, sizeof version - 1);
    add_event(file, &event);
    put_integer(&session, SESSION_STATUS, SESSION_START);
    begin_event(&event, step + 1);
    put_bytes(&event, SESSION_LOG, session.bytes, session.n);
    add_event(file, &event);
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
    if (file != NULL)
        close(file->fd);
    fa_free(file);
}
