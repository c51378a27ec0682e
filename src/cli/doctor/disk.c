/*
 * disk.c - the work directory: seen by all hosts, with locks that reach over hosts, room, and speed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "fa/clock.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "fa/new_file.h"

/* About a checkpoint of ResNet-50, which all hosts write together. */
enum { WRITTEN = 64 << 20, PIECE = 1 << 20 };

#define ROOM_WANTED  (4.0 * 1073741824)
#define SPEED_WANTED 50e6

/* ---- shared ---- */

static fa_status check_shared(struct fa_doctor *doctor)
{
    fa_status status = fa_comm_agree(
        doctor->comm, fa_comm_rank(doctor->comm) == 0 ? fa_directory_make(doctor->work_dir) : FA_OK);

    if (status == FA_OK)
        status = fa_comm_share_directory(doctor->comm, doctor->work_dir);
    doctor->work_dir_works = status == FA_OK;
    if (status != FA_OK)
        fa_doctor_find(doctor, FA_VERDICT_PROBLEM, "work dir", "%s", fa_message());
    else if (doctor->n_hosts > 1)
        fa_doctor_find(doctor, FA_VERDICT_OK, "work dir", "all %zu hosts see and write %s", doctor->n_hosts,
                       doctor->work_dir);
    else
        fa_doctor_find(doctor, FA_VERDICT_OK, "work dir", "%s can be written", doctor->work_dir);
    return FA_OK;
}

/* ---- locks ---- */

static bool was_ignored(const struct fa_doctor_rank *rank, const void *context)
{
    (void)context;
    return rank->lock_was_ignored;
}

static fa_status take_lock(const struct fa_doctor *doctor, struct fa_lock **out)
{
    struct fa_directory *directory;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_directory_open(doctor->work_dir, &directory));
    status = fa_lock_acquire(directory, out);
    fa_directory_close(directory);
    return status;
}

/* The first rank of every other host tries to take what rank 0 holds. */
static void try_lock(struct fa_doctor *doctor)
{
    struct fa_lock *lock;

    if (fa_comm_local_rank(doctor->comm) != 0 || take_lock(doctor, &lock) != FA_OK)
        return;
    doctor->mine.lock_was_ignored = true;
    fa_lock_release(lock);
}

static fa_status check_locks(struct fa_doctor *doctor)
{
    struct fa_lock *lock = NULL;
    char hosts[256];

    if (fa_comm_rank(doctor->comm) == 0 && take_lock(doctor, &lock) != FA_OK)
        fa_doctor_find(doctor, FA_VERDICT_NOTE, "locks", "%s", fa_message());
    fa_comm_barrier(doctor->comm);
    if (fa_comm_rank(doctor->comm) != 0)
        try_lock(doctor);
    FA_TRY(fa_doctor_collect(doctor));
    if (lock == NULL)
        return FA_OK;
    fa_lock_release(lock);
    fa_doctor_list_hosts(doctor, was_ignored, NULL, hosts, sizeof hosts);
    if (hosts[0] != '\0')
        fa_doctor_find(
            doctor, FA_VERDICT_NOTE, "locks",
            "a lock taken on %s does not hold on %s: two jobs in one work directory will not notice each "
            "other; mount the file system with cluster-wide locks (Lustre: flock)",
            doctor->mine.host, hosts);
    else
        fa_doctor_find(doctor, FA_VERDICT_OK, "locks", "a second job in the work directory will be refused%s",
                       doctor->n_hosts > 1 ? ", from all hosts" : "");
    return FA_OK;
}

/* ---- speed and room ---- */

static fa_status write_all(struct fa_new_file *file, const void *piece)
{
    for (int done = 0; done < WRITTEN; done += PIECE)
        FA_TRY(fa_new_file_write(file, piece, PIECE));
    if (fsync(fa_new_file_descriptor(file)) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot sync", fa_new_file_path(file));
    return FA_OK;
}

static fa_status write_file(const char *path, const void *piece)
{
    struct fa_new_file *file;
    fa_status status;

    FA_TRY(fa_new_file_open(path, &file));
    status = write_all(file, piece);
    fa_new_file_discard(file);
    return status;
}

static fa_status time_write(struct fa_doctor *doctor)
{
    char *piece = NULL, *path = NULL;
    double start;
    fa_status status = fa_alloc(PIECE, 1, &piece);

    if (status == FA_OK)
        status = fa_asprintf(&path, "%s/.doctor-%d", doctor->work_dir, fa_comm_rank(doctor->comm));
    if (status == FA_OK) {
        memset(piece, 'd', PIECE);
        start = fa_clock_seconds();
        status = write_file(path, piece);
        doctor->mine.disk_bytes_s = WRITTEN / (fa_clock_seconds() - start);
    }
    fa_free(path);
    fa_free(piece);
    return status;
}

static const struct fa_doctor_rank *slowest(const struct fa_doctor *doctor)
{
    const struct fa_doctor_rank *found = &doctor->rank[0];

    for (size_t r = 1; r < doctor->n_ranks; r++)
        if (doctor->rank[r].local_number == 0 && doctor->rank[r].disk_bytes_s < found->disk_bytes_s)
            found = &doctor->rank[r];
    return found;
}

static fa_status find_speed(struct fa_doctor *doctor)
{
    const struct fa_doctor_rank *worst = slowest(doctor);
    uint64_t room;

    FA_TRY(fa_directory_free_bytes(doctor->work_dir, &room));
    fa_doctor_find(doctor, worst->disk_bytes_s < SPEED_WANTED ? FA_VERDICT_NOTE : FA_VERDICT_OK, "disk",
                   "%s writes and syncs %d MiB at %.0f MB/s%s%s", worst->host, WRITTEN >> 20,
                   worst->disk_bytes_s / 1e6, doctor->n_hosts > 1 ? ", the slowest of all hosts at once" : "",
                   worst->disk_bytes_s < SPEED_WANTED ? "; checkpoints of 300 MB will take their time" : "");
    fa_doctor_find(doctor, (double)room < ROOM_WANTED ? FA_VERDICT_NOTE : FA_VERDICT_OK, "room",
                   "%.1f GiB free in %s%s", (double)room / 1073741824, doctor->work_dir,
                   (double)room < ROOM_WANTED ? "; a checkpoint of ResNet-50 takes 0.3 GiB: set "
                                                "train.keep_checkpoints, or make room"
                                              : "");
    fa_report_number(doctor->invocation, "disk_bytes_per_s", worst->disk_bytes_s);
    fa_report_number(doctor->invocation, "free_bytes", (double)room);
    return FA_OK;
}

/* All hosts at once, as they save. */
static fa_status check_speed(struct fa_doctor *doctor)
{
    fa_status status;

    fa_comm_barrier(doctor->comm);
    status = fa_comm_agree(doctor->comm, fa_comm_local_rank(doctor->comm) == 0 ? time_write(doctor) : FA_OK);
    if (status != FA_OK) {
        fa_doctor_find(doctor, FA_VERDICT_PROBLEM, "disk", "%s", fa_message());
        return FA_OK;
    }
    FA_TRY(fa_doctor_collect(doctor));
    return fa_comm_agree(doctor->comm, doctor->rank != NULL ? find_speed(doctor) : FA_OK);
}

fa_status fa_doctor_check_disk(struct fa_doctor *doctor)
{
    if (doctor->work_dir == NULL) {
        fa_doctor_find(doctor, FA_VERDICT_NOTE, "work dir",
                       "not looked at: give --work-dir W, a directory on the disks that runs will use");
        return FA_OK;
    }
    FA_TRY(check_shared(doctor));
    if (!doctor->work_dir_works)
        return FA_OK;
    FA_TRY(check_locks(doctor));
    return check_speed(doctor);
}
