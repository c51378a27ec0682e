/*
 * far_queue.c - work in the order in which it was asked for, on a thread for each queue, some of it held up
 * at random so that queues overtake each other.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fa/memory.h"
#include "far.h"

enum { MOST_QUEUES = 64 };

struct task {
    far_work work;
    struct fa_ticket after; /* of another queue; zeroed: none */
    struct task *next;
    max_align_t argument[];
};

struct far_queue {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct task *first, **end;
    uint64_t asked, done; /* tasks, ever */
    bool closes;
    uint64_t random;
    fa_status status;            /* the first failure; nothing is done after it */
    struct recording *recording; /* NULL: what is asked for is done */
    uint64_t n_freed;
    char message[FA_MESSAGE_MAX];
};

static struct {
    pthread_mutex_t lock;
    struct far_queue *queue[MOST_QUEUES];
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct far_queue *queue_of(const struct fa_backend *backend)
{
    return ((const struct far_backend *)backend)->queue;
}

static bool has_done(struct far_queue *queue, uint64_t number)
{
    bool done;

    pthread_mutex_lock(&queue->lock);
    done = queue->done >= number;
    pthread_mutex_unlock(&queue->lock);
    return done;
}

static void wait_for(struct far_queue *queue, uint64_t number)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->done < number)
        pthread_cond_wait(&queue->changed, &queue->lock);
    pthread_mutex_unlock(&queue->lock);
}

/* One task of 32 waits up to 4 ms: long enough for another queue to overtake by many. */
static void hold_up(struct far_queue *queue)
{
    queue->random = queue->random * 6364136223846793005u + 1442695040888963407u;
    if (queue->random >> 59 == 0)
        usleep((useconds_t)(queue->random >> 32) % 4000);
}

static void remember(struct far_queue *queue, fa_status status)
{
    pthread_mutex_lock(&queue->lock);
    queue->status = status;
    snprintf(queue->message, sizeof queue->message, "%s", fa_message());
    pthread_mutex_unlock(&queue->lock);
}

static void run(struct far_queue *queue, struct task *task)
{
    fa_status status;

    hold_up(queue);
    if (task->after.queue != NULL)
        wait_for(queue_of(task->after.queue), task->after.number);
    if (queue->status != FA_OK || task->work == NULL) /* this thread alone writes it */
        return;
    status = task->work(task->argument);
    if (status != FA_OK)
        remember(queue, status);
}

/* NULL: the queue closes. */
static struct task *take(struct far_queue *queue)
{
    struct task *task;

    pthread_mutex_lock(&queue->lock);
    while (queue->first == NULL && !queue->closes)
        pthread_cond_wait(&queue->changed, &queue->lock);
    task = queue->first;
    if (task != NULL) {
        queue->first = task->next;
        if (queue->first == NULL)
            queue->end = &queue->first;
    }
    pthread_mutex_unlock(&queue->lock);
    return task;
}

static void *work_off(void *argument)
{
    struct far_queue *queue = argument;
    struct task *task;

    while ((task = take(queue)) != NULL) {
        run(queue, task);
        free(task);
        pthread_mutex_lock(&queue->lock);
        queue->done++;
        pthread_cond_broadcast(&queue->changed);
        pthread_mutex_unlock(&queue->lock);
    }
    return NULL;
}

/* ---- life ---- */

static void list(struct far_queue *was, struct far_queue *is)
{
    pthread_mutex_lock(&all.lock);
    for (int i = 0; i < MOST_QUEUES; i++)
        if (all.queue[i] == was) {
            all.queue[i] = is;
            pthread_mutex_unlock(&all.lock);
            return;
        }
    fprintf(stderr, "far: too many queues\n");
    abort();
}

fa_status far_queue_open(struct far_queue **out)
{
    static uint64_t n_opened;
    const char *seed = getenv("FA_FAR_SEED");
    struct far_queue *queue;

    FA_TRY(fa_alloc_zero(1, sizeof *queue, &queue));
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
    queue->end = &queue->first;
    queue->random = (seed != NULL ? strtoull(seed, NULL, 10) : 1) + 1000 * ++n_opened;
    if (pthread_create(&queue->thread, NULL, work_off, queue) != 0)
        abort();
    list(NULL, queue);
    *out = queue;
    return FA_OK;
}

void far_queue_close(struct far_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closes = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    pthread_join(queue->thread, NULL);
    list(queue, NULL);
    pthread_mutex_destroy(&queue->lock);
    pthread_cond_destroy(&queue->changed);
    fa_free(queue);
}

/* ---- recordings ---- */

struct recording {
    struct fa_recording base;
    uint64_t n_freed; /* by its queue when it was made */
    size_t n;
    struct recorded {
        struct task *task;
        size_t n_bytes; /* of its argument */
    } * tasks;
};

static void keep_task(struct recording *recording, struct task *task, size_t n_bytes)
{
    struct recorded *tasks = realloc(recording->tasks, (recording->n + 1) * sizeof *tasks);

    if (tasks == NULL)
        abort();
    recording->tasks = tasks;
    recording->tasks[recording->n++] = (struct recorded){task, n_bytes};
}

/* What a device refuses while it records. */
static void must_not_record(const struct fa_backend *backend, const char *what)
{
    if (queue_of(backend)->recording == NULL)
        return;
    fprintf(stderr, "far: %s while recording\n", what);
    abort();
}

/* ---- asking ---- */

static void append(struct far_queue *queue, struct task *task)
{
    pthread_mutex_lock(&queue->lock);
    *queue->end = task;
    queue->end = &task->next;
    queue->asked++;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

static struct task *new_task(far_work work, const void *argument, size_t n_bytes)
{
    struct task *task = malloc(sizeof *task + n_bytes + 1);

    if (task == NULL)
        abort();
    *task = (struct task){.work = work};
    if (n_bytes > 0)
        memcpy(task->argument, argument, n_bytes);
    return task;
}

void far_ask(struct fa_backend *backend, far_work work, const void *argument, size_t n_bytes)
{
    struct far_queue *queue = queue_of(backend);
    struct task *task = new_task(work, argument, n_bytes);

    if (queue->recording != NULL)
        keep_task(queue->recording, task, n_bytes);
    else
        append(queue, task);
}

void far_follow(struct fa_backend *backend, struct fa_ticket ticket)
{
    struct task *task = new_task(NULL, NULL, 0);

    must_not_record(backend, "another queue");
    task->after = ticket;
    append(queue_of(backend), task);
}

uint64_t far_mark(struct fa_backend *backend)
{
    must_not_record(backend, "a mark");
    return queue_of(backend)->asked; /* one thread asks */
}

fa_status far_reached(struct fa_backend *backend, uint64_t number, bool *reached)
{
    struct far_queue *queue = queue_of(backend);
    fa_status status;

    *reached = has_done(queue, number);
    pthread_mutex_lock(&queue->lock);
    status = *reached ? queue->status : FA_OK;
    pthread_mutex_unlock(&queue->lock);
    return fa_status_forward(status, queue->message);
}

fa_status far_synchronize(struct fa_backend *backend)
{
    bool reached;

    must_not_record(backend, "a wait");
    wait_for(queue_of(backend), queue_of(backend)->asked);
    return far_reached(backend, queue_of(backend)->asked, &reached);
}

void far_note_free(struct fa_backend *backend)
{
    must_not_record(backend, "freed memory");
    queue_of(backend)->n_freed++;
}

fa_status far_record(struct fa_backend *backend)
{
    must_not_record(backend, "another recording");
    queue_of(backend)->recording = calloc(1, sizeof(struct recording));
    if (queue_of(backend)->recording == NULL)
        abort();
    return FA_OK;
}

fa_status far_recorded(struct fa_backend *backend, struct fa_recording **out)
{
    struct far_queue *queue = queue_of(backend);

    queue->recording->n_freed = queue->n_freed;
    *out = &queue->recording->base;
    queue->recording = NULL;
    return FA_OK;
}

void far_ask_recorded(struct fa_recording *asked)
{
    const struct recording *recording = (const struct recording *)asked;

    for (size_t i = 0; i < recording->n; i++) {
        const struct recorded *recorded = &recording->tasks[i];

        far_ask(asked->queue, recorded->task->work, recorded->task->argument, recorded->n_bytes);
    }
}

bool far_recording_holds(const struct fa_recording *recording)
{
    return ((const struct recording *)recording)->n_freed == queue_of(recording->queue)->n_freed;
}

void far_forget_recording(struct fa_recording *forgotten)
{
    struct recording *recording = (struct recording *)forgotten;

    for (size_t i = 0; i < recording->n; i++)
        free(recording->tasks[i].task);
    free(recording->tasks);
    free(recording);
}

static void wait_for_all(struct far_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->done < queue->asked)
        pthread_cond_wait(&queue->changed, &queue->lock);
    pthread_mutex_unlock(&queue->lock);
}

void far_quiet(void)
{
    pthread_mutex_lock(&all.lock);
    for (int i = 0; i < MOST_QUEUES; i++)
        if (all.queue[i] != NULL)
            wait_for_all(all.queue[i]);
    pthread_mutex_unlock(&all.lock);
}
