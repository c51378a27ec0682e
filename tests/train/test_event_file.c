/* Event files, taken apart again by the definitions of TensorFlow's records and of protocol buffers. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "event_file.h"
#include "fa/crc32c.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "support.h"

struct reader {
    const uint8_t *at, *end;
};

static uint64_t fixed(struct reader *r, int n_bytes)
{
    uint64_t value = 0;

    assert_true(r->end - r->at >= n_bytes);
    for (int i = 0; i < n_bytes; i++)
        value |= (uint64_t)*r->at++ << 8 * i;
    return value;
}

static uint64_t varint(struct reader *r)
{
    uint64_t value = 0;
    int shift = 0;

    for (;; shift += 7) {
        assert_true(r->at < r->end && shift < 64);
        value |= (uint64_t)(*r->at & 127) << shift;
        if ((*r->at++ & 128) == 0)
            return value;
    }
}

static struct reader within(struct reader *r)
{
    const size_t n = (size_t)varint(r);
    const struct reader part = {r->at, r->at + n};

    assert_true(n <= (size_t)(r->end - r->at));
    r->at += n;
    return part;
}

static void check_crc(struct reader *r, const uint8_t *data, size_t n)
{
    const uint32_t rotated = (uint32_t)fixed(r, 4) - 0xa282ead8u;

    assert_int_equal(rotated >> 17 | rotated << 15, fa_crc32c(0, data, n));
}

struct event {
    double wall_time;
    uint64_t step;
    char version[32], tag[128];
    float value;
    bool starts, has_value;
};

static void read_text(struct reader part, char *text)
{
    memcpy(text, part.at, (size_t)(part.end - part.at));
    text[part.end - part.at] = '\0';
}

/* Fields that nobody here writes would be a mistake. */
static void read_value(struct reader value, struct event *event)
{
    uint32_t bits;

    while (value.at < value.end)
        switch (varint(&value)) {
        case 1 << 3 | 2:
            read_text(within(&value), event->tag);
            break;
        case 2 << 3 | 5:
            bits = (uint32_t)fixed(&value, 4);
            memcpy(&event->value, &bits, sizeof bits);
            event->has_value = true;
            break;
        default:
            fail();
        }
}

static void read_event(struct reader *file, struct event *event)
{
    const uint8_t *head = file->at;
    const size_t n = (size_t)fixed(file, 8);
    struct reader body, part;
    uint64_t bits;

    *event = (struct event){.step = 0};
    check_crc(file, head, 8);
    body = (struct reader){file->at, file->at + n};
    assert_true(n <= (size_t)(file->end - file->at));
    file->at += n;
    check_crc(file, body.at, n);
    while (body.at < body.end)
        switch (varint(&body)) {
        case 1 << 3 | 1:
            bits = fixed(&body, 8);
            memcpy(&event->wall_time, &bits, sizeof bits);
            break;
        case 2 << 3 | 0:
            event->step = varint(&body);
            break;
        case 3 << 3 | 2:
            read_text(within(&body), event->version);
            break;
        case 5 << 3 | 2:
            part = within(&body);
            assert_int_equal(varint(&part), 1 << 3 | 2);
            read_value(within(&part), event);
            break;
        case 7 << 3 | 2:
            part = within(&body);
            assert_int_equal(varint(&part), 1 << 3 | 0);
            event->starts = varint(&part) == 1;
            break;
        default:
            fail();
        }
}

/* The only file of the folder. */
static uint8_t *read_folder(const char *work_dir, size_t *n_bytes)
{
    char *folder, *path, **names, *data;
    size_t n;

    assert_ok(fa_path_join(work_dir, "tf_logs", &folder));
    assert_ok(fa_directory_list(folder, &n, &names));
    assert_int_equal(n, 1);
    assert_true(strncmp(names[0], "events.out.tfevents.", 20) == 0);
    assert_ok(fa_path_join(folder, names[0], &path));
    assert_ok(fa_file_read(path, 1 << 20, &data, n_bytes));
    fa_free(names);
    fa_free(folder);
    fa_free(path);
    return (uint8_t *)data;
}

static void add(struct fa_event_file *file, const char *text)
{
    struct fa_json *line;

    assert_ok(fa_json_parse("line", text, strlen(text), &line));
    fa_event_file_add(file, line);
    fa_json_free(line);
}

static void numbers_of_lines_are_events_at_their_steps(void **state)
{
    const char *work_dir = fa_test_directory();
    struct fa_event_file *file;
    struct event event;
    struct reader r;
    uint8_t *data;
    size_t n_bytes;

    (void)state;
    assert_ok(fa_event_file_open(work_dir, 40, &file));
    add(file, "{\"mode\":\"train\",\"epoch\":1,\"iter\":50,\"lr\":0.25,\"loss\":1.5,\"grad_norm\":null,"
              "\"step\":300}");
    add(file, "{\"started\":\"now\",\"ranks\":2}");
    add(file, "{\"mode\":\"val\",\"bbox_mAP\":0.125,\"bbox_mAP_copypaste\":\"0.1\",\"step\":301}");
    fa_event_file_close(file);

    data = read_folder(work_dir, &n_bytes);
    r = (struct reader){data, data + n_bytes};
    read_event(&r, &event);
    assert_string_equal(event.version, "brain.Event:2");
    assert_true(event.wall_time > 1.6e9);
    read_event(&r, &event);
    assert_true(event.starts && event.step == 41);
    read_event(&r, &event);
    assert_string_equal(event.tag, "train/lr");
    assert_true(event.has_value && event.value == 0.25f && event.step == 300);
    read_event(&r, &event);
    assert_string_equal(event.tag, "train/loss");
    assert_true(event.has_value && event.value == 1.5f && event.step == 300);
    read_event(&r, &event);
    assert_string_equal(event.tag, "val/bbox_mAP");
    assert_true(event.has_value && event.value == 0.125f && event.step == 301);
    assert_ptr_equal(r.at, r.end);
    fa_free(data);
    assert_int_equal(fa_memory_balance(), 0);
}

/* Files may grow by no more than so many bytes. */
static void limit_growth(const char *work_dir, size_t more)
{
    size_t n_bytes;
    struct rlimit limit;

    fa_free(read_folder(work_dir, &n_bytes));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = n_bytes + more;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void what_follows_a_full_disk_can_be_read(void **state)
{
    const char *work_dir = fa_test_directory();
    struct rlimit before;
    struct fa_event_file *file;
    struct event event;
    struct reader r;
    uint8_t *data;
    size_t n_bytes;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_ok(fa_event_file_open(work_dir, 0, &file));
    limit_growth(work_dir, 20); /* which is half an event */
    add(file, "{\"mode\":\"train\",\"loss\":1,\"step\":1}");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    add(file, "{\"mode\":\"train\",\"loss\":2,\"step\":2}");
    fa_event_file_close(file);

    data = read_folder(work_dir, &n_bytes);
    r = (struct reader){data, data + n_bytes};
    read_event(&r, &event);
    read_event(&r, &event);
    read_event(&r, &event);
    assert_true(event.value == 2 && event.step == 2);
    assert_ptr_equal(r.at, r.end);
    fa_free(data);
}

/* In its place something else may stand that is not ours. */
static void a_link_in_the_place_of_the_folder_is_refused(void **state)
{
    const char *work_dir = fa_test_directory();
    struct fa_event_file *file;

    (void)state;
    assert_int_equal(symlink(".", fa_test_path(work_dir, "tf_logs")), 0);
    assert_fails(fa_event_file_open(work_dir, 0, &file), FA_EIO);
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_lines_are_events_at_their_steps),
        cmocka_unit_test(what_follows_a_full_disk_can_be_read),
        cmocka_unit_test(a_link_in_the_place_of_the_folder_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
