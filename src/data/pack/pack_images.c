#include "pack_images.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "fa/advance.h"
#include "fa/crc32c.h"
#include "fa/image.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "pack_exchange.h"

struct work {
    const struct fa_coco *coco;
    const struct fa_image_folder *folders;
    struct fa_image_check *checks;
    size_t first, stride, n; /* this process looks at n images: first, first + stride, ... */
    struct fa_advance advance;
    atomic_size_t next;
    atomic_bool failed;
    pthread_mutex_t lock; /* of the two below: the first failure */
    fa_status status;
    char message[FA_MESSAGE_MAX];
};

/* The annotation file has the size of the picture as stored, as EXIF turns it, or neither. */
static fa_status compare_sizes(const struct fa_coco_image *image, const struct fa_image_info *info,
                               struct fa_image_check *check)
{
    const bool turned = info->orientation >= 5; /* 5..8 swap the sides */
    const int w = turned ? info->h : info->w, h = turned ? info->w : info->h;
    const bool is_stored = info->w == image->w && info->h == image->h;
    const bool is_turned = w == image->w && h == image->h;

    check->exif = info->orientation;
    check->size = is_stored == is_turned ? FA_SIZE_TELLS_NOTHING
                  : is_turned            ? FA_SIZE_IS_TURNED
                                         : FA_SIZE_IS_STORED;
    if (is_stored || is_turned)
        return FA_OK;
    return fa_fail(
        FA_EFORMAT,
        "%s: the image is %dx%d, the annotation file says %dx%d; annotate it again or leave it out",
        image->file_name, w, h, image->w, image->h);
}

/* What takes more than all of the budget is decoded alone, while other threads wait: it should be known. */
static void tell_of_giants(const struct fa_coco *coco, const struct fa_image_check *checks)
{
    for (size_t i = 0; i < coco->n_images; i++)
        if (checks[i].n_decode > FA_DECODE_BUDGET)
            fa_warn("%s: %dx%d pixels take %zu MiB to decode, more than the %zu MiB that all threads share",
                    coco->images[i].file_name, coco->images[i].w, coco->images[i].h, checks[i].n_decode >> 20,
                    FA_DECODE_BUDGET >> 20);
}

static fa_status check_bytes(const struct fa_coco_image *image, const char *data, size_t n_bytes,
                             struct fa_image_check *check)
{
    struct fa_image_info info;
    struct fa_picture picture = {0};

    FA_TRY(fa_image_inspect(image->file_name, data, n_bytes, &info));
    FA_TRY(compare_sizes(image, &info, check));
    check->n_decode = info.n_decode;
    FA_TRY(fa_image_decode(image->file_name, data, n_bytes, 1, &picture));
    fa_picture_free(&picture);
    check->n_bytes = n_bytes;
    check->codec = info.codec;
    check->crc = fa_crc32c(0, data, n_bytes);
    return FA_OK;
}

static fa_status check_image(const struct work *work, size_t i)
{
    const struct fa_coco_image *image = &work->coco->images[i];
    struct fa_image_check *check = &work->checks[i];
    char *data = NULL;
    size_t n_bytes;
    fa_status st = fa_image_folder_read(&work->folders[image->source], image->file_name, &data, &n_bytes);

    if (st == FA_OK)
        st = check_bytes(image, data, n_bytes, check);
    fa_free(data);
    check->is_missing = st == FA_EMISSING;
    if (st == FA_EFORMAT || st == FA_EMISSING || st == FA_EIO)
        return fa_strdup(fa_message(), &check->complaint);
    return st;
}

static void note_failure(struct work *work, fa_status status)
{
    pthread_mutex_lock(&work->lock);
    if (work->status == FA_OK) {
        work->status = status;
        snprintf(work->message, sizeof work->message, "%s", fa_message());
    }
    pthread_mutex_unlock(&work->lock);
    atomic_store(&work->failed, true);
}

static void *check_some(void *context)
{
    struct work *work = context;
    size_t i;

    while (!atomic_load(&work->failed) && (i = atomic_fetch_add(&work->next, 1)) < work->n) {
        fa_status st = check_image(work, work->first + i * work->stride);

        if (st != FA_OK)
            note_failure(work, st);
        fa_advance_to(&work->advance, i + 1);
    }
    return NULL;
}

/* This thread takes part, so that a helper that cannot be started costs time only. */
static fa_status check_share(struct work *work, int n_threads)
{
    pthread_t *helpers = NULL;
    int n_helpers = 0;

    FA_TRY(fa_alloc((size_t)n_threads, sizeof *helpers, &helpers));
    pthread_mutex_init(&work->lock, NULL);
    fa_advance_begin(&work->advance, "checking images", work->n);
    while (n_helpers < n_threads - 1 && pthread_create(&helpers[n_helpers], NULL, check_some, work) == 0)
        n_helpers++;
    check_some(work);
    for (int t = 0; t < n_helpers; t++)
        pthread_join(helpers[t], NULL);
    fa_advance_end(&work->advance);
    pthread_mutex_destroy(&work->lock);
    fa_free(helpers);
    return work->status == FA_OK ? FA_OK : fa_status_forward(work->status, work->message);
}

fa_status fa_check_images(const struct fa_coco *coco, const struct fa_image_folder *folders, int n_threads,
                          const struct fa_team *team, struct fa_image_check *checks)
{
    const size_t first = (size_t)fa_team_rank(team), stride = (size_t)fa_team_size(team);
    struct work work = {.coco = coco, .folders = folders, .checks = checks, .first = first, .stride = stride};

    work.n = coco->n_images > first ? (coco->n_images - first - 1) / stride + 1 : 0;
    FA_TRY(fa_team_agree(team, check_share(&work, n_threads)));
    FA_TRY(fa_image_checks_exchange(checks, coco->n_images, team));
    tell_of_giants(coco, checks);
    return FA_OK;
}

void fa_image_checks_free(struct fa_image_check *checks, size_t n)
{
    for (size_t i = 0; checks != NULL && i < n; i++)
        fa_free(checks[i].complaint);
    fa_free(checks);
}
